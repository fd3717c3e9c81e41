import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import type { Asked, OpenOrDecided } from '../../domain/decision.ts';
import { judgeDecision, winner } from '../../domain/decision.ts';

const now = new Date('2026-01-02T00:00:00.000Z');
const hash = 'a'.repeat(64);

function review(over: Partial<OpenOrDecided> = {}): OpenOrDecided {
  const open = { iteration: 1, status: 'pending' as const, payload_hash: hash, retries_left: null };
  return {
    ...open,
    expires_at: null,
    decided_at: null,
    decided_by: null,
    edit: null,
    verdict: null,
    ...over,
  };
}

function asked(over: Partial<Asked> = {}): Asked {
  return { verb: 'approve', payload_hash: null, edit: null, error_details: null, retry_token: null, ...over };
}

const decided = { decided_by: 'ann', decided_at: new Date('2026-01-01T00:00:00.000Z') };

describe('an open review', () => {
  it('takes the first decision', () => {
    assert.deepEqual(judgeDecision(review(), asked({ verb: 'approve' }), now), {
      kind: 'accept',
      status: 'approved',
    });
    assert.deepEqual(judgeDecision(review(), asked({ verb: 'reject' }), now), {
      kind: 'accept',
      status: 'rejected',
    });
    assert.deepEqual(judgeDecision(review(), asked({ verb: 'retry' }), now), {
      kind: 'accept',
      status: 'retried',
    });
  });

  it('is expired by a decision at or after its deadline, whichever it is', () => {
    for (const verb of ['approve', 'reject', 'retry'] as const) {
      const at = (ms: number) =>
        judgeDecision(review({ expires_at: new Date(now.getTime() + ms) }), asked({ verb }), now).kind;
      assert.deepEqual([at(1), at(0), at(-1)], ['accept', 'expire', 'expire']);
    }
  });

  it('is not decided by a decision about another payload, not even to be expired', () => {
    const late = review({ expires_at: new Date(0) });
    for (const each of [review(), late]) {
      const judgement = judgeDecision(each, asked({ payload_hash: 'b'.repeat(64) }), now);
      assert.equal(judgement.kind === 'refuse' && judgement.reason, 'hash');
    }
    assert.equal(judgeDecision(review(), asked({ payload_hash: hash }), now).kind, 'accept');
  });

  it('refuses a retry at the limit, and nothing else', () => {
    const last = review({ retries_left: 0 });
    const judgement = judgeDecision(last, asked({ verb: 'retry' }), now);
    assert.equal(judgement.kind === 'refuse' && judgement.reason, 'retries');
    assert.equal(judgeDecision(last, asked({ verb: 'approve' }), now).kind, 'accept');
    assert.equal(judgeDecision(review({ retries_left: 1 }), asked({ verb: 'retry' }), now).kind, 'accept');
  });
});

describe('a decided review', () => {
  it('answers the same decision the same, also after its deadline', () => {
    const approved = review({
      status: 'approved',
      edit: { a: 1, b: [2] },
      expires_at: new Date(0),
      ...decided,
    });
    assert.deepEqual(judgeDecision(approved, asked({ edit: { b: [2], a: 1 } }), now), { kind: 'same' });
  });

  it('refuses any other and names the winner', () => {
    const approved = review({ status: 'approved', edit: { a: 1 }, ...decided });
    const message = 'iteration 1 was already approved by ann at 2026-01-01T00:00:00.000Z';
    for (const other of [
      asked(),
      asked({ edit: { a: 2 } }),
      asked({ verb: 'reject' }),
      asked({ verb: 'retry' }),
    ]) {
      assert.deepEqual(judgeDecision(approved, other, now), { kind: 'refuse', reason: 'decided', message });
    }
  });

  it('by a retry is the same with the same token or without one', () => {
    const retried = review({ status: 'retried', verdict: { retry_token: 'token-one' }, ...decided });
    const kind = (retry_token: string | null) =>
      judgeDecision(retried, asked({ verb: 'retry', retry_token }), now).kind;
    assert.deepEqual([kind('token-one'), kind(null), kind('token-two')], ['same', 'same', 'refuse']);
  });

  it('by nobody was decided by the system', () => {
    const message = winner(review({ status: 'expired', decided_at: decided.decided_at }));
    assert.equal(message, 'iteration 1 was already expired by system at 2026-01-01T00:00:00.000Z');
  });
});

it('of two decisions in either order exactly one is accepted, and the other is the same or refused', () => {
  const verbs = fc.constantFrom('approve' as const, 'reject' as const, 'retry' as const);
  const decisions = fc.record({ verb: verbs, edit: fc.constantFrom(null, { a: 1 }, { a: 2 }) }).map(asked);
  fc.assert(
    fc.property(decisions, decisions, (first, second) => {
      const accepted = judgeDecision(review(), first, now);
      assert.ok(accepted.kind === 'accept');
      const after = review({ status: accepted.status, edit: first.edit, ...decided });
      assert.equal(judgeDecision(after, first, now).kind, 'same');
      const answer = judgeDecision(after, second, now).kind;
      const equal = first.verb === second.verb && JSON.stringify(first.edit) === JSON.stringify(second.edit);
      assert.equal(answer, equal ? 'same' : 'refuse');
    }),
  );
});
