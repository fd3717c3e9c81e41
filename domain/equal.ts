import { isJsonObject, type Json } from './json.ts';

/** Whether two JSON values have the same canonical form: members in any order, everything else equal. */
export function canonicalEqual(a: Json, b: Json): boolean {
  if (a === b) return true;
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((item, index) => canonicalEqual(item, b[index] ?? null));
  }
  if (!isJsonObject(a) || !isJsonObject(b)) return false;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && canonicalEqual(a[key] ?? null, b[key] ?? null))
  );
}
