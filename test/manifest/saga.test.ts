import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import type { SagaDefinition } from '../../domain/definition.ts';
import { copyExample, said, sagaOf } from './example.ts';
import type { Example } from './example.ts';

const REASON = { kind: 'reason', tools: null, prompt: 'changelog-collect.md', with: '{version: {value: 1}}' };

describe('a saga manifest', () => {
  let example: Example;
  before(() => {
    example = copyExample();
  });
  after(() => example.remove());

  const read = (text: string): SagaDefinition => {
    const reading = example.read(text);
    assert.deepEqual(reading.kind === 'problems' ? said(reading.problems) : [], []);
    assert.ok(reading.kind === 'definition' && reading.definition.kind === 'saga');
    return reading.definition;
  };
  const only = (step: Record<string, string | null>, saga: Record<string, string> = {}): string => {
    const problems = said(example.problems(sagaOf(step, saga)));
    assert.equal(problems.length, 1, problems.join('\n'));
    return problems[0] ?? '';
  };

  const compensationOf = (text: string, step: Record<string, string | null> = {}) => {
    example.write('compensations/c.yaml', `worker: w\nworker_version: "1"\n${text}`);
    const undo = read(sagaOf({ ...step, compensation: 'c.yaml' })).steps[0]?.compensation;
    assert.ok(undo);
    return undo;
  };

  it('has the defaults of the specification', () => {
    const { steps, namespace } = read(sagaOf(REASON));
    assert.equal(namespace, 'default');
    const step = steps[0];
    assert.ok(step?.kind === 'reason');
    const { prompt, with: bindings, ...rest } = step;
    assert.deepEqual([prompt.ref, bindings], ['changelog-collect.md', { version: { value: 1 } }]);
    assert.deepEqual(rest, {
      ...{ id: 'write', name: 'write', kind: 'reason', worker: 'w', worker_version: '1', policy: null },
      ...{ hitl: false, hitl_max_retries: null, hitl_retry_guidance: null, review: { expires_ms: null } },
      ...{ compensation: null, output_schema: null, timeout_seconds: 600, tools: [], max_turns: 10 },
      ...{
        when: null,
        resources: [],
        agent_adapter: 'react',
        on_tool_error: 'return',
        max_step_tokens: null,
        facts: [],
      },
    });
  });

  it('reads an unambiguous text as the wanted number or boolean, and a null optional key as a missing one', () => {
    const step = {
      hitl: '"true"',
      hitl_max_retries: '"2"',
      timeout_seconds: '"1.5"',
      max_turns: '~',
      policy: 'null',
    };
    const [read1] = read(sagaOf({ ...step, with: '~', review: '{ expires: ~ }', when: 'null' })).steps;
    assert.deepEqual(
      [
        read1?.hitl,
        read1?.hitl_max_retries,
        read1?.timeout_seconds,
        read1?.max_turns,
        read1?.policy,
        read1?.with,
      ],
      [true, 2, 1.5, 10, null, {}],
    );
  });

  it('never reads a number or a boolean as a text', () => {
    assert.match(
      only({}, { version: '1.0' }),
      /^version: expected a version, found the number 1\.0: put it in quotes: "1\.0"/,
    );
    assert.match(only({ worker_version: '2' }), /^steps\[0\]\.worker_version: .*in quotes: "2"/);
    assert.match(
      only({}, { name: 'on' }),
      /^name: expected a name, found the boolean on: put it in quotes: "on"/,
    );
  });

  it('binds literals of any kind, null too, and paths; exactly one of the two', () => {
    const bindings =
      '{ a: { value: null }, b: { value: { c: [1, yes] } }, c: { from: $.steps.post-comment.output.data } }';
    assert.deepEqual(read(sagaOf({ with: bindings })).steps[0]?.with, {
      a: { value: null },
      b: { value: { c: [1, true] } },
      c: { from: '$.steps.post-comment.output.data' },
    });
    assert.match(
      only({ with: '{ a: { value: 1, from: $.input } }' }),
      /with\.a: expected exactly one of "from" and "value", found both/,
    );
    assert.match(only({ with: '{ a: {} }' }), /with\.a: expected exactly one of .* found neither/);
    assert.match(only({ with: '{ a: $.input }' }), /with\.a: expected \{from: .* found the text "\$\.input"/);
    assert.match(
      only({ with: '{ "a b": { frm: $.x, value: 1 } }' }),
      /with\["a b"\]\.frm: unknown key "frm": did you mean "from"/,
    );
    assert.match(
      only({ with: '{ a: { from: "$[?match(@.a, \'x\')]" } }' }),
      /match is not available in paths/,
    );
    assert.match(only({ with: '{ _hitl_retry: { value: 1 } }' }), /_hitl_retry: .*reserved/);
  });

  it('refuses what comes later as not supported yet', () => {
    for (const key of ['reviewers', 'quorum', 'four_eyes', 'risk', 'remind', 'escalate', 'choices', 'form']) {
      assert.match(
        only({ hitl: 'true', review: `{ ${key}: x }` }),
        /^steps\[0\]\.review\.\w+: "\w+" is not supported yet$/,
      );
    }
    assert.deepEqual(said(example.problems('kind: project\nname: p\n')), [
      'kind: the kind project is not supported yet',
    ]);
  });

  it('refuses keys that it does not know, also those of the other kind of step', () => {
    assert.match(
      only({ prompt: 'changelog-collect.md' }),
      /prompt: "prompt" belongs to reason steps; this is a commit/,
    );
    for (const key of ['prompt', 'agent-adapter', 'on_tool_error', 'max_step_tokens', 'facts']) {
      assert.match(only({ [key]: '1' }), new RegExp(`"${key}" belongs to reason steps; this is a commit$`));
    }
    assert.match(only({ outputschema: 'x' }), /did you mean "output_schema"/);
    assert.match(only({}, { stepz: '[]' }), /did you mean "steps"/);
    assert.match(only({ zzz: '1' }), /unknown key "zzz": expected one of id, name/);
    assert.match(only({ kind: 'comit' }), /kind: expected reason or commit, found the text "comit"/);
    assert.match(only({ tools: '{ allow: [{ name: t, idempotnt: true }] }' }), /did you mean "idempotent"/);
  });

  it('has steps with unique ids of their pattern', () => {
    const text = sagaOf({});
    const twice = `${text}${text.slice(text.indexOf('  - '))}`;
    assert.match(
      said(example.problems(twice))[0] ?? '',
      /^steps\[1\]\.id: expected an id of its own, found "write": the step in line 6/,
    );
    for (const id of ['1a', 'a.b', 'a b', '__proto__', 'x'.repeat(65), '""', '-a']) {
      assert.match(only({ id }), /^steps\[0\]\.id: expected an id of/, id);
    }
    read(sagaOf({ id: 'x'.repeat(64) }));
    assert.match(
      said(example.problems(text.slice(0, text.indexOf('steps:')) + 'steps: []')).join(),
      /at least one step/,
    );
  });

  it('keeps the limits of names', () => {
    assert.match(only({}, { namespace: 'Prod' }), /^namespace: expected a namespace of 1 to 50/);
    assert.match(only({}, { namespace: 'x'.repeat(51) }), /^namespace/);
    assert.match(only({}, { name: 'x'.repeat(129) }), /of at most 128 characters, found 129/);
    assert.match(only({}, { version: `"${'1'.repeat(51)}"` }), /of at most 50 characters, found 51/);
    assert.match(only({}, { name: '"a\\nb"' }), /^name: expected a name/);
    assert.match(only({}, { name: '" "' }), /^name: expected a name/);
  });

  it('takes keys about reviews only with hitl: true, and within their limits', () => {
    const lines = { hitl_max_retries: '1', hitl_retry_guidance: 'x', review: '{ expires: 1h }' };
    assert.equal(example.problems(sagaOf(lines)).length, 3);
    assert.match(only({ review: '{ expires: 1h }' }), /review: "review" needs "hitl: true"/);
    assert.match(only({ hitl: 'false', hitl_max_retries: '0' }), /needs "hitl: true"/);
    const held = (more: Record<string, string>): string => only({ hitl: 'true', ...more });
    assert.match(held({ hitl_max_retries: '-1' }), /an integer of at least 0, found the number -1/);
    assert.match(held({ hitl_max_retries: '1.5' }), /an integer/);
    assert.match(held({ hitl_retry_guidance: 'x'.repeat(4097) }), /of at most 4096 characters, found 4097/);
    assert.match(held({ review: '{ expires: 90 }' }), /review\.expires: .*the number 90: add the unit/);
    assert.match(held({ review: '{ expires: 1w }' }), /write weeks as P1W/);
    assert.equal(
      read(sagaOf({ hitl: 'on', review: '{ expires: PT15M }' })).steps[0]?.review.expires_ms,
      900_000,
    );
  });

  it('has one tool on a commit, each tool once, and limits within bounds', () => {
    assert.match(only({ tools: null }), /"tools" is required: .*exactly one tool/);
    assert.match(
      only({ tools: '{ allow: [{name: a}, {name: b}] }' }),
      /exactly one tool in "allow" of a commit, found 2/,
    );
    assert.match(only({ ...REASON, tools: '{ allow: [{name: a}, {name: a}] }' }), /"a" a second time/);
    assert.match(only({ ...REASON, tools: '{ allow: [{name: _submit}] }' }), /reserved name _submit/);
    assert.match(only({ tools: '{ allow: [{name: _read_resource}] }' }), /reserved name _read_resource/);
    assert.match(only({ tools: '[put_note]' }), /tools: expected a map \{allow: \[…\]\}, found a list/);
    assert.match(only({ max_turns: '201' }), /from 1 to 200/);
    assert.match(only({ timeout_seconds: '0' }), /seconds, more than 0/);
    assert.match(only({ ...REASON, prompt: null }), /"prompt" is required/);
  });

  it('freezes compensations of one or more tools, each with its resources', () => {
    const text = 'tools: { allow: [{name: a}, {name: b, idempotent: true}] }\nwith: { id: { value: 7 } }\n';
    const undo = compensationOf(`${text}resources: { allow: [{ uri: "repo://{id}/x" }] }`);
    assert.deepEqual(
      undo.tools.map(({ name, idempotent }) => [name, idempotent]),
      [
        ['a', false],
        ['b', true],
      ],
    );
    assert.deepEqual(undo.resources, [{ uri: 'repo://{id}/x', description: null }]);
    assert.deepEqual([undo.max_turns, undo.timeout_seconds], [10, 600]);
  });

  it('gives an undo its own max_turns, else those of the step, and at most those of a commit', () => {
    const tools = 'tools: { allow: [{name: a}, {name: b}] }';
    const turns = (own: string, step: Record<string, string | null>): number =>
      compensationOf(`${tools}\n${own}`, step).max_turns;
    assert.equal(turns('', { max_turns: '3' }), 3);
    assert.equal(turns('max_turns: 20', {}), 20, 'a commit that says nothing is no limit');
    assert.equal(turns('max_turns: 20', { max_turns: '3' }), 3);
    assert.equal(turns('max_turns: 2', { max_turns: '3' }), 2);
    assert.equal(turns('max_turns: 20', { ...REASON, max_turns: '3' }), 20);
  });

  it('refuses a compensation that cannot be carried out', () => {
    const undo = (text: string): string => {
      example.write('compensations/c.yaml', `worker: w\nworker_version: "1"\n${text}`);
      return only({ compensation: 'c.yaml' });
    };
    assert.match(undo('tools: { allow: [] }'), /expected at least one tool in "allow", found none/);
    assert.match(undo('tools: { allow: [{name: a}] }\nmax_turns: 201'), /from 1 to 200/);
    assert.match(
      undo('tools: { allow: [{name: a}] }\nresources: { allow: [{uri: "repo://{id}"}] }'),
      /expected placeholders that are bound in "with"/,
    );
    assert.match(
      undo('tools: { allow: [{name: a}] }\nwith: { k: { from: _compensation.x } }'),
      /JSONPath that starts with \$/,
    );
    assert.match(undo(''), /"tools" is required/);
  });
});
