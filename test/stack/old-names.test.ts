import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { ADDRESS_PARTS, OLD_NAMES } from '../../settings/old-names.ts';
import { repository, startEntry } from '../support/processes.ts';

describe('a process with settings of an older deployment', () => {
  it('says once of each what replaces it, and never its value', async () => {
    const cwd = await mkdtemp(join(tmpdir(), 'warden-old-names-'));
    const env = {
      TEMPORAL_TARGET: 'old-temporal:7233',
      POSTGRES_PASSWORD: 'hush-hush',
      OTLP_ENDPOINT: 'http://collector:4317',
      LOGGING_LEVEL: 'INFO',
    };
    // Without a database it ends by itself.
    const worker = startEntry('worker', [], { env, cwd });
    await worker.exited;
    await rm(cwd, { recursive: true });
    const lines = worker.output().split('\n');
    for (const said of [
      /"level":40.*TEMPORAL_TARGET .*set TEMPORAL_ADDRESS instead/,
      /"level":40.*POSTGRES_PASSWORD .*set DATABASE_URL instead/,
      /"level":40.*WARDEN_OTLP_ENDPOINT is set, but traces are not exported yet/,
    ]) {
      assert.equal(lines.filter((line) => said.test(line)).length, 1, worker.output());
    }
    assert.doesNotMatch(worker.output(), /LOGGING_LEVEL|hush-hush|old-temporal/);
    assert.match(worker.output(), /expected DATABASE_URL/);
  });

  it('finds every one of them in docs/migrating.md, with what replaces it', async () => {
    const rows = (await readFile(join(repository, 'docs', 'migrating.md'), 'utf8')).split('\n');
    const parts = ADDRESS_PARTS.map((name): [string, string] => [name, 'DATABASE_URL']);
    for (const [old, today] of [...Object.entries(OLD_NAMES), ...parts]) {
      const row = rows.find((each) => each.startsWith('|') && each.includes(`\`${old}\``)) ?? '';
      for (const name of today.split(/, | or /)) assert.ok(row.includes(`\`${name}\``), `${old} in "${row}"`);
    }
  });
});
