import assert from 'node:assert/strict';
import { describe } from 'mocha';
import type { JsonObject } from '../../domain/json.ts';
import { sagaOf, stepWith, useDeploys, type BadCase } from './manifests.ts';
import { proves } from './rule.ts';
import { think, useWorld, write } from './world.ts';

describe('when and policies', () => {
  const world = useWorld();
  const { outcome, problems, refuses } = useDeploys(world);
  let rules = 0;
  const rule = (cel: string, more: object = {}) => ({
    policy: world.file('policies', `rule-${(rules += 1)}.yaml`, { cel, ...more }),
  });
  const codeOf = async (text: object, input: JsonObject = {}) => {
    const { traceId, saga } = await world.run([write('a', text)], input);
    return saga.failure?.code ?? (await world.show(traceId, 'a')).status;
  };
  const when = (cel: string) => ({ when: { cel } });

  proves('MANIFEST-77', async () => {
    for (const cel of ['input.missing', '1', '"true"', 'input', '1 / 0 > 1', 'input.n > "a"'])
      assert.equal(await codeOf(when(cel), { n: 1 }), 'WHEN_EVALUATION_FAILED', cel);
    assert.equal(await codeOf(when('input.n == 1'), { n: 1 }), 'COMPLETED');
  });

  proves('MANIFEST-78', async () => {
    const cel = `
      input.text == "in"
      && steps.first.output.data.summary != ""
      && saga.trace_id.matches("^[0-9a-f]{32}$") && saga.namespace == "default" && saga.status == "RUNNING"
      && step.id == "second" && step.name == "The second" && step.kind == "commit" && step.order_index == 1`;
    const second = write('second', { name: 'The second', ...when(cel) });
    const { traceId } = await world.run([think('first'), second], { text: 'in' });
    assert.deepEqual(await world.statuses(traceId), ['first COMPLETED', 'second COMPLETED']);
  });

  proves('MANIFEST-79', async () => {
    const empty = (id: string) => `steps.${id} == {"output": {"data": {}}, "facts": {}}`;
    const { traceId } = await world.run([
      write('a', when(`${empty('a')} && ${empty('b')} && ${empty('c')}`)),
      write('b', when('false')),
      write('c', when(`${empty('b')} && steps.a.output.data.path == "a.md" && steps.a.facts == {}`)),
      write('d', when('has(steps.b.output.data.path)')),
    ]);
    assert.deepEqual(await world.statuses(traceId), ['a COMPLETED', 'b SKIPPED', 'c COMPLETED', 'd SKIPPED']);
  });

  proves('MANIFEST-80', async () => {
    const common = `
      input.text == "in" && saga.trace_id.size() == 32 && saga.namespace == "default" && saga.status == "RUNNING"
      && worker == {"name": "tester", "version": "1"}`;
    const reason = rule(`${common} && phase == "after_reason" && arguments.subject == "a"
      && output.data.summary != "" && step.id == "a" && step.name == "Named" && step.kind == "reason"
      && step.order_index == 0 && tool.name == ""`);
    const commit =
      rule(`${common} && phase == "before_commit" && arguments == {"path": "b.md", "content": "b"}
      && output == {} && step.kind == "commit" && step.order_index == 1 && tool.name == "put_note"`);
    const { saga } = await world.run([think('a', { ...reason, name: 'Named' }), write('b', commit)], {
      text: 'in',
    });
    assert.equal(saga.status, 'COMPLETED', saga.failure?.message);
    await refuses([
      [stepWith(rule('steps.a.output.data.x == 1')), 'cel', /expected one of the names .*, found steps/],
    ]);
  });

  proves('MANIFEST-81', async () => {
    const lacking = [
      'phase == ""',
      'arguments.a == 1',
      'output.data.a',
      'worker.name == ""',
      'tool.name == ""',
    ];
    await refuses([
      ...lacking.map((cel): BadCase => [
        stepWith(when(cel)),
        'steps[0].when.cel',
        /expected one of the names/,
      ]),
      ...['input.', '1 +', 'foo(input)', 'nobody.a', 'input.a = 1', '"open', ''].map((cel): BadCase => [
        stepWith(when(cel)),
        'steps[0].when.cel',
        /expected a CEL expression/,
      ]),
      ...['input.', 'foo(input)', 'input.a.matches("(")', ''].map((cel): BadCase => [
        stepWith(rule(cel)),
        'cel',
        /expected a CEL expression/,
      ]),
      [stepWith(when('steps.a-b.output.data.x')), 'steps[0].when.cel', /\["a-b"\]/],
    ]);
    const [problem] = await problems(stepWith(when('true && nobody')));
    assert.match(problem?.message ?? '', /found nobody/);
  });

  proves('MANIFEST-82', async () => {
    const held = { hitl: true };
    const yes = rule('true');
    const no = rule('false');
    const passed = await world.run([think('a', yes), write('b', yes)]);
    assert.equal(passed.saga.status, 'COMPLETED');
    const reason = await world.run([think('a', { ...no, ...held })]);
    assert.deepEqual([reason.saga.status, reason.saga.failure?.code], ['FAILED', 'POLICY_REASON_DENIED']);
    const commit = await world.run([write('never', { ...no, ...held })]);
    assert.deepEqual([commit.saga.status, commit.saga.failure?.code], ['FAILED', 'POLICY_COMMIT_DENIED']);
    assert.equal(world.note('never.md'), null);
  });

  proves('MANIFEST-83', async () => {
    for (const cel of ['arguments.missing == 1', '1', '"true"', 'null', '1 / 0 == 1', '[true]', 'input']) {
      const { traceId, saga } = await world.run([write('stopped', { ...rule(cel), hitl: true })]);
      assert.deepEqual([saga.status, saga.failure?.code], ['FAILED', 'POLICY_EVALUATION_FAILED'], cel);
      const types = (await world.ledger(traceId)).map(({ type }) => type);
      assert.ok(types.includes('policy.errored'), types.join(' '));
    }
    assert.equal(world.note('stopped.md'), null);
  });

  proves('MANIFEST-84', async () => {
    const input = { n: 3, half: 0.5, big: 9_007_199_254_740_991, zero: 0, list: [1, 2] };
    const holds = [
      ...[
        'input.n > 0',
        'input.n == 3',
        'input.n + 1 == 4',
        'input.half + 1 == 1.5',
        'input.half + 0.5 == 1',
      ],
      ...['input.n * 2 == 6', 'input.n - 1 == 2', 'input.n / 2 == 1', 'input.n % 2 == 1', 'input.zero == 0'],
      ...[
        'input.n + input.half == 3.5',
        'input.half < input.n',
        'input.big > 9007199254740990',
        '1 in input.list',
      ],
      ...[
        'input.list[0] == 1',
        'size(input.list) == 2',
        'input.n >= 2.5',
        'input.n != 3.5',
        'input.list == [1, 2]',
      ],
      ...['int(input.n) == 3', 'double(input.n) == 3.0', 'string(input.n) == "3"', '-input.n < 0'],
    ];
    for (const cel of [holds.join(' && '), holds.slice(0, 5).join(' && ')])
      assert.equal(await codeOf({ ...when(cel), ...rule(cel) }, input), 'COMPLETED');
  });

  proves('MANIFEST-85', async () => {
    world.file('policies', 'short.yaml', { cel: 'false' });
    world.file('policies', 'short', { cel: 'true' });
    assert.equal(await codeOf({ policy: 'short' }), 'POLICY_COMMIT_DENIED');
    await refuses([
      [stepWith({ policy: 'shorter' }), 'steps[0].policy', /"shorter\.yaml" under POLICIES_ROOT/],
    ]);
  });

  proves('MANIFEST-86', async () => {
    for (const version of [1, 1.5, '1', undefined])
      await outcome(stepWith(rule('true', { name: 'named', version })));
    await outcome(stepWith(rule('true')));
    await refuses([
      [
        stepWith({ policy: world.file('policies', 'no-rule.yaml', { name: 'a' }) }),
        'cel',
        /"cel" is required/,
      ],
      [stepWith(rule('true', { name: 5 })), 'name', /in quotes/],
      [sagaOf(think('a', { policy: world.file('policies', 'list.yaml', '[]') })), '', /a policy/],
    ]);
  });
});
