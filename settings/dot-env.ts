/**
 * The file `.env`: `NAME=value`, one a line, as Node reads it. Node passes over a line that is none, and takes the
 * next one for a part of it without a word, so lines are looked at first.
 */
import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import type { Environment } from './reader.ts';

/** What the file sets, or what is wrong with it. A missing file sets nothing. */
export function readDotEnv(path: string): { env: Environment } | { problems: string[] } {
  let text: string;
  try {
    text = readFileSync(path, 'utf8').replace(/^\uFEFF/, '');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : null;
    if (code === 'ENOENT') return { env: {} };
    if (code === 'EISDIR') {
      return {
        problems: [`${path}: expected a file of settings, found a folder; move it, or make it a file`],
      };
    }
    return { problems: [`${path}: expected a file that can be read, found ${String(code ?? error)}`] };
  }
  const problems = badLines(text).map(
    ({ line, found }) =>
      `${path}, line ${line}: expected NAME=value, a comment that begins with #, or nothing; found ${found}`,
  );
  return problems.length > 0 ? { problems } : { env: parseEnv(text) };
}

/** The lines are not repeated: they may be parts of secrets. */
function badLines(text: string): { line: number; found: string }[] {
  const lines = text.split(/\r?\n/);
  const bad: { line: number; found: string }[] = [];
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at]?.trim() ?? '';
    if (line === '' || line.startsWith('#')) continue;
    const setting = /^(?:export\s+)?[^\s=#'"`]+\s*=\s*(.*)$/.exec(line);
    if (setting === null) {
      bad.push({ line: at + 1, found: line.includes('=') ? 'no name before its =' : 'a line without =' });
    } else {
      at += linesBeyond(setting[1] ?? '', lines.slice(at + 1));
    }
  }
  return bad;
}

/** How many of the following lines belong to a value: it may be in quotes that end on a later line. */
function linesBeyond(value: string, following: readonly string[]): number {
  const quote = value.charAt(0);
  if (!/["'`]/.test(quote) || value.includes(quote, 1)) return 0;
  // Quotes that never end are part of a value of one line.
  return following.findIndex((line) => line.includes(quote)) + 1;
}
