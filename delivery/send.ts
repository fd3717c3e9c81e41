/** One request, said to Temporal in its own words: start, signal or cancel. */
import { defaultPayloadConverter, type Client } from '@temporalio/client';
import {
  encodeWorkflowIdConflictPolicy,
  encodeWorkflowIdReusePolicy,
  type SearchAttributePair,
} from '@temporalio/common';
import { encodeUnifiedSearchAttributes } from '@temporalio/common/lib/converter/payload-search-attributes.js';
import { msToTs } from '@temporalio/common/lib/time.js';
import { namesOf } from '../store/in-flight.ts';
import type { Request } from '../store/requests.ts';
import { sagaInput } from '../store/start.ts';
import type { Store } from '../store/store.ts';
import {
  ATTRIBUTES,
  SIGNALS,
  workflowId,
  WORKFLOW_TYPE,
  type RequestMessage,
} from '../workflows/messages.ts';
import { call } from './temporal.ts';

export interface Sending {
  store: Store;
  client: Client;
  taskQueue: string;
}

/**
 * A worker process that was killed in the middle of a task is noticed after this. Temporal's default is 10 s; a
 * task of ours takes at most the 2 s of a local activity.
 */
const TASK_TIMEOUT_MS = 5_000;

/**
 * Sends a request. Answers the run of the workflow when it was a start, else null. Rejects with the error of
 * Temporal (isGone: there is no open workflow for it) or of the store.
 */
export async function send(sending: Sending, request: Request): Promise<string | null> {
  switch (request.kind) {
    case 'start':
      return start(sending, request);
    case 'approve':
    case 'reject':
    case 'retry':
      await signal(sending, request, SIGNALS[request.kind].name);
      return null;
    case 'retry_step':
    case 'retry_compensation':
      await signal(sending, request, request.kind);
      return null;
    case 'cancel':
      await cancel(sending, request);
      return null;
  }
}

/** Starting what runs already answers its run; what has run to its end is "already exists". */
async function start({ store, client, taskQueue }: Sending, request: Request): Promise<string> {
  const { namespace, name, version } = await namesOf(store, request.trace_id);
  const input = await sagaInput(store, request.trace_id);
  const summary = `${namespace}/${name} ${version}`.slice(0, 200);
  const details = `Saga ${name} ${version} of namespace ${namespace}, trace id ${request.trace_id}`;
  const attributes: SearchAttributePair[] = [
    { key: ATTRIBUTES.status, value: 'RUNNING' },
    { key: ATTRIBUTES.namespace, value: namespace },
    { key: ATTRIBUTES.saga, value: name },
  ];
  const { runId } = await call(client, () =>
    client.workflowService.startWorkflowExecution({
      ...sender(client, request),
      workflowId: workflowId(request.trace_id),
      workflowIdReusePolicy: encodeWorkflowIdReusePolicy('REJECT_DUPLICATE'),
      workflowIdConflictPolicy: encodeWorkflowIdConflictPolicy('USE_EXISTING'),
      workflowType: { name: WORKFLOW_TYPE },
      taskQueue: { name: taskQueue },
      input: { payloads: [defaultPayloadConverter.toPayload(input)] },
      workflowTaskTimeout: msToTs(TASK_TIMEOUT_MS),
      searchAttributes: { indexedFields: encodeUnifiedSearchAttributes(undefined, attributes) },
      userMetadata: {
        summary: defaultPayloadConverter.toPayload(summary),
        details: defaultPayloadConverter.toPayload(details),
      },
    }),
  );
  return runId;
}

async function signal({ client }: Sending, request: Request, signalName: string): Promise<void> {
  const message: RequestMessage = { request: request.id };
  await call(client, () =>
    client.workflowService.signalWorkflowExecution({
      ...sender(client, request),
      workflowExecution: { workflowId: workflowId(request.trace_id) },
      signalName,
      input: { payloads: [defaultPayloadConverter.toPayload(message)] },
    }),
  );
}

async function cancel({ client }: Sending, request: Request): Promise<void> {
  await call(client, () =>
    client.workflowService.requestCancelWorkflowExecution({
      ...sender(client, request),
      workflowExecution: { workflowId: workflowId(request.trace_id) },
      reason: 'cancelled through Warden',
    }),
  );
}

function sender({ options }: Client, request: Request) {
  return { namespace: options.namespace, identity: options.identity, requestId: request.id };
}
