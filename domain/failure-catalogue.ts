/**
 * The failure catalogue: of each code what it means, what Warden does, and what a person can do. `docs/failures.md` is
 * made from it by `scripts/failures-reference.mjs`.
 */
import type { FailureCode } from './failure.ts';
import type { FailureMeaning } from './failure-meaning.ts';
import { MODEL_FAILURES } from './failures-models.ts';
import { RULE_FAILURES } from './failures-rules.ts';
import { TOOL_FAILURES } from './failures-tools.ts';

export const FAILURE_CATALOGUE: Readonly<Record<FailureCode, FailureMeaning>> = {
  ...RULE_FAILURES,
  ...MODEL_FAILURES,
  ...TOOL_FAILURES,
};
