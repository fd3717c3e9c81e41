import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { deployFixtures, ended, started, steps } from '../support/sagas.ts';
import { startStack, type Stack } from '../support/stack.ts';

describe('a saga whose steps have a "when" and facts', () => {
  let stack: Stack;
  before(async () => {
    stack = await startStack();
    await deployFixtures(stack);
  });
  after(() => stack.stop());

  /** The step that opened its tools first. */
  let firstLook: string[] = [];

  async function run(input: object) {
    const traceId = await started(stack, 'agents-when', input);
    const saga = await ended(stack, traceId);
    const rows = await steps(stack, traceId);
    if (firstLook.length === 0) firstLook = [traceId, rows[1]?.step_span_id ?? ''];
    const shown = await Promise.all(rows.map((row) => stack.http.showStep(traceId, row.step_span_id)));
    return { saga, shown, statuses: rows.map(({ step_id, status }) => `${step_id} ${status}`) };
  }
  const note = (path: string) => readFileSync(join(stack.notes.folder, path), 'utf8');
  const callsOf = (path: string) =>
    stack.record().filter((line) => line.event === 'call' && line.arguments?.['path'] === path);

  it('skips those that it says false for, in the middle and at the end, and completes', async () => {
    const { saga, shown, statuses } = await run({ copy: 'skips.md', last: 0, subject: 'x' });
    assert.equal(saga.status, 'COMPLETED');
    assert.deepEqual(statuses, ['before SKIPPED', 'look COMPLETED', 'copy COMPLETED', 'last SKIPPED']);
    const [first, , , last] = shown;
    assert.deepEqual([first?.output_payload, last?.output_payload], [null, null]);
    assert.ok(last?.end_time);
    assert.equal(note('skips.md'), note('export.md'));
    assert.equal(callsOf('skips.md').length, 1);
  });

  it('runs those that it says true for, over the results of the steps before', async () => {
    const input = { before: 'before.md', copy: 'runs.md', last: 1, subject: 'x' };
    const { saga, statuses } = await run(input);
    assert.equal(saga.status, 'COMPLETED');
    assert.deepEqual(statuses, ['before COMPLETED', 'look COMPLETED', 'copy COMPLETED', 'last COMPLETED']);
    assert.ok(note('runs.md').endsWith('last'));
  });

  it('tells of each step how long it was on its way, and what starting its tools took', async () => {
    const { shown } = await run({ copy: 'timed.md', last: 0, subject: 'x' });
    const timing = (part: string, at: number): object => Object(shown[at]?.timing[part]);
    for (const at of [1, 2]) {
      const { dispatch_to_ingest_ms: ingest, total_ms: total } = Object(timing('engine', at));
      assert.ok(Number.isInteger(ingest) && ingest > 0, JSON.stringify(shown[at]?.timing));
      assert.ok(Number.isInteger(total) && total > 0, JSON.stringify(shown[at]?.timing));
    }
    const known = /^(when_cel|schedule|policy|dispatch_to_ingest|hold|total|hydration|setup|llm|tool)_ms$/;
    for (const [name, ms] of [0, 1, 2, 3].flatMap((at) => [
      ...Object.entries(timing('worker', at)),
      ...Object.entries(timing('engine', at)),
    ])) {
      assert.match(name, known);
      assert.ok(Number.isInteger(ms) && ms > 0, `${name}: ${ms}`);
    }
    // The saga that ran first found no server.
    const [trace = '', span = ''] = firstLook;
    const first = await stack.http.showStep(trace, span);
    assert.ok(Number(Object(first.timing['worker'])['setup_ms']) > 0, JSON.stringify(first.timing));
  });

  it('fails where it cannot be evaluated, and what was done is undone', async () => {
    const input = { before: 'undone.md', copy: 'gone.md', last: 'not a number', subject: 'x' };
    const { saga, shown, statuses } = await run(input);
    assert.equal(saga.status, 'COMPENSATED');
    assert.equal(saga.failure?.code, 'WHEN_EVALUATION_FAILED');
    assert.deepEqual(statuses, [
      'before COMPLETED',
      'before COMPENSATED',
      'look COMPLETED',
      'copy COMPLETED',
      'copy COMPENSATED',
      'last FAILED',
    ]);
    assert.equal(shown.at(-1)?.error_details?.['code'], 'WHEN_EVALUATION_FAILED');
    assert.throws(() => note('gone.md'), /ENOENT/);
  });

  it('keeps facts of what the tools really answered, and later bindings have them', async () => {
    const { shown } = await run({ copy: 'facts.md', last: 0, subject: 'x' });
    const [, look, copy] = shown;
    const facts = look?.output_payload?.['facts'];
    // Of several matches the list, of the last successful call its data, of a tool not called nothing.
    const paths = readdirSync(stack.notes.folder)
      .filter((name) => name !== 'facts.md')
      .sort();
    const [first = ''] = paths;
    assert.ok(paths.length > 1);
    assert.deepEqual(facts, { list: { paths, first }, note: { text: note(first) } });
    const content = { path: 'facts.md', content: note(first) };
    assert.deepEqual(copy?.resolved_arguments, { ...content, skipped: null, never: null });
    assert.deepEqual(callsOf('facts.md')[0]?.arguments, content);
  });
});
