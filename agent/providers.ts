/** The model of a worker: one case for each provider. */
import { createMock } from './mock.ts';
import type { MockInput } from './mock.ts';
import type { Model } from './model.ts';

/** The model that a worker's manifest names. */
export function createModel(input: MockInput): Model {
  switch (input.worker.provider) {
    case 'mock':
      return createMock(input);
  }
}
