/**
 * A scan of a template's tokens, for what the library finds only when it renders: filters, tests and
 * functions that it lacks, other templates, and the names that a template uses without setting them.
 */
export interface Word {
  name: string;
  /** Offset in the template. */
  at: number;
}

export interface Scan {
  /** Top-level names of plain `{{ name }}` and `{{ name.attr }}`. */
  plain: Word[];
  /** Names that the template itself sets. */
  declared: ReadonlySet<string>;
  filters: Word[];
  tests: Word[];
  functions: Word[];
  /** Keywords of `{% … %}`. */
  statements: Word[];
  /** The expression, when the whole template is one `{{ … }}`. */
  alone: string | null;
}

interface Token {
  text: string;
  kind: 'name' | 'string' | 'other';
  at: number;
}

interface Part {
  kind: 'output' | 'statement';
  tokens: Token[];
  start: number;
  end: number;
}

const TOKEN = /\s+|([A-Za-z_]\w*)|("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(\d[\w.]*)|([^\s])/gy;
const LITERALS = new Set(['true', 'false', 'none', 'True', 'False', 'None', 'loop', 'self']);
const KEYWORDS = new Set(['if', 'else', 'in', 'is', 'not', 'and', 'or', 'recursive']);

export function scanTemplate(source: string): Scan {
  const parts = split(source);
  const word = (token: Token): Word => ({ name: token.text, at: token.at });
  const scan = { filters: [], tests: [], functions: [], statements: [], plain: [] };
  const found: Record<'filters' | 'tests' | 'functions' | 'statements' | 'plain', Word[]> = scan;
  const declared = new Set<string>();
  for (const part of parts) {
    if (part.kind === 'statement') declare(part.tokens, declared);
    const [head] = part.tokens;
    if (part.kind === 'statement' && head) found.statements.push(word(head));
    if (part.kind === 'output' && head && isPlain(part.tokens)) found.plain.push(word(head));
    for (const [list, token] of uses(part)) found[list].push(word(token));
  }
  return { ...found, declared, alone: alone(source, parts) };
}

function split(source: string): Part[] {
  const parts: Part[] = [];
  const opening = /\{[{%#]/g;
  for (let open = opening.exec(source); open; open = opening.exec(source)) {
    if (open[0] === '{#') {
      const close = source.indexOf('#}', open.index);
      if (close < 0) break;
      opening.lastIndex = close + 2;
      continue;
    }
    const part = readPart(source, open.index);
    if (part.tokens[0]?.text === 'raw' && part.kind === 'statement') {
      const close = /\{%[-+]?\s*endraw\s*[-+]?%\}/g;
      close.lastIndex = part.end;
      if (!close.exec(source)) break;
      opening.lastIndex = close.lastIndex;
      continue;
    }
    parts.push(part);
    opening.lastIndex = part.end;
  }
  return parts;
}

function readPart(source: string, start: number): Part {
  const kind = source[start + 1] === '{' ? 'output' : 'statement';
  const close = kind === 'output' ? '}}' : '%}';
  const tokens: Token[] = [];
  let depth = 0;
  let at = start + 2;
  if (source[at] === '-' || source[at] === '+') at += 1;
  while (at < source.length && !(depth === 0 && source.startsWith(close, at))) {
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(source);
    if (!match) break;
    const [text, name, string] = match;
    if (text === '{') depth += 1;
    if (text === '}') depth -= 1;
    if (text.trim() !== '') tokens.push({ text, at, kind: name ? 'name' : string ? 'string' : 'other' });
    at += text.length;
  }
  const last = tokens.at(-1);
  if (last && (last.text === '-' || last.text === '+')) tokens.pop();
  return { kind, tokens, start, end: Math.min(at + 2, source.length) };
}

function isPlain(tokens: Token[]): boolean {
  const [head] = tokens;
  if (head?.kind !== 'name' || LITERALS.has(head.text)) return false;
  return tokens.every((token, index) => (index % 2 === 0 ? token.kind === 'name' : token.text === '.'));
}

/** `set x`, `for a, b in`, `macro m(a, b)`, `with x = …`, `call(x) m()`. */
function declare(tokens: Token[], declared: Set<string>): void {
  const [head, ...rest] = tokens;
  if (head === undefined || !['set', 'for', 'macro', 'with', 'call'].includes(head.text)) return;
  for (const [index, token] of rest.entries()) {
    if (head.text === 'for' && token.text === 'in') return;
    const assigned = rest[index + 1]?.text === '=' && rest[index + 2]?.text !== '=';
    const target = head.text === 'set' ? index === 0 : head.text === 'with' ? assigned : true;
    if (token.kind === 'name' && target && rest[index - 1]?.text !== '.') declared.add(token.text);
  }
}

function uses(part: Part): ['filters' | 'tests' | 'functions', Token][] {
  const found: ['filters' | 'tests' | 'functions', Token][] = [];
  const { tokens } = part;
  for (const [index, token] of tokens.entries()) {
    if (token.kind !== 'name') continue;
    const before = tokens[index - 1]?.text;
    const head = part.kind === 'statement' ? tokens[0]?.text : undefined;
    if (before === '|' || (index === 1 && head === 'filter')) found.push(['filters', token]);
    else if (isTest(tokens, index)) found.push(['tests', token]);
    else if (before === '.' || KEYWORDS.has(token.text)) continue;
    else if (index === 0 && head !== undefined) continue;
    else if (head === 'macro' || head === 'block') continue;
    else if (tokens[index + 1]?.text === '(') found.push(['functions', token]);
  }
  return found;
}

function isTest(tokens: Token[], index: number): boolean {
  if (tokens[index]?.text === 'not') return false;
  const before = tokens[index - 1];
  const is = before?.text === 'not' ? tokens[index - 2] : before;
  const beforeIs = before?.text === 'not' ? tokens[index - 3] : tokens[index - 2];
  return is?.kind === 'name' && is.text === 'is' && beforeIs !== undefined && beforeIs.text !== '.';
}

function alone(source: string, parts: Part[]): string | null {
  const [part] = parts;
  if (parts.length !== 1 || part === undefined || part.kind !== 'output') return null;
  if (part.start !== source.search(/\S/) || source.slice(part.end).trim() !== '') return null;
  return source
    .slice(part.start + 2, part.end - 2)
    .replace(/^[-+]/, '')
    .replace(/[-+]$/, '');
}
