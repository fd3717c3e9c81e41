/** The example tables of RFC 9535, by section: document, query, and the values of the nodes in the result. */
import type { Json } from '../../domain/json.ts';

export interface ExampleTable {
  section: string;
  document: Json;
  examples: readonly Example[];
}

/** `unordered`: members of objects come in any order, so that the RFC gives more than one result. */
export interface Example {
  query: string;
  values: readonly Json[];
  unordered?: true;
}

const kilo = [{ b: 'j' }, { b: 'k' }, { b: {} }, { b: 'kilo' }];
const filtered = {
  a: [3, 5, 1, 2, 4, 6, ...kilo],
  o: { p: 1, q: 2, r: 3, s: 5, t: { u: 6 } },
  e: 'f',
};
const letters = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
const nested: Json[] = [{ j: 4 }, { k: 6 }];
const descended: { o: Json; a: Json[] } = { o: { j: 1, k: 2 }, a: [5, 3, nested] };
const descendants: Json[] = [descended.o, descended.a, 1, 2, 5, 3, nested, ...nested, 4, 6];

export const EXAMPLE_TABLES: readonly ExampleTable[] = [
  {
    section: '2.1.3 an example of the semantics',
    document: { a: [{ b: 0 }, { b: 1 }, { c: 2 }] },
    examples: [
      { query: '$', values: [{ a: [{ b: 0 }, { b: 1 }, { c: 2 }] }] },
      { query: '$.a', values: [[{ b: 0 }, { b: 1 }, { c: 2 }]] },
      { query: '$.a[*]', values: [{ b: 0 }, { b: 1 }, { c: 2 }] },
      { query: '$.a[*].b', values: [0, 1] },
    ],
  },
  {
    section: '2.2.3 the root identifier',
    document: { k: 'v' },
    examples: [{ query: '$', values: [{ k: 'v' }] }],
  },
  {
    section: '2.3.1.3 the name selector',
    document: { o: { 'j j': { 'k.k': 3 } }, "'": { '@': 2 } },
    examples: [
      { query: "$.o['j j']", values: [{ 'k.k': 3 }] },
      { query: "$.o['j j']['k.k']", values: [3] },
      { query: '$.o["j j"]["k.k"]', values: [3] },
      { query: '$["\'"]["@"]', values: [2] },
    ],
  },
  {
    section: '2.3.2.3 the wildcard selector',
    document: { o: { j: 1, k: 2 }, a: [5, 3] },
    examples: [
      { query: '$[*]', values: [{ j: 1, k: 2 }, [5, 3]], unordered: true },
      { query: '$.o[*]', values: [1, 2], unordered: true },
      { query: '$.o[*, *]', values: [1, 2, 2, 1], unordered: true },
      { query: '$.a[*]', values: [5, 3] },
    ],
  },
  {
    section: '2.3.3.3 the index selector',
    document: ['a', 'b'],
    examples: [
      { query: '$[1]', values: ['b'] },
      { query: '$[-2]', values: ['a'] },
    ],
  },
  {
    section: '2.3.4.3 the array slice selector',
    document: letters,
    examples: [
      { query: '$[1:3]', values: ['b', 'c'] },
      { query: '$[5:]', values: ['f', 'g'] },
      { query: '$[1:5:2]', values: ['b', 'd'] },
      { query: '$[5:1:-2]', values: ['f', 'd'] },
      { query: '$[::-1]', values: ['g', 'f', 'e', 'd', 'c', 'b', 'a'] },
    ],
  },
  {
    section: '2.3.5.3 the filter selector',
    document: filtered,
    examples: [
      { query: "$.a[?@.b == 'kilo']", values: [{ b: 'kilo' }] },
      { query: "$.a[?(@.b == 'kilo')]", values: [{ b: 'kilo' }] },
      { query: '$.a[?@>3.5]', values: [5, 4, 6] },
      { query: '$.a[?@.b]', values: kilo },
      { query: '$[?@.*]', values: [filtered.a, filtered.o], unordered: true },
      { query: '$[?@[?@.b]]', values: [filtered.a] },
      { query: '$.o[?@<3, ?@<3]', values: [1, 2, 2, 1], unordered: true },
      { query: '$.a[?@<2 || @.b == "k"]', values: [1, { b: 'k' }] },
      { query: '$.a[?match(@.b, "[jk]")]', values: [{ b: 'j' }, { b: 'k' }] },
      { query: '$.a[?search(@.b, "[jk]")]', values: [{ b: 'j' }, { b: 'k' }, { b: 'kilo' }] },
      { query: '$.o[?@>1 && @<4]', values: [2, 3], unordered: true },
      { query: '$.o[?@.u || @.x]', values: [{ u: 6 }] },
      { query: '$.a[?@.b == $.x]', values: [3, 5, 1, 2, 4, 6] },
      { query: '$.a[?@ == @]', values: filtered.a },
    ],
  },
  {
    section: '2.5.1.3 the child segment',
    document: letters,
    examples: [
      { query: '$[0, 3]', values: ['a', 'd'] },
      { query: '$[0:2, 5]', values: ['a', 'b', 'f'] },
      { query: '$[0, 0]', values: ['a', 'a'] },
    ],
  },
  {
    section: '2.5.2.3 the descendant segment',
    document: descended,
    examples: [
      { query: '$..j', values: [1, 4], unordered: true },
      { query: '$..[0]', values: [5, { j: 4 }] },
      { query: '$..[*]', values: descendants, unordered: true },
      { query: '$..*', values: descendants, unordered: true },
      { query: '$..o', values: [{ j: 1, k: 2 }] },
      { query: '$.o..[*, *]', values: [1, 2, 2, 1], unordered: true },
      { query: '$.a..[0, 1]', values: [5, 3, { j: 4 }, { k: 6 }] },
    ],
  },
  {
    section: '2.6.1 the semantics of null',
    document: { a: null, b: [null], c: [{}], null: 1 },
    examples: [
      { query: '$.a', values: [null] },
      { query: '$.a[0]', values: [] },
      { query: '$.a.d', values: [] },
      { query: '$.b[0]', values: [null] },
      { query: '$.b[*]', values: [null] },
      { query: '$.b[?@]', values: [null] },
      { query: '$.b[?@==null]', values: [null] },
      { query: '$.c[?@.d==null]', values: [] },
      { query: '$.null', values: [1] },
    ],
  },
];

