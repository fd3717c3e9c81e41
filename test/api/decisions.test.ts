import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { digest } from '../../ledger/canonical.ts';
import { spanOf } from '../../store/spans.ts';
import { held, hold, SENT, started, useApi } from './support.ts';

describe('decisions over HTTP', () => {
  const api = useApi();
  const at = (trace: string, span: string, act: string) => `/v1/sagas/${trace}/steps/${span}/${act}`;

  it('an approval is 202 queued, the same again already_queued, another 409 that names the winner', async () => {
    const { trace, span } = await held(api);
    const idempotency_key = `human-decision-${trace}-${span}`;
    const first = await api.post(at(trace, span, 'approve'), { decided_by: 'ana', comment: 'fine' });
    assert.equal(first.status, 202);
    assert.deepEqual(first.body, { status: 'queued', idempotency_key });
    const again = await api.post(at(trace, span, 'decision'), { decision: 'APPROVE', decided_by: 'ben' });
    assert.equal(again.status, 202);
    assert.deepEqual(again.body, { status: 'already_queued', idempotency_key });
    const other = await api.post(at(trace, span, 'reject'), { decided_by: 'ben' });
    assert.equal(other.status, 409);
    assert.match(other.body.detail, /already approved by ana at \d{4}-/);
    assert.equal(other.headers.get('content-type'), 'application/problem+json; charset=utf-8');
  });

  it('a decision works without a body, without a content type, and with members that nobody knows', async () => {
    const { trace, span } = await held(api);
    const path = at(trace, span, 'approve');
    assert.equal((await api.ask('POST', path)).status, 202);
    assert.equal(
      (await api.ask('POST', path, { body: 'null', headers: { 'content-type': 'text/plain' } })).status,
      202,
    );
    const body = { unknown: [1], output: {}, arguments: null, decided_by: null, comment: null };
    assert.equal((await api.post(path, body)).body.status, 'already_queued');
  });

  it('a rejection keeps its error details, and /decision is the same path', async () => {
    const { trace, span } = await held(api);
    const error_details = { code: 'WRONG_DAY', message: 'not today' };
    const answer = await api.post(at(trace, span, 'decision'), { decision: 'REJECT', error_details });
    assert.equal(answer.body.status, 'queued');
    const review = await api.store.db
      .selectFrom('reviews')
      .select(['status', 'verdict', 'actor'])
      .where('trace_id', '=', trace)
      .executeTakeFirstOrThrow();
    assert.deepEqual(review, {
      status: 'rejected',
      verdict: { error_details },
      actor: { subject: 'local', kind: 'person' },
    });
  });

  it('a retry answers its token, made when none came, and the same token again is already_queued', async () => {
    const { trace, span } = await held(api);
    const first = await api.post(at(trace, span, 'retry'), { guidance: 'shorter' });
    assert.equal(first.status, 202);
    assert.equal(first.body.status, 'queued');
    assert.match(first.body.retry_token, /^[0-9a-f-]{36}$/);
    const { retry_token } = first.body;
    const again = await api.post(at(trace, span, 'retry'), { retry_token });
    assert.deepEqual(again.body, { ...first.body, status: 'already_queued' });
    const bare = await api.post(at(trace, span, 'retry'));
    assert.deepEqual(bare.body, { ...first.body, status: 'already_queued' });
    const other = await api.post(at(trace, span, 'retry'), { retry_token: 'another token' });
    assert.equal(other.status, 409);

    await hold(api, trace, 2);
    const late = await api.post(at(trace, span, 'retry'), { retry_token });
    assert.equal(
      late.body.status,
      'already_queued',
      'a retry that comes late does not retry the next iteration',
    );
    const limit = await api.post(at(trace, span, 'retry'), { iteration: 2 });
    assert.equal(limit.status, 409);
    assert.match(limit.body.detail, /hitl_max_retries/);
    const second = await api.post(at(trace, span, 'approve'), {});
    assert.equal(second.body.idempotency_key, `human-decision-${trace}-${span}-2`);
  });

  it('a decision about another payload or iteration than the one on hold is 409 and changes nothing', async () => {
    const { trace, span } = await held(api);
    const stale = await api.post(at(trace, span, 'approve'), { payload_hash: digest({ other: 1 }) });
    assert.equal(stale.status, 409);
    assert.match(stale.body.detail, /read the review again/);
    assert.equal((await api.post(at(trace, span, 'approve'), { iteration: 2 })).status, 409);
    const right = await api.post(at(trace, span, 'approve'), { payload_hash: digest(SENT), iteration: 1 });
    assert.equal(right.body.status, 'queued');
  });

  it('a decision at or after the deadline is 409 and names the expiry', async () => {
    const { trace, span } = await held(api, { expiresMs: 0 });
    const answer = await api.post(at(trace, span, 'approve'));
    assert.equal(answer.status, 409);
    assert.match(answer.body.detail, /expired by system/);
  });

  it('an unknown step, saga or namespace is 404, a step that is not held 409 with its state', async () => {
    const { trace, span } = await held(api);
    assert.equal((await api.post(at(trace, '0'.repeat(16), 'approve'))).status, 404);
    assert.equal((await api.post(at('0'.repeat(32), span, 'approve'))).status, 404);
    const foreign = await api.post(`${at(trace, span, 'approve')}?namespace=other`);
    assert.equal(foreign.status, 404);
    const early = await api.post(at(trace, spanOf(trace, 0), 'approve'));
    assert.equal(early.status, 409);
    assert.match(early.body.detail, /COMPLETED/);
  });

  it('a bad value is 422 with every problem and its place', async () => {
    const { trace, span } = await held(api);
    const wrong: [string, object, (string | number)[][]][] = [
      ['decision', {}, [['body', 'decision']]],
      ['decision', { decision: 'approve' }, [['body', 'decision']]],
      ['approve', { comment: 'x'.repeat(10_001) }, [['body', 'comment']]],
      [
        'approve',
        { payload_hash: 'A'.repeat(64), iteration: 0 },
        [
          ['body', 'payload_hash'],
          ['body', 'iteration'],
        ],
      ],
      ['approve', { iteration: 1.5 }, [['body', 'iteration']]],
      ['approve', { iteration: 3_000_000_000 }, [['body', 'iteration']]],
      ['approve', { output: [1] }, [['body', 'output']]],
      ['reject', { error_details: 'no' }, [['body', 'error_details']]],
      ['reject', { error_details: { text: 'x'.repeat(70_000) } }, [['body', 'error_details']]],
      [
        'retry',
        { guidance: 'x'.repeat(4097), retry_token: 'short' },
        [
          ['body', 'guidance'],
          ['body', 'retry_token'],
        ],
      ],
      ['retry', { retry_token: 'x'.repeat(129) }, [['body', 'retry_token']]],
    ];
    for (const [act, body, places] of wrong) {
      const answer = await api.post(at(trace, span, act), body);
      assert.equal(answer.status, 422, answer.text);
      assert.deepEqual(
        answer.body.detail.map(({ loc }: { loc: unknown }) => loc),
        places,
      );
      for (const { msg, type } of answer.body.detail)
        assert.deepEqual([typeof msg, typeof type], ['string', 'string']);
    }
    const path = await api.post('/v1/sagas/ABC/steps/1/approve?namespace=No', { comment: 1 });
    assert.deepEqual(
      path.body.detail.map(({ loc }: { loc: string[] }) => loc.join('.')),
      ['path.trace_id', 'path.step_span_id', 'query.namespace', 'body.comment'],
    );
    assert.equal((await api.post(at(trace, span, 'approve'), [])).status, 422);
    assert.equal(
      (await api.post(at(trace, span, 'approve'))).body.status,
      'queued',
      'the review stayed open',
    );
  });

  it('of two opposite decisions at the same moment one is 202 and one is 409 that names it', async () => {
    for (let pair = 0; pair < 20; pair += 1) {
      const { trace, span } = await held(api);
      const answers = await Promise.all([
        api.post(at(trace, span, 'approve'), { decided_by: 'ana' }),
        api.post(at(trace, span, 'reject'), { decided_by: 'ben' }),
      ]);
      assert.deepEqual(answers.map(({ status }) => status).sort(), [202, 409]);
      const loser = answers.find(({ status }) => status === 409);
      assert.match(loser?.body.detail, loser === answers[0] ? /rejected by ben/ : /approved by ana/);
      const entries = await api.store.db
        .selectFrom('ledger_entries')
        .select('type')
        .where('trace_id', '=', trace)
        .where('type', 'like', 'decision.%')
        .execute();
      assert.equal(entries.length, 1);
    }
  });

  it('a cancel is 202, again already_queued, and closes the review: an approval after it is 409', async () => {
    const { trace, span } = await held(api);
    const first = await api.post(`/v1/sagas/${trace}/cancel`, {
      reason: 'changed my mind',
      decided_by: 'ana',
    });
    assert.deepEqual(first.body, { status: 'queued', idempotency_key: `cancel-${trace}` });
    assert.equal(first.status, 202);
    assert.equal((await api.post(`/v1/sagas/${trace}/cancel`)).body.status, 'already_queued');
    const late = await api.post(at(trace, span, 'approve'));
    assert.equal(late.status, 409);
    assert.match(late.body.detail, /already cancelled by ana at \d{4}-/);
  });

  it('an unknown saga is not cancelled, a reason that is too long is refused', async () => {
    const trace = await started(api);
    assert.equal((await api.post(`/v1/sagas/${'0'.repeat(32)}/cancel`)).status, 404);
    assert.equal((await api.post(`/v1/sagas/${trace}/cancel?namespace=other`)).status, 404);
    assert.equal((await api.post(`/v1/sagas/${trace}/cancel`, { reason: 'x'.repeat(10_001) })).status, 422);
  });
});
