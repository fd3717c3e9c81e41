import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { format, resolveConfig } from 'prettier';
import { httpReferenceOf } from '../../scripts/http-reference.mjs';
import { repository } from '../support/processes.ts';
import { useApi } from './support.ts';

describe('docs/http.md', () => {
  const api = useApi();

  it('is what scripts/http-reference.mjs makes of the document of the interface', async () => {
    const file = join(repository, 'docs', 'http.md');
    const text = await format(httpReferenceOf(await api.client.openapi()), {
      ...(await resolveConfig(file)),
      parser: 'markdown',
    });
    const advice = 'npm run build && node scripts/http-reference.mjs';
    assert.equal(await readFile(file, 'utf8'), text, `docs/http.md is out of date: ${advice}`);
  });

  it('has every route, and links only to shapes that it has', async () => {
    const text = await readFile(join(repository, 'docs', 'http.md'), 'utf8');
    const { body } = await api.get('/v1/openapi.json');
    const paths: Record<string, object> = body.paths;
    for (const [path, operations] of Object.entries(paths)) {
      for (const method of Object.keys(operations)) {
        assert.ok(text.includes(`\n## \`${method.toUpperCase()} ${path}\`\n`), `${method} ${path}`);
      }
    }
    for (const [, shape] of text.matchAll(/\]\(#(\w+)\)/g)) {
      assert.match(text, new RegExp(`^### ${shape}$`, 'im'));
    }
  });
});
