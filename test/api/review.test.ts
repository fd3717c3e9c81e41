import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { digest } from '../../ledger/canonical.ts';
import { spanOf } from '../../store/spans.ts';
import { hold, held, SENT, useApi } from './support.ts';

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const UNDECIDED = { decided: null, delivered: null, consumed: null, effect: null, stuck: null };

describe('GET /v1/reviews/{review_id}', () => {
  const api = useApi();

  it('has all of the list of what waits, and what the list leaves out', async () => {
    const { trace, span } = await held(api);
    const { body: list } = await api.get(`/v1/sagas/pending-review?trace_id=${trace}`);
    const { status, body } = await api.get(`/v1/reviews/${trace}.${span}.1`);
    assert.equal(status, 200);
    const { opened_at, ...rest } = body;
    assert.match(opened_at, TIME);
    assert.deepEqual(rest, {
      ...list.items[0],
      review_id: `${trace}.${span}.1`,
      status: 'pending',
      saga_name: 'notes',
      saga_version: '1',
      saga_status: 'AWAITING_HUMAN',
      step_status: 'AWAITING_HUMAN',
      idempotency_key: `${trace}:${span}`,
      edit_schema: null,
      ...{ decided_at: null, decided_by: null, actor: null, comment: null, guidance: null },
      ...{ error_details: null, edit: null, diff: null, earlier: [] },
      receipt: UNDECIDED,
    });
    assert.equal(rest.undo_plan.length, 2);
    assert.deepEqual(rest.policy, { name: 'safe', cel: 'true', verdict: 'allowed' });
  });

  it('after an edited approval: who decided, when, the comment, the edit and its diff', async () => {
    const { trace, span } = await held(api);
    const edited = { ...SENT, text: 'Ready now.' };
    const body = { arguments: edited, comment: 'better so', decided_by: 'ana', iteration: 1 };
    const approved = await api.post(`/v1/sagas/${trace}/steps/${span}/approve`, body);
    assert.equal(approved.status, 202, approved.text);
    const { body: review } = await api.get(`/v1/reviews/${trace}.${span}.1`);
    assert.deepEqual(
      [review.status, review.decided_by, review.comment, review.payload_hash],
      ['approved', 'ana', 'better so', digest(SENT)],
    );
    assert.deepEqual(review.actor, { subject: 'ana', kind: 'person' });
    assert.deepEqual(review.edit, { payload: edited, sent: edited, payload_hash: digest(edited) });
    assert.deepEqual(review.diff, [{ op: 'replace', path: '/text', value: 'Ready now.' }]);
    assert.match(review.decided_at, TIME);
    assert.deepEqual(review.receipt, { ...UNDECIDED, decided: review.decided_at });
    assert.deepEqual(review.review_payload, SENT, 'what was on hold stays beside it');
  });

  it('each iteration has its own, with the verdicts of those before it', async () => {
    const { trace, span } = await held(api);
    const path = `/v1/sagas/${trace}/steps/${span}`;
    await api.post(`${path}/retry`, { guidance: 'shorter', comment: 'too long', decided_by: 'ben' });
    await hold(api, trace, 2);
    const { body: second } = await api.get(`/v1/reviews/${trace}.${span}.2`);
    assert.deepEqual([second.status, second.iteration, second.earlier.length], ['pending', 2, 1]);
    const { opened_at, decided_at, ...earlier } = second.earlier[0];
    assert.match(`${opened_at}`, TIME);
    assert.match(`${decided_at}`, TIME);
    assert.deepEqual(earlier, {
      ...{ review_id: `${trace}.${span}.1`, iteration: 1, status: 'retried', payload_hash: digest(SENT) },
      ...{ decided_by: 'ben', comment: 'too long', guidance: 'shorter', error_details: null },
    });
    const { body: first } = await api.get(`/v1/reviews/${trace}.${span}.1`);
    assert.deepEqual([first.status, first.guidance, first.earlier], ['retried', 'shorter', []]);
    await api.post(`${path}/reject`, { error_details: { code: 'WRONG_FILE' }, decided_by: 'ana' });
    const { body: rejected } = await api.get(`/v1/reviews/${trace}.${span}.2`);
    assert.deepEqual([rejected.status, rejected.error_details], ['rejected', { code: 'WRONG_FILE' }]);
    assert.equal(rejected.undo_plan.length, 2, 'what the rejection undoes stays told');
  });

  it('404 for a review, a step or a saga that is not there, and for one of another namespace', async () => {
    const { trace, span } = await held(api);
    const away = [
      `${trace}.${span}.2`,
      `${trace}.${span}.999999999`,
      `${trace}.${spanOf(trace, 0)}.1`,
      `${trace}.${'a'.repeat(16)}.1`,
      `${'b'.repeat(32)}.${span}.1`,
      `${trace}.${span}.1?namespace=other`,
    ];
    for (const id of away) {
      const answer = await api.get(`/v1/reviews/${id}`);
      assert.equal(answer.status, 404, id);
      assert.match(answer.body.detail, /^no review .* in namespace (default|other)$/);
    }
  });

  it('422 for what names no review, or no namespace', async () => {
    const { trace, span } = await held(api);
    const wrong = [
      'x',
      `${trace}.${span}`,
      `${trace}.${span}.0`,
      `${trace}.${span}.01`,
      `${trace}.${span}.-1`,
      `${trace}.${span}.1000000000`,
      `${trace}.${span}.1.1`,
      `${trace}.${span}.1%0a`,
      `${trace.toUpperCase().replace(/[0-9]/g, 'A')}.${span}.1`,
      `${trace}.${span}.1?namespace=A`,
    ];
    for (const id of wrong) assert.equal((await api.get(`/v1/reviews/${id}`)).status, 422, id);
    assert.equal((await api.post(`/v1/reviews/${trace}.${span}.1`)).status, 405);
  });
});