/** 2.7.1: the two paths lead to the same nodes of a document. */
export const NORMALIZED_PATHS: readonly { query: string; normalized: string; document: Json; value: Json }[] =
  [
    { query: '$.a', normalized: "$['a']", document: { a: 1 }, value: 1 },
    { query: '$[1]', normalized: '$[1]', document: [1, 2], value: 2 },
    { query: '$[-3]', normalized: '$[2]', document: [1, 2, 3, 4, 5], value: 3 },
    { query: '$.a.b[1:2]', normalized: "$['a']['b'][1]", document: { a: { b: [1, 2, 3] } }, value: 2 },
    { query: '$["\\u000B"]', normalized: "$['\\u000b']", document: { '\u000b': 1 }, value: 1 },
    { query: '$["\\u0061"]', normalized: "$['a']", document: { a: 1 }, value: 1 },
  ];

/** 2.3.5.3, the table of comparisons, over this document. */
export const COMPARED: Json = { obj: { x: 'y' }, arr: [2, 3] };

export const COMPARISONS: readonly (readonly [string, boolean])[] = [
  ['$.absent1 == $.absent2', true],
  ['$.absent1 <= $.absent2', true],
  ["$.absent == 'g'", false],
  ['$.absent1 != $.absent2', false],
  ["$.absent != 'g'", true],
  ['1 <= 2', true],
  ['1 > 2', false],
  ["13 == '13'", false],
  ["'a' <= 'b'", true],
  ["'a' > 'b'", false],
  ['$.obj == $.arr', false],
  ['$.obj != $.arr', true],
  ['$.obj == $.obj', true],
  ['$.obj != $.obj', false],
  ['$.arr == $.arr', true],
  ['$.arr != $.arr', false],
  ['$.obj == 17', false],
  ['$.obj != 17', true],
  ['$.obj <= $.arr', false],
  ['$.obj < $.arr', false],
  ['$.obj <= $.obj', true],
  ['$.arr <= $.arr', true],
  ['1 <= $.arr', false],
  ['1 >= $.arr', false],
  ['1 > $.arr', false],
  ['1 < $.arr', false],
  ['true <= true', true],
  ['true > true', false],
];
