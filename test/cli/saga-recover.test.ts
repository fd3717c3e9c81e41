import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { describe, it } from 'mocha';
import { takeStep } from '../../store/attempt.ts';
import { spanOf } from '../../store/spans.ts';
import { started, useApi } from '../api/support.ts';
import { runCli } from './run-cli.ts';

describe('warden saga retry-step and retry-compensation', () => {
  const api = useApi();
  const warden = (args: string[], url = api.url) =>
    runCli(['saga', ...args], { cwd: tmpdir(), stdin: '', env: { ENGINE_URL: url } });

  /** A saga whose first step runs. */
  async function running(): Promise<[string, string]> {
    const trace = await started(api);
    const span = spanOf(trace, 0);
    const ref = { traceId: trace, span, iteration: 1, phase: 'act' } as const;
    await takeStep(api.store, ref, { kind: 'reason', hitl: false });
    return [trace, span];
  }

  it('prints what became of it; of an attempt that lives it hints at --force', async () => {
    const [trace, span] = await running();
    const alive = await warden(['retry-step', trace, span, '--reason', 'slow']);
    const key = `${trace}:${span}`;
    const line = `status=claim_active idempotency_key=${key} worker_command_key=${key}:1 recovery_token=[0-9a-f-]{36}`;
    assert.match(alive.stdout, new RegExp(`^SUCCESS {6}${line}\\n$`));
    assert.match(alive.stderr, /^HINT {9}an attempt of it lives.*--force/);
    const forced = await warden(['retry-step', trace, span, '--force', '--recovery-token', 'ana-again']);
    assert.deepEqual([forced.code, forced.stderr], [0, '']);
    assert.match(forced.stdout, /status=scheduled .* recovery_token=ana-again$/m);
    const again = await warden(['retry-step', trace, span, '--force', '--recovery-token', 'ana-again']);
    assert.deepEqual(again, forced);
  });

  it('a refusal exits with 1 and says why', async () => {
    const [trace, span] = await running();
    const undo = await warden(['retry-compensation', trace, span, '--allow-destructive']);
    assert.deepEqual([undo.code, undo.stdout], [1, '']);
    assert.match(undo.stderr, /^ERROR {8}expected the span of an undo, got the forward step read.*\nHINT /);
    assert.equal((await warden(['retry-step', trace, span, '--namespace', 'other'])).code, 1);
    assert.equal((await warden(['retry-step', trace])).code, 2);
  });

  it('without an answer it hints at the token, with which the same can be asked again', async () => {
    const args = ['retry-step', 'a'.repeat(32), 'b'.repeat(16)];
    const away = await warden(args, 'http://127.0.0.1:9');
    assert.equal(away.code, 1);
    assert.match(away.stderr, /HINT {9}ask again with --recovery-token [0-9a-f-]{36}: it is done once/);
  });
});
