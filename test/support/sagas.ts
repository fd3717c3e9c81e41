/** What tests ask of sagas through the public interface, and the manifests that they run. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { createApiClient } from '../../api/client.ts';
import { fixtures, until } from './stack.ts';

type Http = ReturnType<typeof createApiClient>;

/** Deploys all manifests of the tests, workers first. */
export async function deployFixtures({ http }: { http: Http }): Promise<void> {
  const folder = join(fixtures, 'manifests');
  const texts = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'));
  const isWorker = (text: string): boolean => /^kind: worker/m.test(text);
  for (const text of texts.filter(isWorker)) await http.deploy(text);
  for (const text of texts.filter((each) => !isWorker(each))) await http.deploy(text);
}

/** Starts a saga of the tests and answers its trace id. */
export async function started({ http }: { http: Http }, name: string, input: object): Promise<string> {
  const { trace_id } = await http.startSaga({ name, version: '1', input: { ...input } });
  return trace_id;
}

/** The open review of a saga, waited for. */
export function review({ http }: { http: Http }, traceId: string) {
  return until(
    `a review of ${traceId}`,
    async () => (await http.pendingReviews({ trace_id: traceId })).items[0],
  );
}

export async function saga({ http }: { http: Http }, traceId: string) {
  const [found] = (await http.listSagas({ trace_id: traceId })).items;
  if (!found) throw new Error(`expected saga ${traceId} in the list, found none`);
  return found;
}

export async function steps({ http }: { http: Http }, traceId: string) {
  return (await http.listSteps({ trace_id: traceId, limit: 100 })).items;
}

/** The saga once it has ended, waited for. */
export function ended(stack: { http: Http }, traceId: string, timeoutMs?: number) {
  const look = async () => {
    const found = await saga(stack, traceId);
    return found.ended_at === null ? null : found;
  };
  return until(`the end of ${traceId}`, look, timeoutMs);
}
