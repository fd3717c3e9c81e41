/** Sagas that crash tests run, and what must be true of each when everything is over. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ApiUnreachable, type ApiClient } from '../../api/client.ts';
import { readExportLine } from '../../ledger/export-line.ts';
import { createVerifier } from '../../ledger/verify.ts';
import type { Cluster } from '../support/cluster.ts';
import { saga, steps } from '../support/sagas.ts';
import { until, type RecordLine } from '../support/stack.ts';

/** A saga that is to write one note, and what it was told. */
export interface Subject {
  traceId: string;
  /** Path of its note, and the note's text. */
  note: string;
}

export type Verdict = 'approve' | 'reject';

/**
 * completed: its note is there. rejected: a person said no. crashed: a call may have taken effect and nobody can
 * know, so the saga was undone, that step included.
 */
export type Fate = 'completed' | 'rejected' | 'crashed';

let started = 0;

export async function startSubjects({ http }: Cluster, name: string, count: number): Promise<Subject[]> {
  const starts = Array.from({ length: count }, async () => {
    const note = `${name}-${(started += 1)}.md`;
    const input = { write: note, first: `first-${note}`, subject: note };
    const { trace_id } = await http.startSaga({ name, version: '1', input });
    return { traceId: trace_id, note };
  });
  return await Promise.all(starts);
}

/** Waits until each of them waits for a person. */
export async function allHeld({ http }: Cluster, subjects: readonly Subject[]): Promise<void> {
  await until(
    `${subjects.length} open reviews`,
    unlessAway(async () => {
      const open = new Set((await pendingReviews(http)).map((each) => each.saga_trace_id));
      return subjects.every(({ traceId }) => open.has(traceId));
    }),
    90_000,
  );
}

async function pendingReviews(http: ApiClient) {
  const pages = await Promise.all([0, 100].map((offset) => http.pendingReviews({ limit: 100, offset })));
  return pages.flatMap((page) => page.items);
}

/** Decides once; rejects when the server has no answer for it. */
export async function decide({ http }: Cluster, { traceId }: Subject, verdict: Verdict): Promise<string> {
  const { items } = await http.listSteps({ trace_id: traceId });
  const step = items.find(({ step_id }) => step_id === 'write' || step_id === 'review');
  assert.ok(step, `expected a step that is reviewed in saga ${traceId}`);
  return (await http[verdict](traceId, step.step_span_id)).status;
}

/** Decides as a person would whose server goes away: asks again until there is an answer. */
export async function insist(cluster: Cluster, subject: Subject, verdict: Verdict): Promise<string> {
  const ask = () => decide(cluster, subject, verdict);
  return await until(`an answer to "${verdict}" on ${subject.traceId}`, unlessAway(ask));
}

/** Waits until none of them is in flight. */
export async function allEnded(
  { http }: Cluster,
  subjects: readonly Subject[],
  timeoutMs = 180_000,
): Promise<void> {
  const wanted = new Set(subjects.map(({ traceId }) => traceId));
  let left: string[] = [];
  const look = unlessAway(async () => {
    const pages = await Promise.all(
      [0, 100].map((offset) => http.listSagas({ in_flight: true, limit: 100, offset })),
    );
    left = pages
      .flatMap(({ items }) => items)
      .filter(({ trace_id }) => wanted.has(trace_id))
      .map(({ trace_id, name, status }) => `${trace_id} ${name} ${status}`);
    return left.length === 0;
  });
  await until('the end of all sagas', look, timeoutMs).catch((error: unknown) => {
    throw new Error(`in flight after ${timeoutMs} ms:\n${left.join('\n')}`, { cause: error });
  });
}

/** A look that finds nothing while the server is away. */
function unlessAway<Found>(look: () => Promise<Found>): () => Promise<Found | null> {
  return async () => {
    try {
      return await look();
    } catch (error) {
      if (error instanceof ApiUnreachable) return null;
      throw error;
    }
  };
}

