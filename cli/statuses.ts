/** The statuses as the server names them. */
import type { ApiClient } from '../api/client.ts';

type Saga = Awaited<ReturnType<ApiClient['listSagas']>>['items'][number];
type Step = Awaited<ReturnType<ApiClient['listSteps']>>['items'][number];

export const SAGA_STATUSES: readonly Saga['status'][] = [
  ...(['PENDING', 'RUNNING', 'AWAITING_HUMAN', 'COMPLETED'] as const),
  ...(['COMPENSATING', 'COMPENSATED', 'FAILED'] as const),
];

export const STEP_STATUSES: readonly Step['status'][] = [
  ...(['PENDING', 'IN_PROGRESS', 'AWAITING_HUMAN', 'COMPLETED', 'FAILED', 'TIMED_OUT'] as const),
  ...(['SKIPPED', 'COMPENSATING', 'COMPENSATED'] as const),
];
