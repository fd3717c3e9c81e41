/** Recoveries as the tests of this room ask for them, and what they look at afterwards. */
import assert from 'node:assert/strict';
import type { Cause } from '../../domain/answers.ts';
import { recover, type RecoveryAsked, type RecoveryResult } from '../../store/recover.ts';
import type { Store } from '../../store/store.ts';
import type { RecoveryAnswer } from '../../store/tables.ts';
import { beginUndoCall, recordUndoFailure, takeUndo } from '../../store/undo.ts';
import { commit, UNDO } from './definitions.ts';
import { requestsOf } from './rows.ts';
import { act, ANA, started, take, type Run } from './sagas.ts';
import { beginCall, recordResult } from '../../store/call.ts';
import { calling } from './sagas.ts';

export function recoverOn(
  store: Store,
  run: Run,
  span: string,
  asked: Partial<RecoveryAsked> = {},
): Promise<RecoveryResult> {
  return recover(store, {
    namespace: 'default',
    traceId: run.trace,
    span,
    act: 'retry-step',
    force: false,
    allowDestructive: false,
    iteration: null,
    payloadHash: null,
    recoveryToken: null,
    reason: null,
    comment: null,
    actor: ANA,
    ...asked,
  });
}

/** The answer of a recovery that must be accepted. */
export async function accepted(asked: Promise<RecoveryResult>): Promise<RecoveryAnswer> {
  const result = await asked;
  assert.ok(result.kind === 'accepted', JSON.stringify(result));
  return result.answer;
}

/** Why a recovery is refused. */
export async function refused(asked: Promise<RecoveryResult>): Promise<string> {
  const result = await asked;
  assert.ok(result.kind === 'conflict', JSON.stringify(result));
  return result.message;
}

/** The requests of recoveries, in their order. */
export async function recoveriesOf(store: Store, run: Run) {
  const requests = await requestsOf(store, run);
  return requests.filter(({ kind }) => kind === 'retry_step' || kind === 'retry_compensation');
}

export const ANSWERED_NO = { code: 'TOOL_OUTPUT_ERROR', message: 'no' } as const;

/**
 * Two commits with undos, and a third one that failed: the saga is to be undone.
 * @param begins awaited between its start and its first step
 */
export async function failed(
  store: Store,
  begins: (run: Run) => Promise<unknown> = () => Promise.resolve(),
): Promise<{ run: Run; cause: Cause }> {
  const undone = { compensation: UNDO };
  const run = await started(store, [commit('one', undone), commit('two', undone), commit('three', undone)]);
  await begins(run);
  await act(store, run, 0);
  await act(store, run, 1);
  const ref = run.ref(2);
  const token = await take(store, run, ref);
  assert.deepEqual(await beginCall(store, ref, calling(run, ref, token)), { kind: 'call' });
  await recordResult(store, ref, { kind: 'failed', failure: ANSWERED_NO }, {});
  return { run, cause: { code: 'TOOL_OUTPUT_ERROR', span: run.span(2), uncertain: false } };
}

/** An attempt at an undo takes its row and must be told to go. */
export async function takeUndoOn(store: Store, run: Run, index: number, cause: Cause, forced?: string) {
  const input = { ...run.undo(index, cause), ...(forced === undefined ? {} : { forced }) };
  const taken = await takeUndo(store, run.saga, input);
  assert.ok(taken.kind === 'go', JSON.stringify(taken));
  return { ...taken, input };
}

/** The same, and is let go to call its tool. */
export async function callUndoOn(store: Store, run: Run, index: number, cause: Cause, forced?: string) {
  const taken = await takeUndoOn(store, run, index, cause, forced);
  const asked = { token: taken.token, tool: 'delete_note', idempotent: false, resolved: {} };
  assert.deepEqual(await beginUndoCall(store, taken.input, asked), { kind: 'call' });
  return taken;
}

/** An undo that fails for good, and its saga with it. */
export async function failUndoOn(store: Store, run: Run, index: number, cause: Cause): Promise<void> {
  const { token, input } = await callUndoOn(store, run, index, cause);
  const failure = {
    failure: { code: 'TOOL_OUTPUT_ERROR', message: 'broken' },
    called: true,
    final: true,
  } as const;
  const answer = await recordUndoFailure(store, input, token, failure);
  assert.deepEqual(answer, { kind: 'answer', answer: { kind: 'failed' } });
}
