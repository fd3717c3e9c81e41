/** Deploying manifests and listing definitions. */
import { z } from 'zod';
import { flag, inNamespace, listOf, name, namespace, paging, time, version } from './contract.ts';

export const deployed = z.object({ message: z.string() }).meta({ id: 'Deployed' });

export const manifestProblem = z
  .object({
    file: z.string().nullable(),
    line: z.int().nullable(),
    column: z.int().nullable(),
    path: z.string(),
    expected: z.string(),
    found: z.string(),
    message: z.string(),
  })
  .meta({ id: 'ManifestProblem' });

export const sagaDefinitionsQuery = z.object({
  ...inNamespace,
  name: name.optional(),
  is_active: flag.optional(),
  ...paging,
});

export const workerDefinitionsQuery = z.object({ ...inNamespace, name: name.optional(), ...paging });

const identity = { id: z.uuid(), namespace, name, version };

export const sagaDefinitionItem = z
  .object({ ...identity, is_active: z.boolean(), created_at: time, updated_at: time })
  .meta({ id: 'SagaDefinition' });

export const workerDefinitionItem = z
  .object({ ...identity, adapter: z.string(), created_at: time, updated_at: time })
  .meta({ id: 'WorkerDefinition' });

export const sagaDefinitionList = listOf(sagaDefinitionItem).meta({ id: 'SagaDefinitionList' });
export const workerDefinitionList = listOf(workerDefinitionItem).meta({ id: 'WorkerDefinitionList' });

export const definitionPath = z.object({ id: z.uuid() });

export type Deployed = z.infer<typeof deployed>;
export type SagaDefinitionItem = z.infer<typeof sagaDefinitionItem>;
export type WorkerDefinitionItem = z.infer<typeof workerDefinitionItem>;
export type SagaDefinitionList = z.infer<typeof sagaDefinitionList>;
export type WorkerDefinitionList = z.infer<typeof workerDefinitionList>;
