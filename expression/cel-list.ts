/**
 * Lists added to one another. The library keeps such a list as a tree of its parts, which `map` and `filter` make as
 * deep as they have items; here a list that grows item by item shares one array with those that it was before.
 */
import { celList } from '@bufbuild/cel';
import type { CelInput, CelList, CelValue } from '@bufbuild/cel';
import { spend } from './cel-work.ts';

const PER_LIST = 20;
const PER_ITEM = 3;

const arrays = new WeakMap<CelList, CelInput[]>();

export function joinLists(left: CelList, right: CelList): CelList {
  const grown = arrays.get(left);
  // Whoever grew it already did so in other words: then the items are copied.
  const shared = grown?.length === left.size ? grown : null;
  spend(PER_LIST + PER_ITEM * (right.size + (shared === null ? left.size : 0)));
  const items: CelInput[] = shared ?? [...left];
  for (const item of right) items.push(item);
  return firstOf(items, left.size + right.size);
}

/** The first items as a list that stays as it is when the array grows. */
function firstOf(items: CelInput[], size: number): CelList {
  const list = celList(items);
  const at = list.get.bind(list);
  list.get = (index) => (index < size ? at(index) : undefined);
  list.values = list[Symbol.iterator] = () => firstValues(at, size);
  Object.defineProperty(list, 'size', { value: size });
  arrays.set(list, items);
  return list;
}

function* firstValues(at: (index: number) => CelValue | undefined, size: number): IterableIterator<CelValue> {
  for (let index = 0; index < size; index += 1) {
    const item = at(index);
    if (item !== undefined) yield item;
  }
}
