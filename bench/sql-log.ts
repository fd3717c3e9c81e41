/**
 * Loaded into our processes with `--import …/sql-log.js?file=FILE` (option `--sql`): appends one JSON line for each
 * SQL statement, when it was sent, how long its answer took, and its text. It slows what it watches a little, so
 * figures are taken without it.
 */
import { createWriteStream } from 'node:fs';
import { PGlite } from '@electric-sql/pglite';
import pg from 'pg';

const TEXT_LIMIT = 160;

const file = new URL(import.meta.url).searchParams.get('file');
if (file === null) throw new Error('expected ?file=… behind the name of this module');
const log = createWriteStream(file, { flags: 'a' });

for (const prototype of [pg.Client.prototype, PGlite.prototype]) {
  const query: unknown = Reflect.get(prototype, 'query');
  if (typeof query !== 'function') throw new Error('expected a method "query"');
  Object.defineProperty(prototype, 'query', {
    configurable: true,
    writable: true,
    value: function logged(this: unknown, ...args: unknown[]): unknown {
      const at = performance.timeOrigin + performance.now();
      const answer: unknown = Reflect.apply(query, this, args);
      if (answer instanceof Promise) {
        const note = () => write(at, args[0]);
        answer.then(note, note);
      }
      return answer;
    },
  });
}

function write(at: number, statement: unknown): void {
  const ms = performance.timeOrigin + performance.now() - at;
  const text = typeof statement === 'string' ? statement : 'not a text';
  log.write(`${JSON.stringify({ at, ms, sql: text.replaceAll(/\s+/g, ' ').trim().slice(0, TEXT_LIMIT) })}\n`);
}
