/** A tool source over HTTP: transport `sse`, or `http`, which is streamable HTTP. */
import type { HttpSource } from '../domain/definition.ts';
import type { Fields } from './fields.ts';
import { shown } from './problem.ts';
import { readText } from './scalar.ts';
import type { TextRule } from './scalar.ts';
import { checkReferences, readTextMap } from './text-map.ts';
import { complain, joinPath } from './tree.ts';
import type { At } from './tree.ts';

export const HTTP_KEYS = ['url', 'headers'];

const ADDRESS: TextRule = { expected: 'a URL that begins with http:// or https://', max: 2048 };
const HEADER: TextRule & { pattern: RegExp } = {
  expected: 'the name of a header',
  max: 256,
  pattern: /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/,
};
/** What a header can carry: other characters make every request fail. */
const HEADER_VALUE: TextRule = {
  expected: 'a text of one line of Latin characters',
  max: 16_384,
  pattern: /^[\t\x20-\x7e\x80-\xff]*$/,
  empty: true,
};
/** Set by what sends the request: with one of another's no request is sent at all. */
const OF_THE_CONNECTION = [
  ...['connection', 'content-length', 'expect', 'keep-alive', 'transfer-encoding', 'upgrade'],
];

export function readHttpSource(fields: Fields, name: string, transport: HttpSource['transport']): HttpSource {
  const at = fields.required('url', ADDRESS.expected);
  const url = at && readUrl(at);
  const headers = fields.child('headers');
  const read = readTextMap(headers, { of: 'headers', key: HEADER, value: HEADER_VALUE });
  if (headers) checkNames(headers);
  return { name, transport, url: url ?? '', headers: read };
}

/** As it is written: what is checked is what the library makes of it. */
function readUrl(at: At): string | null {
  const text = readText(at, ADDRESS);
  if (text === null) return null;
  const refuse = (found: string, hint?: string): null => {
    complain(at, { expected: ADDRESS.expected, found, ...(hint === undefined ? {} : { hint }) });
    return null;
  };
  const [address = ''] = text.split('?', 1);
  if (address.includes('${')) {
    return refuse('a "${" in it', 'variables are resolved in "headers" and after the "?" of "url" only');
  }
  if (!checkReferences(at, text)) return null;
  // The library takes such characters out without a word.
  if (/[\s\p{Cc}]/u.test(text)) return refuse('white space or control characters in it');
  if (!/^https?:\/\//i.test(text)) return refuse(withoutSecrets(text));
  if (!URL.canParse(text)) return refuse(withoutSecrets(text), 'its host or port cannot be read');
  const { username, password } = new URL(text);
  if (username === '' && password === '') return text;
  return refuse('a user name or password in it', 'put credentials into "headers", as ${ENV:NAME}');
}

/** A problem is shown and logged: what may be a password does not go with it. */
function withoutSecrets(text: string): string {
  return text.includes('@') ? 'another text' : `the text ${shown(text)}`;
}

function checkNames(at: At): void {
  if (at.tree.kind !== 'map') return;
  const seen = new Set<string>();
  for (const [name, { key, value }] of at.tree.entries) {
    const inside = { source: at.source, path: joinPath(at.path, name), tree: value };
    const lower = name.toLowerCase();
    if (seen.has(lower)) {
      complain(inside, { expected: 'each header once', found: `${shown(name)} a second time` }, key);
    }
    if (OF_THE_CONNECTION.includes(lower)) {
      const expected = 'a header that is not about the connection or the body';
      complain(inside, { expected, found: shown(name) }, key);
    }
    seen.add(lower);
  }
}
