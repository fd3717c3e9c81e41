import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { CANARY, ENDINGS } from '../replay/endings.ts';
import { deployFixtures } from '../support/sagas.ts';
import { startStack, type Stack } from '../support/stack.ts';
import { billableActions, eventsOf, eventTypes, historyOf, textsIn, type History } from './history.ts';

const task = ['WorkflowTaskScheduled', 'WorkflowTaskStarted', 'WorkflowTaskCompleted'];
const activity = ['ActivityTaskScheduled', 'ActivityTaskStarted', 'ActivityTaskCompleted'];

/** What the lists below are written in. */
const WORDS: Readonly<Record<string, string[]>> = {
  start: ['WorkflowExecutionStarted'],
  task,
  activity,
  scheduled: ['ActivityTaskScheduled'],
  answered: ['ActivityTaskStarted', 'ActivityTaskCompleted'],
  /** An activity after the other, with the task that scheduled it. */
  step: [...task, ...activity],
  settle: ['MarkerRecorded'],
  finish: ['MarkerRecorded'],
  status: ['UpsertWorkflowSearchAttributes'],
  hold: ['UpsertWorkflowSearchAttributes', 'WorkflowPropertiesModified'],
  timer: ['TimerStarted'],
  fired: ['TimerFired'],
  stopped: ['TimerCanceled'],
  signal: ['WorkflowExecutionSignaled'],
  cancel: ['WorkflowExecutionCancelRequested'],
  completed: ['WorkflowExecutionCompleted'],
  failed: ['WorkflowExecutionFailed'],
  canceled: ['WorkflowExecutionCanceled'],
};

interface Budget {
  events: number;
  actions: number;
  /** The events in order: each text what one cause led to. */
  list: string[];
}

const BUDGETS: Readonly<Record<string, Budget>> = {
  completed: {
    events: 31,
    actions: 8,
    list: ['start step step task hold', 'signal task settle status activity task completed'],
  },
  'completed-before-a-deadline': {
    events: 33,
    actions: 9,
    list: ['start step step task hold timer', 'signal task settle stopped status activity task completed'],
  },
  'held-commit-approved': {
    events: 38,
    actions: 9,
    list: ['start step step step task hold timer', 'signal task stopped status activity task completed'],
  },
  'retried-then-approved': {
    events: 49,
    actions: 15,
    list: [
      'start step step task hold timer',
      'signal task settle stopped status activity task hold timer',
      'signal task settle stopped status activity task completed',
    ],
  },
  'rejected-and-undone': {
    events: 34,
    actions: 10,
    list: [
      'start step step task hold timer',
      'signal task settle stopped status activity task status failed',
    ],
  },
  'rejected-with-nothing-to-undo': {
    events: 29,
    actions: 9,
    list: ['start step step task hold timer', 'signal task settle stopped status finish status failed'],
  },
  expired: {
    events: 33,
    actions: 9,
    list: ['start step step task hold timer', 'fired task settle status activity task status failed'],
  },
  'failed-directly': {
    events: 13,
    actions: 4,
    list: ['start step task finish status failed'],
  },
  'three-commits-undone': {
    events: 48,
    actions: 9,
    list: ['start step step step step', 'step step step task status failed'],
  },
  cancelled: {
    events: 34,
    actions: 9,
    list: [
      'start step step task hold timer',
      'cancel task settle stopped status activity task status canceled',
    ],
  },
  'cancelled-while-a-step-runs': {
    events: 29,
    actions: 6,
    list: ['start task scheduled', 'cancel task settle', 'answered step step task status canceled'],
  },
  'approved-by-a-typed-signal': {
    events: 36,
    actions: 10,
    list: [
      'start step step task hold',
      'signal task settle',
      'signal task settle status activity task completed',
    ],
  },
  // Five attempts at the undo, each billed; the workflow stays open.
  'undo-failed-for-good': {
    events: 33,
    actions: 14,
    list: ['start step step task hold timer', 'signal task settle stopped status activity task status'],
  },
};

describe('what a saga costs in Temporal is exact', () => {
  let stack: Stack;
  const seen = new Map<string, History>();
  before(async () => {
    stack = await startStack();
    await deployFixtures(stack);
  });
  after(() => stack.stop());

  for (const [ending, act] of Object.entries(ENDINGS)) {
    const { events = 0, actions = 0, list = [] } = BUDGETS[ending] ?? {};
    it(`${ending}: ${events} events, ${actions} billable actions`, async () => {
      const history = await historyOf(stack, await act(stack));
      seen.set(ending, history);
      const types = eventTypes(history);
      const expected = list.flatMap((words) => words.split(' ').flatMap((word) => WORDS[word] ?? [word]));
      assert.deepEqual(types, expected);
      assert.equal(types.length, events);
      assert.equal(billableActions(history), actions);
    });
  }

  it('and no payload of a saga, a model, a tool or a decision is in any of it', () => {
    assert.equal(seen.size, Object.keys(ENDINGS).length);
    for (const [ending, history] of seen) {
      const text = textsIn(eventsOf(history));
      assert.ok(text.includes('{"traceId":"'), 'payloads are read as the text that they are');
      assert.equal(text.includes(CANARY), false, ending);
    }
  });
});
