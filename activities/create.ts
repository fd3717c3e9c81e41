/** All activities of a saga over one store and one set of tool servers. */
import type { Activities } from '../domain/answers.ts';
import { loadSaga } from '../store/context.ts';
import { settle } from '../store/settle.ts';
import { finishSaga } from '../store/undo.ts';
import { createAct } from './act.ts';
import type { ActivityDeps } from './deps.ts';
import { createGate } from './gate.ts';
import { createPrepare } from './prepare.ts';
import { createReason } from './reason.ts';
import { createUndo } from './undo.ts';

export function createActivities(deps: ActivityDeps): Activities {
  const gate = createGate();
  return {
    reason: createReason(deps, gate),
    prepare: createPrepare(deps, gate),
    act: createAct(deps, gate),
    undo: createUndo(deps),
    settle: (input) => settle(deps.store, deps.trust, input),
    finish: async ({ traceId, cause }) => finishSaga(deps.store, await loadSaga(deps.store, traceId), cause),
  };
}
