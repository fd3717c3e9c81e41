import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { JsonObject } from '../../domain/json.ts';
import { digest } from '../../ledger/canonical.ts';
import { takeStep } from '../../store/attempt.ts';
import { beginCall } from '../../store/call.ts';
import { readContext } from '../../store/context.ts';
import { standing } from '../../store/edit.ts';
import { openHold } from '../../store/holding.ts';
import { commit, reason } from '../store/definitions.ts';
import { entriesOf, reviewRow, stepRow } from '../store/rows.ts';
import { calling, settleOn, started, take, type Run } from '../store/sagas.ts';
import { useApi } from './support.ts';

const DRAFT_SCHEMA = {
  type: 'object',
  properties: { text: { type: 'string', maxLength: 20 }, tags: { type: 'array', items: { type: 'string' } } },
  required: ['text'],
};

const INPUT_SCHEMA = {
  type: 'object',
  properties: {
    id: { type: 'string' },
    count: { type: 'integer', minimum: 1 },
    warden_idempotency_key: { type: 'string' },
  },
  required: ['id', 'warden_idempotency_key'],
};

const draft = reason('draft', {
  hitl: true,
  output_schema: DRAFT_SCHEMA,
  policy: {
    name: 'polite',
    version: null,
    cel: 'phase == "after_reason" && arguments.limit > 0 && input == {} && output.data.text != "rude"',
  },
});

const publish = commit('publish', {
  hitl: true,
  tools: [
    { name: 'publish_note', description: null, strict_schema: false, output_schema: null, idempotent: false },
  ],
  policy: {
    name: 'safe',
    version: null,
    cel: 'tool.name == "publish_note" && arguments.id != "root" && step.order_index == 1',
  },
});

const HELD = { data: { text: 'Ready.' }, facts: { notes: { n: 2 } } };
const RESOLVED = { id: 'today', audience: 'all' };

