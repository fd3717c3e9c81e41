/** A stand-in for the saga's workflow: it runs a first task, so that it can be reset, and breaks when told to. */
import { condition, defineSignal, setHandler } from '@temporalio/workflow';

export async function saga(): Promise<void> {
  setHandler(defineSignal('break'), () => {
    throw new TypeError('a bug');
  });
  setHandler(defineSignal('approve'), () => undefined);
  await condition(() => false);
}
