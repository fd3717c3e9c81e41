/** What Temporal shows of a saga's workflow without asking a worker, and waiting for it. */
import { defineSearchAttributeKey } from '@temporalio/common';
import { review } from '../support/sagas.ts';
import { until, type Stack } from '../support/stack.ts';
import { ATTRIBUTES, workflowId } from '../../workflows/messages.ts';

const STATUS = defineSearchAttributeKey(ATTRIBUTES.status.name, ATTRIBUTES.status.type);
const STEP = defineSearchAttributeKey(ATTRIBUTES.step.name, ATTRIBUTES.step.type);
const DUE = defineSearchAttributeKey(ATTRIBUTES.due.name, ATTRIBUTES.due.type);

/** Temporal's own status of the workflow, its search attributes, and its memo. */
export async function shownOf({ client }: Pick<Stack, 'client'>, traceId: string) {
  const described = await client.workflow.getHandle(workflowId(traceId)).describe();
  const attributes = described.typedSearchAttributes;
  return {
    workflow: described.status.name,
    runId: described.runId,
    status: attributes.get(STATUS),
    step: attributes.get(STEP),
    due: attributes.get(DUE),
    memo: textsOf(described.memo?.['warden']),
    memoBytes: sizeOf(described.raw.workflowExecutionInfo?.memo?.fields?.['warden']?.data),
  };
}

function sizeOf(data: Uint8Array | null | undefined): number {
  return data?.length ?? 0;
}

/**
 * The open review, once its hold shows it in Temporal: whoever decides before that is not wrong, but the history is
 * a shorter one.
 */
export async function heldAt(stack: Stack, traceId: string, name: string) {
  return until(`the hold of ${name}`, async () => {
    const open = await review(stack, traceId);
    const { memo, status } = await shownOf(stack, traceId);
    return status === 'AWAITING_HUMAN' && memo['review'] === name && open;
  });
}

/** Ours has texts only. */
function textsOf(memo: unknown): Record<string, string> {
  if (typeof memo !== 'object' || memo === null) return {};
  return Object.fromEntries(Object.entries(memo).map(([name, value]) => [name, String(value)]));
}