describe('approving with an edit', () => {
  const api = useApi();

  async function hold(run: Run, index: 0 | 1, iteration = 1): Promise<void> {
    const ref = run.ref(index, 'prepare', iteration);
    const token = await take(api.store, run, ref);
    const common = { policy: null, expiresMs: null, maxRetries: null };
    const reasoned = {
      ...common,
      kind: 'reason',
      payload: HELD,
      sent: null,
      payloadHash: digest(HELD),
      editSchema: DRAFT_SCHEMA,
      resolvedArguments: { limit: 3, ...(iteration > 1 ? { _hitl_retry: { attempt: 1 } } : {}) },
    } as const;
    const sent = { id: 'today' };
    const committed = {
      ...common,
      kind: 'commit',
      payload: RESOLVED,
      sent,
      payloadHash: digest(sent),
      editSchema: INPUT_SCHEMA,
      resolvedArguments: { ...RESOLVED, ...(iteration > 1 ? { _hitl_retry: { attempt: 1 } } : {}) },
    } as const;
    const opening = index === 0 ? reasoned : committed;
    const answer = await openHold(api.store, ref, token, { opening, verdict: null });
    assert.equal(answer.kind, 'held');
  }

  /** A saga whose step at `index` is on hold. */
  async function held(index: 0 | 1): Promise<Run> {
    const run = await started(api.store, [draft, publish]);
    await hold(run, 0);
    if (index === 0) return run;
    assert.equal((await approve(run, 0, {})).status, 202);
    await settleOn(api.store, run, 0, { kind: 'opened' });
    await hold(run, 1);
    return run;
  }

  const approve = (run: Run, index: number, body: JsonObject) =>
    api.post(`/v1/sagas/${run.trace}/steps/${run.span(index)}/approve`, body);
  const places = (answer: { body: { detail: { loc: (string | number)[] }[] } }) =>
    answer.body.detail.map(({ loc }) => loc.join('.'));

  it('puts the edited output in the place of what was on hold, its facts untouched', async () => {
    const run = await held(0);
    const output = { data: { text: 'Better.' }, facts: { notes: { n: 99 } }, unknown: 1 };
    const answer = await approve(run, 0, { output, payload_hash: digest(HELD), decided_by: 'ana' });
    assert.equal(answer.status, 202, answer.text);
    assert.equal(answer.body.status, 'queued');
    const edited = { data: { text: 'Better.' }, facts: HELD.facts };
    const review = await reviewRow(api.store, run, 0);
    assert.deepEqual(review.edit, { payload: edited, sent: null, payload_hash: digest(edited) });
    assert.deepEqual(review.diff, [{ op: 'replace', path: '/data/text', value: 'Better.' }]);
    assert.equal(review.payload_hash, digest(HELD));
    assert.deepEqual(review.payload, HELD);
    await settleOn(api.store, run, 0, { kind: 'opened' });
    assert.deepEqual((await stepRow(api.store, run, run.span(0))).output_payload, edited);
    const { steps } = await readContext(api.store, run.trace);
    assert.deepEqual(steps, {
      draft: { output: { data: edited.data }, facts: HELD.facts },
      publish: { output: { data: {} }, facts: {} },
    });
  });

  it('is in the ledger with its diff and the new hash', async () => {
    const run = await held(1);
    await approve(run, 1, { arguments: { id: 'tomorrow', count: '2' }, decided_by: 'ana' });
    const entries = await entriesOf(api.store, run);
    const decided = entries.filter(({ type }) => type === 'decision.approved').at(-1);
    const sent = { id: 'tomorrow', count: 2 };
    assert.deepEqual(decided?.data, {
      iteration: 1,
      payload_hash: digest(sent),
      held_payload_hash: digest({ id: 'today' }),
      diff: [
        { op: 'remove', path: '/audience' },
        { op: 'replace', path: '/id', value: 'tomorrow' },
        { op: 'add', path: '/count', value: '2' },
      ],
      sent,
      comment: null,
      source: 'http',
    });
  });

  it('has the tool called with exactly the edited arguments, and with nothing else', async () => {
    const run = await held(1);
    const edit = { id: 'tomorrow', count: 2, audience: 'nobody' };
    assert.equal((await approve(run, 1, { arguments: edit })).status, 202);
    const ref = run.ref(1);
    const taken = await takeStep(api.store, ref, publish);
    assert.ok(taken.kind === 'go' && taken.review);
    assert.deepEqual(standing(taken.review).sent, { id: 'tomorrow', count: 2 });
    assert.deepEqual((await stepRow(api.store, run, ref.span)).resolved_arguments, edit);
    const sent = standing(taken.review).sent ?? {};
    const begun = await beginCall(api.store, ref, calling(run, ref, taken.token, { sent }));
    assert.deepEqual(begun, { kind: 'call' });

    const other = await held(1);
    assert.equal((await approve(other, 1, { arguments: edit })).status, 202);
    const token = await take(api.store, other, other.ref(1));
    const original = await beginCall(
      api.store,
      other.ref(1),
      calling(other, other.ref(1), token, { sent: { id: 'today' } }),
    );
    assert.ok(original.kind === 'answer' && original.answer.kind === 'failed');
    assert.equal(original.answer.code, 'POLICY_COMMIT_DENIED');
  });

  it('that nothing allows is 422 with every problem, and the review stays open', async () => {
    const run = await held(0);
    const output = { data: { text: 'a text of more than twenty characters', tags: ['a', 1, 2] } };
    const bad = await approve(run, 0, { output });
    assert.equal(bad.status, 422, bad.text);
    const expected = ['body.output.data.tags.1', 'body.output.data.tags.2', 'body.output.data.text'];
    assert.deepEqual(places(bad), expected);
    const denied = await approve(run, 0, { output: { data: { text: 'rude', tags: [1] } } });
    assert.deepEqual(places(denied), ['body.output.data.tags.0', 'body.output']);
    assert.match(denied.body.detail[1].msg, /gate after_reason, .* "polite" denied it: phase/);
    assert.equal(denied.body.detail[1].type, 'POLICY_REASON_DENIED');
    const errs = await approve(run, 0, { output: { data: { tags: [] } } });
    assert.deepEqual(places(errs), ['body.output.data.text', 'body.output']);
    assert.equal(errs.body.detail[1].type, 'POLICY_EVALUATION_FAILED');
    for (const data of [undefined, 'text', [1]]) {
      const shape = await approve(run, 0, { output: data === undefined ? { text: 'x' } : { data } });
      assert.equal(shape.status, 422);
      assert.deepEqual(places(shape), ['body.output.data']);
    }
    assert.equal((await approve(run, 0, {})).body.status, 'queued');
  });

  it('of arguments is checked as they would be sent', async () => {
    const run = await held(1);
    const bad = await approve(run, 1, {
      arguments: { id: 'root', count: 0, warden_idempotency_key: 'mine' },
    });
    assert.deepEqual(places(bad), ['body.arguments.count', 'body.arguments']);
    assert.equal(bad.body.detail[1].type, 'POLICY_COMMIT_DENIED');
    assert.match(bad.body.detail[1].msg, /"safe" denied it: .*; change arguments\.id so/);
    assert.deepEqual(places(await approve(run, 1, { arguments: { count: 'many' } })), [
      'body.arguments.id',
      'body.arguments.count',
      'body.arguments',
    ]);
    assert.equal((await reviewRow(api.store, run, 1)).status, 'pending');
  });

  it('of the other kind is 422, and absent, null and {} are none', async () => {
    const run = await held(1);
    assert.deepEqual(places(await approve(run, 1, { output: { data: { text: 'x' } } })), ['body.output']);
    const both = { arguments: { id: 'x' }, output: { data: {} } };
    assert.deepEqual(places(await approve(run, 1, both)), ['body.output']);
    const { body } = await approve(run, 1, { output: {}, arguments: null });
    assert.equal(body.status, 'queued');
    assert.equal((await reviewRow(api.store, run, 1)).edit, null);
    const reasoned = await held(0);
    assert.deepEqual(places(await approve(reasoned, 0, { arguments: { id: 'x' } })), ['body.arguments']);
  });

  it('that changes nothing is none', async () => {
    const run = await held(0);
    assert.equal((await approve(run, 0, { output: { ...HELD, facts: {} } })).body.status, 'queued');
    assert.equal((await reviewRow(api.store, run, 0)).edit, null);
    assert.equal((await approve(run, 0, {})).body.status, 'already_queued');
    assert.equal((await approve(run, 0, { output: { facts: {} } })).body.status, 'already_queued');
  });

  it('is the same decision again when it is the same edit, and with another edit it is 409', async () => {
    const run = await held(1);
    const edit = { id: 'tomorrow', count: 2 };
    const hash = digest({ id: 'today' });
    const first = await approve(run, 1, { arguments: edit, payload_hash: hash, decided_by: 'ana' });
    assert.equal(first.body.status, 'queued');
    const same = { arguments: { count: 2, id: 'tomorrow' }, payload_hash: hash };
    assert.deepEqual((await approve(run, 1, same)).body, { ...first.body, status: 'already_queued' });
    const others: JsonObject[] = [{}, { arguments: { id: 'other' } }, { arguments: { id: 'root' } }];
    for (const body of others) {
      const other = await approve(run, 1, body);
      assert.equal(other.status, 409);
      assert.match(other.body.detail, /already approved by ana/);
    }
    assert.equal((await approve(run, 1, { ...same, payload_hash: digest(edit) })).status, 409);
    assert.deepEqual((await reviewRow(api.store, run, 1)).edit?.payload, edit);
  });

  it('of a payload that is no longer on hold is 409, and of an unknown step 404', async () => {
    const run = await held(1);
    const stale = await approve(run, 1, { arguments: { id: 'root' }, payload_hash: digest({ id: 'old' }) });
    assert.equal(stale.status, 409);
    assert.equal((await approve(run, 1, { arguments: { id: 'x' }, iteration: 2 })).status, 409);
    const nowhere = `/v1/sagas/${run.trace}/steps/${'0'.repeat(16)}/approve`;
    assert.equal((await api.post(nowhere, { arguments: { id: 'x' } })).status, 404);
    const foreign = `/v1/sagas/${run.trace}/steps/${run.span(1)}/approve?namespace=other`;
    assert.equal((await api.post(foreign, { arguments: { id: 'x' } })).status, 404);
  });

  it('leaves what the iteration was asked for in the arguments of the step', async () => {
    const run = await held(1);
    await api.post(`/v1/sagas/${run.trace}/steps/${run.span(1)}/retry`, { guidance: 'again' });
    await settleOn(api.store, run, 1, { kind: 'opened' });
    await hold(run, 1, 2);
    assert.equal((await approve(run, 1, { arguments: { id: 'tomorrow' } })).status, 202);
    await take(api.store, run, run.ref(1, 'act', 2));
    const { resolved_arguments } = await stepRow(api.store, run, run.span(1));
    assert.deepEqual(resolved_arguments, { id: 'tomorrow', _hitl_retry: { attempt: 1 } });
  });

  it('is taken by /decision as by /approve, and a rejection does not look at it', async () => {
    const run = await held(0);
    const at = `/v1/sagas/${run.trace}/steps/${run.span(0)}/decision`;
    const output = { data: { text: 'rude' } };
    assert.equal((await api.post(at, { decision: 'APPROVE', output })).status, 422);
    assert.equal((await api.post(at, { decision: 'REJECT', output })).body.status, 'queued');
  });

  it('of output without a schema keeps the rule that the agent has', async () => {
    const run = await started(api.store, [
      reason('draft', { hitl: true }),
      reason('sum', { hitl: true, agent_adapter: 'simple' }),
    ]);
    const refused: JsonObject[] = [{}, { summary: 1 }];
    for (const [index, data] of refused.entries()) {
      const ref = run.ref(index, 'prepare');
      const token = await take(api.store, run, ref);
      const payload = { data: { summary: 'Ready.' } };
      const limits = { policy: null, expiresMs: null, maxRetries: null, resolvedArguments: {} };
      const what = { kind: 'reason', payload, sent: null, editSchema: null } as const;
      const opening = { ...what, ...limits, payloadHash: digest(payload) };
      await openHold(api.store, ref, token, { opening, verdict: null });
      const bad = await approve(run, index, { output: { data } });
      assert.equal(bad.status, 422, bad.text);
      const good = await approve(run, index, { output: { data: { summary: 'Better.' } } });
      assert.equal(good.status, 202);
      await settleOn(api.store, run, index, { kind: 'opened' });
    }
  });
});
