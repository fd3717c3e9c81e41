/** What Temporal's visibility lists of sagas' workflows, page by page, each page a call with a deadline. */
import { defaultPayloadConverter, type Client } from '@temporalio/client';
import { workflowId, WORKFLOW_TYPE } from '../workflows/messages.ts';
import { call } from './temporal.ts';

export interface Listed {
  traceId: string;
  runId: string;
  /** Values of `TemporalReportedProblems`: `category=…` and `cause=…`. */
  problems: string[];
}

const PAGE = 500;
const LIST_MS = 15_000;
const PROBLEMS = 'TemporalReportedProblems';

/** Lists workflows of our type that meet `condition`, an expression of Temporal's list filter. */
export async function* listPages(
  client: Client,
  condition: string,
): AsyncGenerator<Listed[], void, undefined> {
  const { namespace } = client.options;
  const query = `WorkflowType = '${WORKFLOW_TYPE}' AND ${condition}`;
  let nextPageToken: Uint8Array | undefined;
  do {
    const request = { namespace, query, pageSize: PAGE, ...(nextPageToken && { nextPageToken }) };
    const page = await call(client, () => client.workflowService.listWorkflowExecutions(request), LIST_MS);
    yield page.executions.flatMap(({ execution, searchAttributes }) => {
      const traceId = traceIdOf(execution?.workflowId ?? '');
      // Another program may run workflows of this name in the same namespace.
      if (traceId === null) return [];
      const payload = searchAttributes?.indexedFields?.[PROBLEMS];
      return { traceId, runId: execution?.runId ?? '', problems: payload ? textsIn(payload) : [] };
    });
    nextPageToken = page.nextPageToken;
  } while (nextPageToken.length > 0);
}

const PREFIX = workflowId('');

/** The saga of a workflow id; null when it is not one of ours. */
function traceIdOf(id: string): string | null {
  const traceId = id.startsWith(PREFIX) ? id.slice(PREFIX.length) : '';
  return /^[0-9a-f]{32}$/.test(traceId) ? traceId : null;
}

function textsIn(payload: Parameters<typeof defaultPayloadConverter.fromPayload>[0]): string[] {
  const value: unknown = defaultPayloadConverter.fromPayload(payload);
  const values: unknown[] = Array.isArray(value) ? value : [value];
  return values.filter((each) => typeof each === 'string');
}
