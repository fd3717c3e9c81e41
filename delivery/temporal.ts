/**
 * Calls to Temporal, each with a deadline. What is asked of a workflow goes through the raw interface, because only
 * there the request's id can be given, by which Temporal drops a request that it has already had.
 */
import { WorkflowNotFoundError, isGrpcServiceError, type Client } from '@temporalio/client';

/** Measured: a healthy call takes milliseconds; a server that is away lets a call wait for all of it. */
export const CALL_MS = 5_000;

/**
 * Channel arguments of the connection to Temporal: how soon it is tried again after it broke. Measured with a server
 * that was away for 40 s: the first request after its return waits 9 s with the defaults of gRPC.
 */
export const RECONNECT = { 'grpc.initial_reconnect_backoff_ms': 100, 'grpc.max_reconnect_backoff_ms': 1_000 };

/** A call that Temporal answers within the deadline, or that fails. */
export function call<T>(client: Client, ask: () => Promise<T>, deadlineMs: number = CALL_MS): Promise<T> {
  return client.withDeadline(Date.now() + deadlineMs, ask);
}

/** Where a saga's workflow stands: its present run. `unknown`: Temporal has never heard of it, or forgot it. */
export type Standing =
  | { kind: 'running'; runId: string }
  | { kind: 'closed'; runId: string; status: string }
  | { kind: 'unknown' };

/** Asks where a workflow stands. Rejects with every error but "not found", a namespace not found included. */
export async function standing(client: Client, id: string): Promise<Standing> {
  try {
    const { status, runId } = await call(client, () => client.workflow.getHandle(id).describe());
    const open = status.name === 'RUNNING' || status.name === 'PAUSED';
    return open ? { kind: 'running', runId } : { kind: 'closed', runId, status: status.name };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return { kind: 'unknown' };
    throw error;
  }
}

/** Whether a run was made by a reset: its history then begins with the start of the run that was reset. */
export async function isReset(client: Client, id: string, runId: string): Promise<boolean> {
  const { namespace } = client.options;
  const request = { namespace, execution: { workflowId: id, runId }, maximumPageSize: 1 };
  const page = await call(client, () => client.workflowService.getWorkflowExecutionHistory(request));
  const started = page.history?.events?.[0]?.workflowExecutionStartedEventAttributes;
  return started?.originalExecutionRunId !== runId;
}

const CODES = { deadline: 4, notFound: 5, alreadyExists: 6, exhausted: 8, unavailable: 14 } as const;

/** Temporal has no open workflow for a request: it never had, or it has closed. */
export function isGone(error: unknown): boolean {
  const code = codeOf(error);
  return code === CODES.notFound || code === CODES.alreadyExists;
}

/** Temporal is away or has too much to do: every other request would fare the same. */
export function isAway(error: unknown): boolean {
  const code = codeOf(error);
  return code === CODES.unavailable || code === CODES.deadline || code === CODES.exhausted;
}

function codeOf(error: unknown): number | null {
  if (isGrpcServiceError(error)) return error.code;
  return error instanceof Error && isGrpcServiceError(error.cause) ? error.cause.code : null;
}

/** An error in words, for the request's row and the log. */
export function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? `: ${error.cause.message}` : '';
  return `${error.message}${cause}`.slice(0, 1000);
}
