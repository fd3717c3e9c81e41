import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { errorDetails, FAILURE_CODES, StepFailed } from '../../domain/failure.ts';

describe('error_details of a step', () => {
  it('have code, message, the message again as error, and the context', () => {
    const { failure } = new StepFailed('TOOL_NOT_ALLOWED', 'no', { tool: 'x', allowed_tools: [] });
    assert.deepEqual(errorDetails(failure), {
      code: 'TOOL_NOT_ALLOWED',
      message: 'no',
      error: 'no',
      tool: 'x',
      allowed_tools: [],
    });
  });

  it('keep their own code and message, whatever the context says', () => {
    const context = { code: 'CANCELLED', message: 'other', error: 'other' };
    const details = errorDetails(new StepFailed('LLM_FAILED', 'away', context).failure);
    assert.deepEqual(details, { code: 'LLM_FAILED', message: 'away', error: 'away' });
  });
});

it('the failure catalogue names each code once', () => {
  assert.equal(new Set(FAILURE_CODES).size, FAILURE_CODES.length);
});
