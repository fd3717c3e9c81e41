/** Places in a JSON document, and the document with one of them changed. */
import type { Json } from '../../domain/json.ts';
import { isJsonObject } from '../../domain/json.ts';

export type Path = (string | number)[];

/** Every place in a document, the root left out. */
export function pathsOf(value: Json, path: Path = []): Path[] {
  const own = path.length === 0 ? [] : [path];
  if (Array.isArray(value))
    return [...own, ...value.flatMap((item, index) => pathsOf(item, [...path, index]))];
  if (!isJsonObject(value)) return own;
  return [...own, ...Object.entries(value).flatMap(([key, item]) => pathsOf(item, [...path, key]))];
}

/** The document with what is at `path` changed: `undefined` takes it out. */
export function changed(value: Json, path: Path, change: (old: Json) => Json | undefined): Json | undefined {
  const [head, ...rest] = path;
  if (head === undefined) return change(value);
  if (Array.isArray(value)) {
    return value.flatMap((item, index) => {
      const next = index === head ? changed(item, rest, change) : item;
      return next === undefined ? [] : [next];
    });
  }
  if (!isJsonObject(value)) return value;
  const entries = Object.entries(value).flatMap(([key, item]): [string, Json][] => {
    const next = key === head ? changed(item, rest, change) : item;
    return next === undefined ? [] : [[key, next]];
  });
  return Object.fromEntries(entries);
}
