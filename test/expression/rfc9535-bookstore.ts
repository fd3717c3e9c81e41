/** RFC 9535: the bookstore of section 1.5, well-typedness of section 2.4.3, and what its grammar refuses. */
import type { ExampleTable } from './rfc9535-examples.ts';

const sayings = { category: 'reference', author: 'Nigel Rees', title: 'Sayings of the Century', price: 8.95 };
const sword = { category: 'fiction', author: 'Evelyn Waugh', title: 'Sword of Honour', price: 12.99 };
const moby = {
  category: 'fiction',
  author: 'Herman Melville',
  title: 'Moby Dick',
  isbn: '0-553-21311-3',
  price: 8.99,
};
const rings = {
  category: 'fiction',
  author: 'J. R. R. Tolkien',
  title: 'The Lord of the Rings',
  isbn: '0-395-19395-8',
  price: 22.99,
};
const books = [sayings, sword, moby, rings];
const bicycle = { color: 'red', price: 399 };
const store = { book: books, bicycle };
const authors = ['Nigel Rees', 'Evelyn Waugh', 'Herman Melville', 'J. R. R. Tolkien'];

export const BOOKSTORE: ExampleTable = {
  section: '1.5 the bookstore',
  document: { store },
  examples: [
    { query: '$.store.book[*].author', values: authors },
    { query: '$..author', values: authors },
    { query: '$.store.*', values: [books, bicycle], unordered: true },
    { query: '$.store..price', values: [8.95, 12.99, 8.99, 22.99, 399], unordered: true },
    { query: '$..book[2]', values: [moby] },
    { query: '$..book[2].author', values: ['Herman Melville'] },
    { query: '$..book[2].publisher', values: [] },
    { query: '$..book[-1]', values: [rings] },
    { query: '$..book[0,1]', values: [sayings, sword] },
    { query: '$..book[:2]', values: [sayings, sword] },
    { query: '$..book[?@.isbn]', values: [moby, rings] },
    { query: '$..book[?@.price<10]', values: [sayings, moby] },
    {
      query: '$..*',
      values: [
        store,
        books,
        bicycle,
        ...books,
        ...[...books, bicycle].flatMap((each) => Object.values(each)),
      ],
      unordered: true,
    },
    // 1.4.2 and 1.4.4: the two notations, and the example of a filter
    { query: '$.store.book[0].title', values: ['Sayings of the Century'] },
    { query: "$['store']['book'][0]['title']", values: ['Sayings of the Century'] },
    { query: '$.store.book[?@.price < 10].title', values: ['Sayings of the Century', 'Moby Dick'] },
    // 2.4.4, 2.4.5, 2.4.8: the functions that paths have, as their sections use them
    { query: '$..book[?length(@.title) >= 15]', values: [sayings, sword, rings] },
    { query: '$.store[?count(@.*.author) >= 4]', values: [books] },
    { query: '$[?value(@..color) == "red"]', values: [store] },
  ],
};

/** 2.4.3: whether an expression is well-typed. */
export const WELL_TYPEDNESS: readonly (readonly [string, boolean])[] = [
  ['$[?length(@) < 3]', true],
  ['$[?length(@.*) < 3]', false],
  ['$[?count(@.*) == 1]', true],
  ['$[?count(1) == 1]', false],
  ['$[?count(foo(@.*)) == 1]', true],
  ["$[?match(@.timezone, 'Europe/.*')]", true],
  ["$[?match(@.timezone, 'Europe/.*') == true]", false],
  ['$[?value(@..color) == "red"]', true],
  ['$[?value(@..color)]', false],
  ['$[?bar(@.a)]', true],
  ['$[?bnl(@.*)]', true],
  ['$[?blt(1==1)]', true],
  ['$[?blt(1)]', false],
  ['$[?bal(1)]', true],
];

/** What the text and the grammar of the RFC call not well-formed or not valid, by section. */
export const INVALID: readonly (readonly [string, readonly string[]])[] = [
  ['2.1', ['', ' $', '$ ', 'a', '$[9007199254740992]', '$[?1]', '$[?true]']],
  ['2.3.1', ["$['a\\x']", "$['\\\"']", '$["\\\'"]', "$['\\uD800']", '$["\n"]', "$['a", '$[a]']],
  ['2.3.3', ['$[01]', '$[-0]', '$[-01]', '$[1.0]', '$[]', '$[-9007199254740992]', '$[0,]']],
  ['2.3.4', ['$[0:01]', '$[1:2:3:4]', '$[::-0]', '$[:1.5]']],
  ['2.3.5', ['$[?]', '$[?@.* == 1]', '$[?@..a == 1]', '$[?@[0:1] == 1]', '$[?@.a = 1]', '$[?@.a == [1]]']],
  ['2.3.5', ['$[?@.a === 1]', '$[?@.a == 01]', '$[?@.a &&]', '$[?(@.a]', '$[?@.a == TRUE]', '$[?!1]']],
  ['2.4', ['$[?length (@) < 3]', '$[?Length(@) < 3]', '$[?length() < 3]', '$[?length(@.a, 1) < 3]']],
  ['2.5', ['$.', '$..', '$. a', '$.1', '$...a', '$.a.', '$.a b', '$a', '$.. a']],
  ['2.5', ['$.a-b', '$.@type', "$.'a'", '$."a"', '$.[0]']],
];
