import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { promisify } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import { describe, it } from 'mocha';
import pg from 'pg';
import { retention, searchAttributes } from '../../scripts/temporal-server.mjs';
import { createDatabase } from '../support/postgres.ts';
import { removeState, startTemporal } from '../support/temporal.ts';

const run = promisify(execFile);

describe('the development Temporal', () => {
  it('has the search attributes and keeps ended sagas for 30 days', async () => {
    const server = await startTemporal();
    try {
      const cli = (...args: string[]) =>
        run(server.cli, [...args, '--address', server.address, '-o', 'json']);
      const attributes = (await cli('operator', 'search-attribute', 'list')).stdout;
      for (const name of Object.keys(searchAttributes)) assert.match(attributes, new RegExp(`"${name}"`));
      const namespace = (await cli('operator', 'namespace', 'describe', '-n', 'default')).stdout;
      assert.equal(retention, '720h');
      assert.match(namespace, /"workflowExecutionRetentionTtl": "2592000s"/);
    } finally {
      await server.stop();
    }
  });

  it('with a state file, killed with -9 and started again, still knows its workflows', async () => {
    const stateFile = join(tmpdir(), `warden-temporal-${process.pid}.db`);
    const server = await startTemporal({ stateFile });
    try {
      const started = await Connection.connect({ address: server.address });
      await new Client({ connection: started }).workflow.start('none', {
        taskQueue: 'none',
        workflowId: 'kept',
      });
      await started.close();
      await server.kill();
      await server.restart();
      const connection = await Connection.connect({ address: server.address });
      const { status } = await new Client({ connection }).workflow.getHandle('kept').describe();
      await connection.close();
      assert.equal(status.name, 'RUNNING');
    } finally {
      await server.stop();
      await removeState(stateFile);
    }
  });
});

describe('the PostgreSQL of the tests', () => {
  it('gives each test an empty database of its own', async () => {
    const urls = await Promise.all([createDatabase('one'), createDatabase('one')]);
    for (const url of urls) {
      const client = new pg.Client({ connectionString: url });
      await client.connect();
      const { rows } = await client.query("SELECT tablename FROM pg_tables WHERE schemaname = 'public'");
      assert.deepEqual(rows, []);
      await client.query('CREATE TABLE thing (id int)');
      await client.end();
    }
    assert.notEqual(urls[0], urls[1]);
  });
});
