import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { parse } from 'yaml';
import type { Json } from '../../domain/json.ts';
import { isJsonObject } from '../../domain/json.ts';
import { repository } from '../support/processes.ts';
import { copyExample, said } from './example.ts';
import type { Example } from './example.ts';
import { SAGA, WORKER } from './whole.ts';

interface Block {
  /** `manifests/issues.yaml`, from the comment that it begins with. */
  name: string;
  text: string;
}

function blocksOf(page: string): Block[] {
  const fenced = page.matchAll(/^```(?:yaml|jinja)\n(?:# |\{# )(\S+)(?: #\})?\n([\s\S]*?)^```$/gm);
  return Array.from(fenced, ([, name = '', text = '']) => ({ name, text }));
}

/** Fields, wherever they stand; not the names that an author chose, nor literals. */
function fieldsOf(value: Json): string[] {
  if (Array.isArray(value)) return value.flatMap(fieldsOf);
  if (!isJsonObject(value)) return [];
  return Object.entries(value).flatMap(([key, item]) =>
    ['with', 'fields', 'env', 'headers'].includes(key) ? [key] : [key, ...fieldsOf(item)],
  );
}

describe('docs/manifests.md', () => {
  const page = readFileSync(join(repository, 'docs', 'manifests.md'), 'utf8');
  let example: Example;
  before(() => {
    example = copyExample();
    for (const { name, text } of blocksOf(page)) if (/^[a-z]+\//.test(name)) example.write(name, text);
  });
  after(() => example.remove());

  it('shows manifests that can be deployed, with the files that they name', () => {
    const manifests = blocksOf(page).filter(({ name }) => name.startsWith('manifests/'));
    assert.equal(manifests.length, 4);
    for (const { name, text } of manifests) assert.deepEqual(said(example.problems(text)), [], name);
  });

  it('has every field in a table, with an example that is one', () => {
    const rows = page.matchAll(/^\| `([\w-]+)` .*?(?<=\| )`(\1:.*?)` +\|/gm);
    const examples = new Map(Array.from(rows, ([, field = '', text = '']) => [field, text]));
    for (const field of new Set([WORKER, SAGA].flatMap(fieldsOf))) {
      // Explained in the rows of their maps.
      if (['allow', 'cel', 'expires', 'from', 'value'].includes(field)) continue;
      const text = examples.get(field);
      assert.ok(text !== undefined, `${field} has no row with an example`);
      const value: Json = parse(text);
      assert.ok(isJsonObject(value) && field in value && value[field] !== null, text);
    }
  });
});
