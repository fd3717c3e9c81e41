/** Lists of definitions: what is deployed, last updated first. */
import { sql } from 'kysely';
import type { Store } from './store.ts';

export interface DefinitionsWanted {
  namespace: string;
  name: string | null;
  limit: number;
  offset: number;
}

export interface SagaDefinitionRow {
  id: string;
  namespace: string;
  name: string;
  version: string;
  is_active: boolean;
  created_at: Date;
  updated_at: Date;
}

const COLUMNS = ['id', 'namespace', 'name', 'version', 'is_active', 'created_at', 'updated_at'] as const;

/** `isActive` null: active or not. */
export async function listSagaDefinitions(
  { db }: Pick<Store, 'db'>,
  wanted: DefinitionsWanted & { isActive: boolean | null },
): Promise<SagaDefinitionRow[]> {
  const { namespace, name, isActive, limit, offset } = wanted;
  return db
    .selectFrom('definitions')
    .select(COLUMNS)
    .where('kind', '=', 'saga')
    .where('namespace', '=', namespace)
    .$if(name !== null, (query) => query.where('name', '=', name ?? ''))
    .$if(isActive !== null, (query) => query.where('is_active', '=', isActive ?? false))
    .orderBy('updated_at', 'desc')
    .orderBy('id')
    .limit(limit)
    .offset(offset)
    .execute();
}

/** One saga definition of any namespace; null when there is none of that id. */
export async function findSagaDefinition(
  { db }: Pick<Store, 'db'>,
  id: string,
): Promise<SagaDefinitionRow | null> {
  const row = await db
    .selectFrom('definitions')
    .select(COLUMNS)
    .where('kind', '=', 'saga')
    .where('id', '=', id)
    .executeTakeFirst();
  return row ?? null;
}

export interface WorkerDefinitionRow {
  id: string;
  namespace: string;
  name: string;
  version: string;
  adapter: string;
  created_at: Date;
  updated_at: Date;
}

export async function listWorkerDefinitions(
  { db }: Pick<Store, 'db'>,
  wanted: DefinitionsWanted,
): Promise<WorkerDefinitionRow[]> {
  const { namespace, name, limit, offset } = wanted;
  return (
    db
      .selectFrom('definitions as d')
      .innerJoin('definition_bodies as b', 'b.digest', 'd.digest')
      .select(['d.id', 'd.namespace', 'd.name', 'd.version', 'd.created_at', 'd.updated_at'])
      // Every worker runs on the one adapter; manifests may name it for the sake of older engines.
      .select(sql<string>`coalesce(b.body::jsonb->>'adapter', 'langchain')`.as('adapter'))
      .where('d.kind', '=', 'worker')
      .where('d.namespace', '=', namespace)
      .$if(name !== null, (query) => query.where('d.name', '=', name ?? ''))
      .orderBy('d.updated_at', 'desc')
      .orderBy('d.id')
      .limit(limit)
      .offset(offset)
      .execute()
  );
}
