/**
 * The functions of CEL with a price: what takes longer for a longer text, list or map spends its share of the budget
 * before it begins. Those that the library has in a way without bound are made anew.
 */
import {
  CelScalar,
  celEnv,
  celFunc,
  celMethod,
  isCelError,
  isCelList,
  isCelMap,
  listType,
} from '@bufbuild/cel';
import type { CelEnv, CelFunc, CelList, CelMap, CelType, CelValue } from '@bufbuild/cel';
import { joinLists } from './cel-list.ts';
import { paidRange } from './cel-loops.ts';
import { spend } from './cel-work.ts';
import { patternSize } from './pattern.ts';
import { includes, sizeOfText } from './text-search.ts';

const { BOOL, BYTES, DYN, INT, STRING } = CelScalar;
const LIST = listType(DYN);
const PER_MEMBER = 4;

/** The standard's functions and `own` ones, each at its price. */
export function pricedEnv(own: CelFunc[]): CelEnv {
  const plain = celEnv({ funcs: own });
  const priced = [...plain.funcs].filter((func) => typesOf(func).some(isLong)).map(atPrice);
  return celEnv({ funcs: [...own, ...priced, ...madeAnew(plain), paidRange()] });
}

function typesOf(func: CelFunc): CelType[] {
  return func.target === undefined ? [...func.arguments] : [func.target, ...func.arguments];
}

function isLong(type: CelType): boolean {
  return type === STRING || type === BYTES;
}

/** Its price is in the lengths of its texts; one that an implementation takes from itself could be absorbed. */
function atPrice(func: CelFunc): CelFunc {
  return called(func, func.target, func.arguments, func.result, (target, args, id) => {
    const values = func.target === undefined ? args : [target, ...args];
    const lengths: number[] = [];
    for (const [index, type] of typesOf(func).entries()) {
      const value = values[index];
      const fits = type === STRING ? typeof value === 'string' : value instanceof Uint8Array;
      if (isLong(type) && !fits) return undefined;
      if (typeof value === 'string' || value instanceof Uint8Array) lengths.push(value.length);
    }
    spend(priceOf(func.name, lengths, args));
    return func.call(id, target, args);
  });
}

function priceOf(name: string, lengths: number[], args: readonly CelValue[]): number {
  const [first = 0, second = 0] = lengths;
  switch (name) {
    case '_+_':
      // It stays in memory for as long as the evaluation lasts.
      return (first + second) / 16;
    case '_<_':
    case '_<=_':
    case '_>_':
    case '_>=_':
      return Math.min(first, second) / 512;
    case 'startsWith':
    case 'endsWith':
      return second / 512;
    case 'int':
    case 'uint':
      return (first * first) / 64;
    case 'matches': {
      const [pattern] = args;
      const size = typeof pattern === 'string' ? patternSize(pattern) : 0;
      return 200 + 50 * size + first * (1 + size / 8);
    }
    default:
      return (first + second) / 64;
  }
}

type Call = (target: CelValue | undefined, args: CelValue[], id: number) => ReturnType<CelFunc['call']>;

/** `call` answers undefined for values that are not of these types. */
function called(
  { name }: { name: string },
  target: CelType | undefined,
  args: readonly CelType[],
  result: CelType,
  call: Call,
): CelFunc {
  const unused = (): never => {
    throw new Error(`expected ${name} to be called at its price`);
  };
  const func =
    target === undefined
      ? celFunc(name, args, result, unused)
      : celMethod(name, target, args, result, unused);
  func.call = (id, on, given) => {
    const fits = given.length === args.length && (on === undefined) === (target === undefined);
    return fits ? call(on, given, id) : undefined;
  };
  return func;
}

function madeAnew(plain: CelEnv): CelFunc[] {
  const equal = createEqual(plain);
  const [size, is, isNot] = [{ name: 'size' }, { name: '_==_' }, { name: '_!=_' }];
  const of = (text: CelValue | undefined) =>
    typeof text === 'string' ? BigInt(sizeOfText(text)) : undefined;
  return [
    called(size, undefined, [STRING], INT, (_, [text]) => of(text)),
    called(size, STRING, [], INT, (text) => of(text)),
    called({ name: 'contains' }, STRING, [STRING], BOOL, (text, [part]) =>
      typeof text === 'string' && typeof part === 'string' ? includes(text, part) : undefined,
    ),
    called({ name: '_+_' }, undefined, [LIST, LIST], LIST, (_, [left, right]) =>
      isCelList(left) && isCelList(right) ? joinLists(left, right) : undefined,
    ),
    called({ name: '@in' }, undefined, [DYN, LIST], BOOL, (_, [value, list]) => {
      if (value === undefined || !isCelList(list)) return undefined;
      for (const item of list) if (equal(item, value)) return true;
      return false;
    }),
    called(is, undefined, [DYN, DYN], BOOL, (_, [left, right]) => equal(left, right)),
    called(isNot, undefined, [DYN, DYN], BOOL, (_, [left, right]) => !equal(left, right)),
  ];
}

type Equal = (left: CelValue | undefined, right: CelValue | undefined) => boolean;

/** Lists and maps part by part; what has no parts as the library compares it. */
function createEqual(plain: CelEnv): Equal {
  const library = plain.funcs.find('_==_');
  const equal: Equal = (left, right) => {
    spend(1);
    if (left === right) return true;
    if (left === undefined || right === undefined) return false;
    if (typeof left === 'string' && typeof right === 'string') {
      if (left.length === right.length) spend(left.length / 512);
      return left === right;
    }
    if (typeof left === typeof right && typeof left !== 'object') return false;
    if (isCelList(left) && isCelList(right)) return equalLists(equal, left, right);
    if (isCelMap(left) && isCelMap(right)) return equalMaps(equal, left, right);
    if (left instanceof Uint8Array && right instanceof Uint8Array) spend(left.length / 64);
    const answer = library?.call(0, undefined, [left, right]);
    if (isCelError(answer)) throw answer;
    return answer === true;
  };
  return equal;
}

function equalLists(equal: Equal, left: CelList, right: CelList): boolean {
  if (left.size !== right.size) return false;
  for (let index = 0; index < left.size; index += 1) {
    if (!equal(left.get(index), right.get(index))) return false;
  }
  return true;
}

function equalMaps(equal: Equal, left: CelMap, right: CelMap): boolean {
  if (left.size !== right.size) return false;
  spend(PER_MEMBER * left.size);
  for (const [key, value] of left) {
    const other = right.get(key);
    if (other === undefined || !equal(value, other)) return false;
  }
  return true;
}
