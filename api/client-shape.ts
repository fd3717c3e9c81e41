/**
 * What the client holds an answer to before anybody reads it: the members that are read, and their kind. Written
 * without the schemas of the contract, because loading those would take longer than most commands; that the names
 * are the contract's, the compiler sees.
 */
type Kind =
  | 'string'
  | 'number'
  | 'boolean'
  | 'object'
  | 'string or null'
  | 'number or null'
  | 'object or null'
  | 'list'
  | 'JSON';

/** A list is written as one entry for all of its items. */
export type Shape<Answer> = {
  readonly [Member in keyof Answer]?: Kind | Inner<Answer[Member]>;
};

type Inner<Value> = Value extends readonly (infer Item)[] ? readonly [Shape<Item>] : Shape<Value>;

interface Loose {
  readonly [member: string]: Kind | Loose | readonly [Loose] | undefined;
}

/** What of a value is not as its shape says, in words that end with what is there; null when it fits. */
export function misfitOf(value: unknown, shape: Loose, path = ''): string | null {
  if (!isObject(value)) return told(path === '' ? 'it' : path, 'an object', value);
  for (const [member, expected] of Object.entries(shape)) {
    const inside = path === '' ? member : `${path}.${member}`;
    const misfit = expected === undefined ? null : misfitOfMember(value[member], expected, inside);
    if (misfit !== null) return misfit;
  }
  return null;
}

function misfitOfMember(value: unknown, expected: NonNullable<Loose[string]>, path: string): string | null {
  if (typeof expected === 'string') return isOf(expected, value) ? null : told(path, expected, value);
  if (!isList(expected)) return misfitOf(value, expected, path);
  if (!Array.isArray(value)) return told(path, 'a list', value);
  const items: unknown[] = value;
  const [item] = expected;
  for (const [at, each] of items.entries()) {
    const misfit = misfitOf(each, item, `${path}[${at}]`);
    if (misfit !== null) return misfit;
  }
  return null;
}

function isOf(kind: Kind, value: unknown): boolean {
  switch (kind) {
    case 'string':
    case 'number':
    case 'boolean':
      return typeof value === kind;
    case 'object':
      return isObject(value);
    case 'list':
      return Array.isArray(value);
    case 'string or null':
      return value === null || typeof value === 'string';
    case 'number or null':
      return value === null || typeof value === 'number';
    case 'object or null':
      return value === null || isObject(value);
    case 'JSON':
      return value !== undefined;
  }
}

function told(path: string, expected: string, value: unknown): string {
  return `${path} to be ${expected}, found ${nameOf(value)}`;
}

function nameOf(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  return Array.isArray(value) ? 'a list' : `a value of type ${typeof value}`;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isList(expected: Loose | readonly [Loose]): expected is readonly [Loose] {
  return Array.isArray(expected);
}