/** The saga ended in one of these ways, and everything about it agrees: rows, notes, and the record of the tools. */
export async function assertFate(cluster: Cluster, subject: Subject, ...allowed: Fate[]): Promise<Fate> {
  const { traceId, note } = subject;
  const { status, failure } = await saga(cluster, traceId);
  const fate = fateOf(status, failure?.code ?? null);
  assert.ok(
    fate !== null && allowed.includes(fate),
    `expected ${note} (${traceId}) to be ${allowed.join(' or ')}; it is ${status} ${failure?.code ?? ''}`,
  );
  const rows = await steps(cluster, traceId);
  const write = rows.find(({ step_id, compensates_span_id }) => step_id === 'write' && !compensates_span_id);
  assert.ok(write, `expected a step "write" in saga ${traceId}`);
  const key = `${traceId}:${write.step_span_id}`;
  const effects = effectsOf(cluster.record(), key).length;
  const file = join(cluster.notes.folder, note);
  assert.equal(existsSync(file), fate === 'completed', `the file ${note} of a saga that was ${fate}`);
  if (fate === 'completed') {
    assert.equal(effects, 1, `effects of ${note}`);
    assert.equal(readFileSync(file, 'utf8'), note);
  }
  if (fate === 'rejected') assert.equal(effects, 0, `effects of ${note}, which was rejected`);
  if (fate === 'crashed') {
    assert.equal(write.status, 'FAILED');
    const undo = rows.find(({ compensates_span_id }) => compensates_span_id === write.step_span_id);
    assert.equal(undo?.status, 'COMPENSATED', `the undo of ${note}`);
    assert.ok(cluster.record().some(({ event, undone }) => event === 'undo' && undone === key));
  }
  return fate;
}

function fateOf(status: string, code: string | null): Fate | null {
  if (status === 'COMPLETED') return 'completed';
  if (status !== 'COMPENSATED' && status !== 'FAILED') return null;
  if (code === 'HUMAN_REJECTED') return 'rejected';
  return status === 'COMPENSATED' && code === 'SYSTEM_CRASH' ? 'crashed' : null;
}

export function effectsOf(record: readonly RecordLine[], key: string): RecordLine[] {
  return record.filter((line) => line.event === 'effect' && line.key === key);
}

/** By the tool server's own record, no idempotency key took effect twice. */
export function assertOncePerKey(cluster: Cluster): void {
  const counts = new Map<string, number>();
  for (const { event, key } of cluster.record()) {
    if (event === 'effect' && key) counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const twice = [...counts].filter(([, count]) => count > 1);
  assert.deepEqual(twice, [], 'keys with more than one effect');
}

/** The exported ledger verifies, and says once of each saga that it began, was decided, and ended. */
export async function assertLedger(cluster: Cluster, subjects: readonly Subject[]): Promise<void> {
  const lines = await until('the ends of all sagas in the ledger', async () => {
    const text = await (await cluster.http.exportLedger()).text();
    const found = text.split('\n');
    const ends = new Set(entriesOf(found).flatMap((each) => (each.type === 'end' ? each.trace_id : [])));
    return subjects.every(({ traceId }) => ends.has(traceId)) ? found : null;
  });
  const verifier = createVerifier();
  for (const line of lines) verifier.feed(line);
  assert.equal(verifier.finish().problem, null);
  const counts = new Map<string, number>();
  for (const { type, trace_id } of entriesOf(lines)) {
    const kind = type.startsWith('decision.') ? 'decision' : type;
    if (trace_id && ['start', 'decision', 'end'].includes(kind)) {
      const name = `${kind} of ${trace_id}`;
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
  }
  assert.deepEqual(
    [...counts].filter(([, count]) => count !== 1),
    [],
    'facts that the ledger has twice',
  );
}

function entriesOf(lines: readonly string[]) {
  return lines.flatMap((text) => {
    const line = readExportLine(text);
    return line.kind === 'entry' ? line.entry : [];
  });
}
