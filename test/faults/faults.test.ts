import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { RecordLine } from '../support/stack.ts';
import { judge, type Evidence } from './checker.ts';
import type { SagaPlan, StepPlan } from './plan.ts';
import { runFaults } from './run.ts';

describe('random sagas while processes are killed, on PostgreSQL', function () {
  this.timeout(400_000);

  it('are decided as people said, and end, act and undo exactly as the rules say', async () => {
    const seed = 1;
    const kills = { store: 'postgresql', everyMs: 2_000, points: 0 } as const;
    const lines: string[] = [];
    const say = (line: string) => lines.push(line);
    // So that many of them go on in another run somewhere.
    const suggestAfter = 25;
    const load = { seed, sagas: 100, minutes: 3, atOnce: 16, suggestAfter, kills, say };
    const { sagas, violations } = await runFaults(load);
    assert.deepEqual(violations, [], `seed ${seed}\n${lines.join('\n')}`);
    assert.ok(sagas > 20, `expected some sagas, got ${sagas}`);
  });
});

const step = (id: string, more: Partial<StepPlan> = {}): StepPlan => ({
  id,
  kind: 'commit',
  when: null,
  policy: 'none',
  decisions: [],
  undo: 'works',
  tool: 'put_note',
  fails: false,
  ...more,
});
const plan: SagaPlan = { name: 'p', steps: [step('a'), step('b'), step('c', { decisions: ['reject'] })] };
const TRACE = 't';

const row = (
  id: string,
  status: Evidence['steps'][number]['status'],
  code?: string,
): Evidence['steps'][number] => ({
  step_id: id,
  step_span_id: id,
  status,
  compensates_span_id: null,
  error_details: code === undefined ? null : { code },
});
const undo = (id: string, status: 'COMPENSATED' | 'FAILED' = 'COMPENSATED') => ({
  ...row(id, status),
  step_span_id: `u${id}`,
  compensates_span_id: id,
});
const lines = (id: string): RecordLine[] => [
  { event: 'call', key: `t:${id}`, arguments: { path: `p-${id}.md`, content: `p ${id}` } },
  { event: 'effect', key: `t:${id}`, path: `p-${id}.md` },
];
const undone = (id: string): RecordLine => ({ event: 'undo', key: `t:u${id}`, undone: `t:${id}` });

/** What is seen of the plan's saga when all went well. */
const good: Evidence = {
  traceId: TRACE,
  status: 'COMPENSATED',
  code: 'HUMAN_REJECTED',
  steps: [
    row('a', 'COMPLETED'),
    row('b', 'COMPLETED'),
    row('c', 'FAILED', 'HUMAN_REJECTED'),
    undo('b'),
    undo('a'),
  ],
  record: [...lines('a'), ...lines('b'), undone('b'), undone('a')],
  note: () => null,
};

describe('the judgement on a saga', () => {
  it('finds nothing wrong with one that went as the rules say', () => {
    assert.deepEqual(judge(plan, good), []);
  });

  const wrong: Record<string, Evidence> = {
    'an effect of a step that was rejected': { ...good, record: [...good.record, ...lines('c')] },
    'an effect that is missing': { ...good, record: [...lines('a'), undone('b'), undone('a')] },
    'an effect that happened twice': { ...good, record: [...lines('a'), ...good.record] },
    'an undo out of order': { ...good, record: [...lines('a'), ...lines('b'), undone('a'), undone('b')] },
    'an undo that is missing': { ...good, record: [...lines('a'), ...lines('b'), undone('b')] },
    'other arguments than were approved': {
      ...good,
      record: good.record.map((line) =>
        line.event === 'call' ? { ...line, arguments: { ...line.arguments, content: 'other' } } : line,
      ),
    },
    'a note that is left': { ...good, note: (path) => (path === 'p-a.md' ? 'p a' : null) },
    'a saga that ended otherwise': { ...good, status: 'FAILED' },
    'compensated beside an undo that failed': {
      ...good,
      steps: good.steps.map((one) => (one.step_span_id === 'ua' ? undo('a', 'FAILED') : one)),
    },
    'a step that goes on after a rejection': {
      ...good,
      steps: good.steps.map((one) => (one.step_id === 'c' ? row('c', 'COMPLETED') : one)),
    },
  };
  for (const [name, evidence] of Object.entries(wrong)) {
    it(`finds ${name}`, () => {
      assert.notDeepEqual(judge(plan, evidence), []);
    });
  }
});
