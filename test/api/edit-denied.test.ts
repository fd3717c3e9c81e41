import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { whyDenied } from '../../api/edit-denied.ts';

describe('what is said of an edit that a policy denies', () => {
  const denied = (cel: string) =>
    whyDenied(
      {
        kind: 'denied',
        name: 'safe',
        phase: 'before_commit',
        cel,
        code: 'POLICY_COMMIT_DENIED',
        message: 'no',
      },
      'arguments',
    );
  const change = (cel: string) => /change (.+) so that/.exec(denied(cel))?.[1];

  it('names the gate, the policy and its rule, and what the evaluation said', () => {
    assert.equal(
      denied('arguments.id != "root"'),
      'expected arguments that pass the gate before_commit, but the policy "safe" denied it: ' +
        'arguments.id != "root" is false; change arguments.id so that it is true, or reject',
    );
    const verdict = { name: 'polite', phase: 'after_reason', cel: 'output.data.ok', message: 'no' } as const;
    const errored = {
      ...verdict,
      kind: 'errored',
      code: 'POLICY_EVALUATION_FAILED',
      why: 'no such key',
    } as const;
    assert.equal(
      whyDenied(errored, 'output'),
      'expected an output that passes the gate after_reason, but the policy "polite" could not be evaluated: ' +
        'no such key; change output.data.ok so that output.data.ok is true or false, or reject',
    );
  });

  it('names the parts that the rule reads, once each, and not what it calls on them', () => {
    assert.equal(
      change('arguments.path.startsWith("a") && arguments.path != arguments.to'),
      'arguments.path, arguments.to',
    );
    assert.equal(
      change('size(arguments.items) < 3 && arguments.tags.all(tag, tag != "x")'),
      'arguments.items, arguments.tags',
    );
  });

  it('names the whole where the rule reads no part, and nothing that stands in a text', () => {
    assert.equal(change('size(arguments) < 3'), 'arguments');
    assert.equal(change('input.note == "arguments.secret" || arguments.a == \'arguments.b\''), 'arguments.a');
    assert.equal(change('output.data.x == 1 && input.y == 2'), 'arguments');
  });

  it('is one line of bounded length, whatever the rule is', () => {
    const said = denied(`arguments.a == 1\n  && ${'arguments.a == 1 && '.repeat(5_000)} true`);
    assert.ok(said.length < 2_300, `${said.length}`);
    assert.doesNotMatch(said, /\n/);
  });
});
