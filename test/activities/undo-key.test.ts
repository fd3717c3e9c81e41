import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { JsonObject } from '../../domain/json.ts';
import { callKey } from '../../activities/undo-key.ts';

const usage = { prompt_tokens: 1, completion_tokens: 1 };
const asks = (turn: number, ...calls: [tool: string, args: JsonObject][]): JsonObject => ({
  ...{ kind: 'model', text: '', usage },
  calls: calls.map(([tool, args], index) => ({ id: `call_${turn}_${index + 1}`, tool, arguments: args })),
});
const answers = (call: string, more: JsonObject = {}): JsonObject => ({
  ...{
    kind: 'tool',
    call,
    tool: 'refund',
    called: true,
    answered: true,
    is_error: false,
    text: '',
    data: {},
  },
  ...more,
});

describe('the idempotency key of a call of an undo of several tools', () => {
  const first = asks(1, ['refund', { id: 1, to: 'ana' }]);
  const again = asks(2, ['refund', { to: 'ana', id: 1 }]);

  it('is made of the tool and its arguments, and counts the same calls that succeeded', () => {
    const key = callKey([first], 'call_1_1');
    assert.match(key, /^[0-9a-f]{16}:1$/);
    assert.equal(callKey([first, answers('call_1_1'), again], 'call_2_1'), key.replace(/1$/, '2'));
    assert.notEqual(callKey([asks(1, ['refund', { id: 2 }])], 'call_1_1'), key);
    assert.notEqual(callKey([asks(1, ['repay', { id: 1, to: 'ana' }])], 'call_1_1'), key);
  });

  it('is the same when the call failed, was lost or was refused before, and in every attempt', () => {
    const key = callKey([first], 'call_1_1');
    const failures: JsonObject[] = [{ is_error: true }, { is_error: true, answered: false }];
    for (const more of failures) {
      assert.equal(callKey([first, answers('call_1_1', more), again], 'call_2_1'), key);
    }
    const other = asks(1, ['look', {}], ['refund', { id: 1, to: 'ana' }]);
    assert.equal(callKey([other], 'call_1_2'), key);
  });

  it('is of no call that is not in the transcript', () => {
    assert.throws(() => callKey([first], 'call_9_9'), /expected the call call_9_9/);
  });
});
