import assert from 'node:assert/strict';
import { sql } from 'kysely';
import { describe, it } from 'mocha';
import { judge } from '../../store/judge.ts';
import { failStep } from '../../store/outcome.ts';
import { spanOf } from '../../store/spans.ts';
import { started, useApi } from '../api/support.ts';
import { runCli } from './run-cli.ts';

describe('what waits for an operator, and why things failed', () => {
  const api = useApi();
  const warden = (args: string[]) => runCli(args, { env: { ENGINE_URL: api.url } });

  it('list sagas --stuck says what each waits for and what to do, terminal-safe; the plain list hints at it', async () => {
    const [fine, failed, waiting] = [await started(api), await started(api), await started(api)];
    const stuck = {
      code: 'COMPENSATION_FAILED',
      message: 'the undo failed: \u001b[2J',
      hint: 'warden saga retry-…',
    };
    await judge(api.store, failed, async ({ saga }) => {
      saga.status = 'FAILED';
      saga.stuck = stuck;
    });
    await sql`
      update requests set created_at = created_at - interval '5 minutes', next_at = next_at - interval '5 minutes',
        attempts = 3, error = 'connection refused'
      where trace_id = ${waiting}`.execute(api.store.db);
    const { code, stdout, stderr } = await warden(['list', 'sagas', '--stuck']);
    assert.deepEqual([code, stderr], [0, '']);
    assert.match(stdout, /^namespace +trace_id +status +definition_id +started_at\n/);
    assert.ok(!stdout.includes(fine));
    assert.ok(
      stdout.includes(
        `\n${failed} COMPENSATION_FAILED\n  the undo failed: \\u001b[2J\n  warden saga retry-…\n`,
      ),
      stdout,
    );
    assert.match(
      stdout,
      new RegExp(
        `^${waiting} NOT_DELIVERED\n  Temporal could not be told of the start .*connection refused\n  nothing is lost`,
        'm',
      ),
    );
    const plain = await warden(['list', 'sagas']);
    assert.match(plain.stderr, /^HINT {9}2 of them cannot go on; why: warden list sagas --stuck$/m);
    assert.ok(!plain.stdout.includes('COMPENSATION_FAILED'));
    const none = await warden(['list', 'sagas', '--stuck', '--namespace', 'other']);
    assert.deepEqual([none.stdout, none.stderr], ['(no rows)\n', '']);
  });

  it('show step and list steps --errors say where the code is explained', async () => {
    const trace = await started(api);
    const span = spanOf(trace, 0);
    await judge(api.store, trace, (court) => failStep(court, span, { code: 'LLM_FAILED', message: 'away' }));
    const where = 'what LLM_FAILED means and what to do: docs/failures.md#llm_failed';
    assert.equal((await warden(['show', 'step', trace, span])).stderr, `HINT         ${where}\n`);
    const errors = await warden(['list', 'steps', '--trace-id', trace, '--errors']);
    assert.match(errors.stderr, /^HINT {9}what each code means and what to do: docs\/failures\.md$/m);
  });
});
