/** The few calls of the HTTP interface that the demo makes, each as a person would with curl. */
import { setTimeout as delay } from 'node:timers/promises';

const millisecondsToWait = 60_000;
const ended = new Set(['COMPLETED', 'FAILED', 'COMPENSATED']);

/** @param {string} api address of the HTTP interface */
export function createDemoClient(api) {
  const call = caller(api);

  async function saga(traceId) {
    const { items } = await call('GET', `/v1/sagas?trace_id=${traceId}`);
    if (items.length !== 1) throw new Error(`expected one saga ${traceId}, found ${items.length}`);
    return items[0];
  }

  const steps = async (traceId) => (await call('GET', `/v1/sagas/steps?trace_id=${traceId}`)).items;

  async function openReview(traceId) {
    const { items } = await call('GET', `/v1/sagas/pending-review?trace_id=${traceId}`);
    return items[0] ?? null;
  }

  return {
    start: async (name, version, input) =>
      (await call('POST', '/v1/sagas/start', { name, version, input })).trace_id,
    saga,
    steps,

    /** Waits until a review is open, or the saga has ended: then null. */
    async nextReview(traceId) {
      const until = Date.now() + millisecondsToWait;
      for (;;) {
        const review = await openReview(traceId);
        if (review !== null) return review;
        const { status, failure } = await saga(traceId);
        if (ended.has(status)) return null;
        if (Date.now() > until) {
          const rows = (await steps(traceId)).map((row) => `${row.step_id} ${row.status}`).join(', ');
          throw new Error(
            `saga ${traceId} neither waits nor ended after ${millisecondsToWait / 1000} s: ${status}, ${rows}, ${JSON.stringify(failure)}`,
          );
        }
        await delay(100);
      }
    },

    /** @param {'approve' | 'reject'} verb */
    decide: (review, verb, body) =>
      call('POST', `/v1/sagas/${review.saga_trace_id}/steps/${review.step_span_id}/${verb}`, {
        iteration: review.iteration,
        payload_hash: review.payload_hash,
        decided_by: 'demo',
        ...body,
      }),
  };
}

function caller(api) {
  return async (method, path, body) => {
    const response = await fetch(`${api}${path}`, {
      method,
      headers: body === undefined ? {} : { 'content-type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: AbortSignal.timeout(30_000),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path} was answered with ${response.status}: ${text}`);
    return JSON.parse(text);
  };
}
