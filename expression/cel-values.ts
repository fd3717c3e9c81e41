/**
 * JSON into CEL and back. An integral JSON number becomes an `int` (a bigint for the library), so that it
 * compares and adds with int literals; all others stay `double`.
 */
import { celList, celMap, isCelList, isCelMap, isCelUint } from '@bufbuild/cel';
import type { CelInput, CelMap, CelValue } from '@bufbuild/cel';
import type { Json } from '../domain/json.ts';

/** Evaluation is synchronous: what is larger would block the process noticeably. */
const MAX_VALUES = 200_000;

/** A converter for the values of one evaluation. It throws `RangeError` for values too many or too deep. */
export function createConverter(): (json: Json) => CelInput {
  let values = 0;

  function convert(json: Json): CelInput {
    values += 1;
    if (values > MAX_VALUES) {
      throw new RangeError(`expected at most ${MAX_VALUES} values in the names of an expression, found more`);
    }
    if (json === null || typeof json === 'boolean' || typeof json === 'string') return json;
    if (typeof json === 'number') return Number.isSafeInteger(json) ? BigInt(json) : json;
    if (Array.isArray(json)) return celList(json.map(convert));
    const members = Object.entries(json).map(([key, value]): [string, CelInput] => [key, convert(value)]);
    return jsonMap(celMap(new Map(members)));
  }

  return convert;
}

/**
 * The library's maps say that a member whose value is null is absent, and look for a number among all their keys:
 * those of JSON are texts.
 */
function jsonMap(map: CelMap): CelMap {
  const get = map.get.bind(map);
  map.get = (key) => (typeof key === 'string' ? get(key) : undefined);
  map.has = (key) => map.get(key) !== undefined;
  return map;
}

/** Plain JavaScript: ints as numbers (as bigints where a number would not be exact), lists, objects. */
export function fromCel(value: CelValue): unknown {
  if (typeof value === 'bigint') return exact(value);
  if (isCelUint(value)) return exact(value.value);
  if (isCelList(value)) return Array.from(value, fromCel);
  if (isCelMap(value)) {
    return Object.fromEntries(Array.from(value, ([key, member]) => [String(fromCel(key)), fromCel(member)]));
  }
  return value;
}

function exact(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
