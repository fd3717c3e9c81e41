/**
 * Definitions: deployed manifests as rows, their bodies by digest. Bodies are never changed or removed, so what a
 * saga froze at its start is what it runs, whatever is deployed later.
 */
import { randomUUID } from 'node:crypto';
import { sql, type Transaction } from 'kysely';
import type { Definition, Identity, SagaDefinition, WorkerDefinition } from '../domain/definition.ts';
import { digest } from '../ledger/canonical.ts';
import type { Actor } from '../ledger/entry.ts';
import { readClock } from './clock.ts';
import { recordInNamespace } from './ledger.ts';
import type { Store } from './store.ts';
import { readStoredBody } from './stored-body.ts';
import type { DefinitionBody, Frozen, Tables } from './tables.ts';

/** Bodies kept in memory by one process. */
const KEPT = 1000;

export interface Deployed {
  id: string;
  digest: string;
  kind: 'created' | 'replaced' | 'unchanged';
}

/** The definitions that one saga froze. */
export interface FrozenDefinitions {
  saga: SagaDefinition;
  /** Throws when the saga did not freeze such a worker, which a deployed saga cannot name. */
  worker(name: string, version: string): WorkerDefinition;
}

/**
 * Makes a definition the active one of its name. The same identity again replaces it under the same id; sagas that
 * run keep what they froze. The namespace's chain row is locked first, so deploys of a namespace come in turn.
 */
export async function deploy(store: Store, definition: Definition, actor: Actor): Promise<Deployed> {
  const { kind, namespace, name, version } = definition;
  const hash = digest(definition);
  const deployed = await store.db.transaction().execute(async (tx) => {
    await recordInNamespace(store, tx, namespace, [
      { type: 'deploy', actor, data: { kind, name, version, digest: hash } },
    ]);
    await insertBody(tx, hash, definition);
    const now = await readClock(store, tx);
    const earlier = await findDefinition({ db: tx }, kind, definition);
    await tx
      .updateTable('definitions')
      .set({ is_active: false })
      .where('kind', '=', kind)
      .where('namespace', '=', namespace)
      .where('name', '=', name)
      .where('is_active', '=', true)
      .execute();
    const row = { digest: hash, is_active: true, updated_at: now };
    const { id } = await tx
      .insertInto('definitions')
      .values({ ...row, id: randomUUID(), kind, namespace, name, version, created_at: now })
      .onConflict((conflict) => conflict.columns(['kind', 'namespace', 'name', 'version']).doUpdateSet(row))
      .returning('id')
      .executeTakeFirstOrThrow();
    return { id, digest: hash, kind: kindOf(earlier?.digest, hash) };
  });
  store.announce('entry');
  return deployed;
}

function kindOf(earlier: string | undefined, now: string): Deployed['kind'] {
  if (earlier === undefined) return 'created';
  return earlier === now ? 'unchanged' : 'replaced';
}

async function insertBody(tx: Transaction<Tables>, hash: string, body: DefinitionBody): Promise<void> {
  await tx
    .insertInto('definition_bodies')
    // Not jsonb, which would sort members: the order of schemas and bindings is the author's.
    .values({ digest: hash, body: sql`${JSON.stringify(body)}::text::json` })
    .onConflict((conflict) => conflict.column('digest').doNothing())
    .execute();
}

/** The row of an identity, null when nothing of that name and version was deployed. */
export async function findDefinition(
  { db }: Pick<Store, 'db'>,
  kind: Definition['kind'],
  { namespace, name, version }: Identity,
): Promise<{ id: string; digest: string } | null> {
  const row = await db
    .selectFrom('definitions')
    .select(['id', 'digest'])
    .where('kind', '=', kind)
    .where('namespace', '=', namespace)
    .where('name', '=', name)
    .where('version', '=', version)
    .executeTakeFirst();
  return row ?? null;
}

/** Keeps what a saga froze, in the transaction that starts it; answers its digest. */
export async function freeze(tx: Transaction<Tables>, frozen: Frozen): Promise<string> {
  const hash = digest(frozen);
  await insertBody(tx, hash, frozen);
  return hash;
}

/** A deployed definition by its digest. Throws when there is none. */
export async function loadDefinition(store: Store, hash: string): Promise<Definition> {
  const body = await loadBody(store, hash);
  if (body.kind === 'frozen') throw new Error(`expected a definition under ${hash}, found what a saga froze`);
  return body;
}

/** What a saga froze, by the digest in its row: one query the first time, none after it. */
export async function loadFrozen(store: Store, hash: string): Promise<FrozenDefinitions> {
  const frozen = await loadBody(store, hash);
  if (frozen.kind !== 'frozen')
    throw new Error(`expected what a saga froze under ${hash}, found a ${frozen.kind}`);
  const saga = await loadDefinition(store, frozen.saga);
  if (saga.kind !== 'saga') throw new Error(`expected a saga under ${frozen.saga}, found a ${saga.kind}`);
  const workers = new Map<string, WorkerDefinition>();
  for (const [key, workerDigest] of Object.entries(frozen.workers)) {
    const worker = await loadDefinition(store, workerDigest);
    if (worker.kind === 'worker') workers.set(key, worker);
  }
  return {
    saga,
    worker: (name, version) => {
      const worker = workers.get(workerKey(name, version));
      if (!worker)
        throw new Error(`expected worker ${workerKey(name, version)} in what the saga froze, found none`);
      return worker;
    },
  };
}

export function workerKey(name: string, version: string): string {
  return `${name}@${version}`;
}

async function loadBody(store: Store, hash: string): Promise<DefinitionBody> {
  const known = store.bodies.get(hash);
  if (known) return known;
  const row = await store.db
    .selectFrom('definition_bodies')
    .select('body')
    .where('digest', '=', hash)
    .executeTakeFirst();
  if (!row) throw new Error(`expected a definition with digest ${hash} in the store, found none`);
  if (store.bodies.size >= KEPT) store.bodies.clear();
  const body = readStoredBody(row.body);
  store.bodies.set(hash, body);
  return body;
}
