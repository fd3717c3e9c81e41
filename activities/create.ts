/** All activities of a saga over one store and one set of tool servers. */
import { stepQuestion, type Activities, type Answered } from '../domain/answers.ts';
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
  const { store, trust } = deps;
  const undo = createUndo(deps);
  return {
    reason: answering(createReason(deps, gate), stepQuestion),
    prepare: answering(createPrepare(deps, gate), stepQuestion),
    act: answering(createAct(deps, gate), stepQuestion),
    undo: answering(undo, ({ span }) => span),
    settle: answering(
      (input) => settle(store, trust, input),
      ({ id }) => id,
    ),
    finish: answering(
      async ({ traceId, cause }) => finishSaga(store, await loadSaga(store, traceId), cause),
      ({ traceId }) => traceId,
    ),
  };
}

function answering<Input, Answer extends object>(
  activity: (input: Input) => Promise<Answer>,
  question: (input: Input) => string,
): (input: Input) => Promise<Answered<Answer>> {
  return async (input) => ({ ...(await activity(input)), of: question(input) });
}
