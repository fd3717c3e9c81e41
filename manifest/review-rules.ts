/** How a step is held for review: `hitl`, and the keys that mean something only with it. */
import type { StepDefinition } from '../domain/definition.ts';
import { GUIDANCE_LIMIT } from '../domain/signal.ts';
import { readDuration } from './duration.ts';
import { openFields } from './fields.ts';
import type { Fields } from './fields.ts';
import { shown } from './problem.ts';
import { ANY_TEXT, readText } from './scalar.ts';
import type { NumberRule } from './scalar.ts';
import { complain } from './tree.ts';
import type { At } from './tree.ts';

type ReviewRules = Pick<StepDefinition, 'hitl' | 'hitl_max_retries' | 'hitl_retry_guidance' | 'review'>;

const RETRIES: NumberRule = {
  expected: 'an integer of at least 0',
  integer: true,
  min: 0,
  max: Number.MAX_SAFE_INTEGER,
};
const REVIEW_KEYS = {
  known: ['expires'],
  later: ['reviewers', 'quorum', 'four_eyes', 'risk', 'remind', 'escalate', 'choices', 'form'],
};

export function readReviewRules(fields: Fields): ReviewRules {
  const hitl = fields.boolean('hitl');
  for (const key of ['hitl_max_retries', 'hitl_retry_guidance', 'review']) {
    const at = hitl ? null : fields.child(key);
    if (at === null) continue;
    const message = `${shown(key)} needs "hitl: true": without it nothing is held for review`;
    complain(at, { expected: '"hitl: true" beside it', found: 'a step that is not held', message });
  }
  const review = fields.child('review');
  const expires = review && openFields(review, REVIEW_KEYS, 'a map {expires: …}').child('expires');
  return {
    hitl,
    hitl_max_retries: fields.number('hitl_max_retries', RETRIES),
    hitl_retry_guidance: fields.optionalText('hitl_retry_guidance', {
      expected: 'guidance',
      max: GUIDANCE_LIMIT,
    }),
    review: { expires_ms: expires && readExpiry(expires) },
  };
}

function readExpiry(at: At): number | null {
  const expected = 'a duration';
  const { tree } = at;
  if (tree.kind === 'scalar' && typeof tree.value === 'number') {
    complain(at, { expected, found: `the number ${tree.written}`, hint: 'add the unit: s, m, h or d' });
    return null;
  }
  const text = readText(at, { ...ANY_TEXT, expected });
  if (text === null) return null;
  const reading = readDuration(text);
  if (reading.kind === 'duration') return reading.ms;
  complain(at, { expected, found: shown(text), hint: reading.hint });
  return null;
}
