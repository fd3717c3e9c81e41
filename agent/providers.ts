/** The model of a worker: one entry for each provider. */
import type { WorkerDefinition } from '../domain/definition.ts';
import { createMock } from './mock.ts';
import type { MockInput } from './mock.ts';
import type { Model } from './model.ts';

const PROVIDERS: Readonly<Record<WorkerDefinition['provider'], (input: MockInput) => Model>> = {
  mock: createMock,
};

/** The model that a worker's manifest names. */
export function createModel(input: MockInput): Model {
  return PROVIDERS[input.worker.provider](input);
}
