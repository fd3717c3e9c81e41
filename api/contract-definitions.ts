/** Deploying manifests and listing definitions. */
import { z } from 'zod';
import { anyObject, flag, inNamespace, listOf, name, namespace, paging, time, version } from './contract.ts';
import { plainProblem } from './contract-problem.ts';

export const deployed = z.object({ message: z.string() }).meta({ id: 'Deployed' });

const EXAMPLE = {
  kind: 'worker',
  name: 'clerk',
  version: '1',
  provider: 'mock',
  model_name: 'mock',
  system_prompt: 'You keep notes.',
};

/** A manifest is described in manifests.md; what is sent is read by the one reader of manifests. */
export const manifestSent = {
  'application/yaml': { schema: anyObject, example: EXAMPLE },
  'application/json': { schema: anyObject, example: EXAMPLE },
};

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

/** 400 of a deploy. */
export const manifestRefused = plainProblem
  .extend({ problems: z.array(z.union([manifestProblem, z.looseObject({ message: z.string() })])) })
  .meta({ id: 'ManifestRefused' });

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

/** Any UUID, also of a version or variant that ours are not: there is no such definition. */
export const definitionPath = z.object({ id: z.guid().meta({ format: 'uuid' }) });

export type Deployed = z.infer<typeof deployed>;
export type SagaDefinitionItem = z.infer<typeof sagaDefinitionItem>;
export type WorkerDefinitionItem = z.infer<typeof workerDefinitionItem>;
export type SagaDefinitionList = z.infer<typeof sagaDefinitionList>;
export type WorkerDefinitionList = z.infer<typeof workerDefinitionList>;
