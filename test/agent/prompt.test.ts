import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { renderPrompt } from '../../agent/prompt.ts';
import { allowance, reasonStep } from './runs.ts';

const prompt = (template: string) =>
  reasonStep({ tools: [allowance('read'), allowance('list')], prompt: { ref: 'p.md', template } });

describe('the prompt of a reason step', () => {
  it('shows with values and allowed_tools; undefined prints empty', () => {
    const step = prompt('On {{ topic }}{{ nothing }} with {{ allowed_tools | join(", ") }}.');
    assert.equal(
      renderPrompt({ step, arguments: { topic: 'bees' }, guidance: null }),
      'On bees with read, list.',
    );
  });

  it('without a placeholder is sent as it is', () => {
    const step = prompt('100 % {plain}');
    assert.equal(renderPrompt({ step, arguments: {}, guidance: null }), '100 % {plain}');
  });

  it('shows the guidance of a retry as text, whether the template has it or not', () => {
    const retry = { attempt: 2, max_retries: 3, guidance: 'shorter {{ topic }}' };
    const rendered = renderPrompt({
      step: prompt('Try {{ _hitl_retry.attempt }}.'),
      arguments: { _hitl_retry: retry },
      guidance: retry.guidance,
    });
    assert.equal(
      rendered,
      'Try 2.\n\nA reviewer read the earlier answer and asked for another one (retry 2 of 3). ' +
        'Their guidance:\nshorter {{ topic }}',
    );
  });

  it('says that a retry was asked for also when there is no guidance', () => {
    const asked = { step: prompt('p'), arguments: { _hitl_retry: { attempt: 1, max_retries: null } } };
    assert.match(renderPrompt({ ...asked, guidance: null }), /asked for another one \(retry 1\)\.$/);
  });
});
