import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import type { StepDefinition } from '../../domain/definition.ts';
import { copyExample, said, sagaOf } from './example.ts';
import type { Example } from './example.ts';

const REASON = {
  kind: 'reason',
  prompt: 'changelog-collect.md',
  with: '{ version: { value: 1 }, repo: { value: a } }',
};
const TOOLS = '{ allow: [{ name: get }, { name: list }] }';

describe('a step of a saga manifest', () => {
  let example: Example;
  before(() => {
    example = copyExample();
  });
  after(() => example.remove());

  const read = (step: Record<string, string | null>): StepDefinition | undefined => {
    const reading = example.read(sagaOf(step));
    assert.deepEqual(reading.kind === 'problems' ? said(reading.problems) : [], []);
    assert.ok(reading.kind === 'definition' && reading.definition.kind === 'saga');
    return reading.definition.steps[0];
  };
  const all = (step: Record<string, string | null>): string[] => said(example.problems(sagaOf(step)));
  const only = (step: Record<string, string | null>): string => {
    const problems = all(step);
    assert.equal(problems.length, 1, problems.join('\n'));
    return problems[0] ?? '';
  };

  it('runs when its CEL rule over input, steps, saga and step is true', () => {
    const rule =
      'input.urgent && steps.triage.output.data.level > 2 && saga.namespace != "" && step.order_index < 9';
    assert.equal(read({ when: `{ cel: '${rule}' }` })?.when, rule);
    assert.equal(read({ ...REASON, tools: null, when: '{ cel: "true" }' })?.when, 'true');
    assert.equal(read({ when: '~' })?.when, null);
    assert.match(
      only({ when: '{}' }),
      /^steps\[0\]\.when\.cel: "cel" is required: expected a CEL expression/,
    );
    assert.match(only({ when: '"true"' }), /when: expected a map \{cel: …\}, found the text "true"/);
    assert.match(only({ when: '{ cel: true }' }), /when\.cel: .*found the boolean true: put it in quotes/);
    assert.match(only({ when: '{ cel: "input.a ==" }' }), /when\.cel: .*not a CEL expression/);
    assert.match(only({ when: '{ cel: "true", jinja: x }' }), /when\.jinja: unknown key "jinja"/);
    for (const name of ['arguments', 'output', 'phase', 'worker', 'tool']) {
      assert.match(
        only({ when: `{ cel: '${name} == 1' }` }),
        new RegExp(`expected one of the names input, steps, saga, step, found ${name}`),
      );
    }
    assert.match(
      only({ when: '{ cel: "steps.post-comment.output.data.id == 1" }' }),
      /write \["post-comment"\] for a member of that name/,
    );
  });

  it('may read resources whose placeholders its bindings fill', () => {
    const resources =
      '{ allow: [{ uri: "repo://{repo}/{version}/a..b", description: Files }, { uri: "x:y" }] }';
    const expected = [
      { uri: 'repo://{repo}/{version}/a..b', description: 'Files' },
      { uri: 'x:y', description: null },
    ];
    assert.deepEqual(read({ ...REASON, tools: null, resources })?.resources, expected);
    assert.deepEqual(read({ with: REASON.with, resources })?.resources, expected);
    assert.deepEqual(read({ resources: '{ allow: ~ }' })?.resources, []);
    const uri = (text: string, bindings: string = REASON.with): string =>
      only({ with: bindings, resources: JSON.stringify({ allow: [{ uri: text }] }) });
    assert.match(
      uri('repo://{rpo}'),
      /^steps\[0\]\.resources\.allow\[0\]\.uri: expected placeholders that are bound in "with", found "\{rpo\}": did you mean "\{repo\}"/,
    );
    assert.match(uri('repo://{owner}'), /bind it in "with", or use one of version, repo/);
    assert.match(uri('repo://{a}', '~'), /this step binds nothing/);
    assert.match(uri('repo://{+repo}'), /found "\{\+repo\}"/);
    for (const text of ['repo://{repo', 'repo://repo}', 'repo://{}', 'repo://{{repo}}']) {
      assert.match(uri(text), /placeholders such as \{name\}, found a "[{}]" of none: .*%7B/, text);
    }
    assert.match(
      uri('docs/readme.md'),
      /expected a URI such as repo:\/\/docs\/\{name\}, found "docs\/readme/,
    );
    assert.match(uri(''), /found an empty text/);
    assert.match(uri(`x:${'y'.repeat(2048)}`), /of at most 2048 characters/);
  });

  it('reads no resource that leads up or that has control characters, however they are encoded', () => {
    const uri = (text: string): string =>
      only({ with: REASON.with, resources: JSON.stringify({ allow: [{ uri: text }] }) });
    for (const text of [
      ...['a://b/../c', 'a://b/..', 'a:..', 'a://b\\..\\c', 'a://b/%2e%2E/c', 'a://b/.%2e/c', 'a://b/..%2fc'],
      ...['a://b%5c..%5cc', 'a://b/%252e%252e/c', 'a://b?file=../c', 'a://{repo}/../c', 'a://b/%ff%2f..%2f'],
    ]) {
      assert.match(uri(text), /expected a URI that leads down only, found "\.\." in it/, text);
    }
    for (const text of [
      'a://b\n',
      'a://\u0001',
      'a://\u007f',
      'a://\u0085',
      'a://b%00',
      'a://b%0d%0aX',
      'a://%250a',
    ]) {
      assert.match(uri(text), /expected a URI without control characters/, JSON.stringify(text));
    }
    const twice = '{ allow: [{ uri: "a:b" }, { uri: "a:b" }] }';
    assert.match(
      only({ resources: twice }),
      /allow\[1\]: expected each resource once, found "a:b" a second time/,
    );
    assert.match(
      only({ resources: '[{ uri: "a:b" }]' }),
      /resources: expected a map \{allow: \[…\]\}, found a li/,
    );
    assert.match(only({ resources: '{ allow: { uri: x } }' }), /expected a list of \{uri: …\}, found a map/);
    assert.match(only({ resources: '{ allow: [{ url: "a:b", uri: "a:b" }] }' }), /unknown key "url"/);
    assert.match(
      only({ resources: '{ allow: ["a:b"] }' }),
      /expected a resource \{uri, description\?\}, found/,
    );
  });

  it('says what a failed tool call does, and how many tokens it may use', () => {
    const step = read({ ...REASON, tools: TOOLS, on_tool_error: 'fail', max_step_tokens: '"5000"' });
    assert.ok(step?.kind === 'reason');
    assert.deepEqual([step.on_tool_error, step.max_step_tokens, step.agent_adapter], ['fail', 5000, 'react']);
    assert.match(
      only({ ...REASON, on_tool_error: 'ignore' }),
      /on_tool_error: expected return or fail, found/,
    );
    for (const limit of ['0', '-1', '1.5', 'many', '1e300', '[]']) {
      assert.match(
        only({ ...REASON, max_step_tokens: limit }),
        /max_step_tokens: expected an integer of at least 1, found/,
        limit,
      );
    }
  });

  it('reads facts from the results of tools that it may call', () => {
    const facts = (text: string): Record<string, string> => ({ ...REASON, tools: TOOLS, facts: text });
    const step = read(
      facts("[{ tool: get, into: issue, fields: { number: $.number, labels: '$.labels[*].name' } }]"),
    );
    assert.ok(step?.kind === 'reason');
    assert.deepEqual(step.facts, [
      { tool: 'get', into: 'issue', fields: { number: '$.number', labels: '$.labels[*].name' } },
    ]);
    const one = (text: string): string => only(facts(`[{ ${text} }]`));
    assert.match(
      one('tool: gett, into: a, fields: { n: $.n }'),
      /^steps\[0\]\.facts\[0\]\.tool: expected the name of an allowed tool, found "gett": the step may call only/,
    );
    assert.match(one('tool: get, into: a, fields: { n: "$.n[" }'), /facts\[0\]\.fields\.n: .*not a JSONPath/);
    assert.match(one('tool: get, into: a, fields: { n: n }'), /fields\.n: .*JSONPath that starts with \$/);
    assert.match(
      one('tool: get, into: a, fields: { n: 1 }'),
      /fields\.n: expected a JSONPath .* found the number 1/,
    );
    assert.match(
      one('tool: get, into: a, fields: {}'),
      /fields: expected a map of names .* found an empty one/,
    );
    assert.match(one('tool: get, into: a, fields: [$.n]'), /fields: expected a map of names .* found a list/);
    assert.match(
      one('tool: get, into: a, fields: { "": $.n }'),
      /fields\[""\]: expected a name, found an empty/,
    );
    assert.match(one('tool: get, into: a'), /"fields" is required/);
    assert.match(one('tool: get, fields: { n: $.n }'), /"into" is required/);
    assert.match(one('into: a, fields: { n: $.n }'), /"tool" is required/);
    assert.match(one('tool: get, into: __proto__, fields: { n: $.n }'), /into: .* found a reserved one/);
    assert.match(one('tool: get, into: a, fields: { n: $.n }, form: x'), /unknown key "form"/);
    assert.match(
      only(facts('{ tool: get }')),
      /facts: expected a list of \{tool, into, fields\}, found a map/,
    );
    assert.match(
      only(facts('[{ tool: get, into: a, fields: {n: $.n} }, { tool: list, into: a, fields: {n: $.n} }]')),
      /^steps\[0\]\.facts\[1\]\.into: expected a name of its own for each of the facts, found "a" a second/,
    );
  });

  it('is one answer of the model when it is simple: without tools, resources or facts', () => {
    const simple = { ...REASON, tools: null, 'agent-adapter': 'simple' };
    const step = read({ ...simple, tools: '{ allow: [] }', facts: '[]', resources: '{ allow: [] }' });
    assert.ok(step?.kind === 'reason');
    assert.equal(step.agent_adapter, 'simple');
    assert.match(
      only({ ...simple, tools: TOOLS }),
      /tools: "tools" needs "agent-adapter: react": a simple step/,
    );
    assert.match(
      only({ ...simple, resources: '{ allow: [{ uri: "a:b" }] }' }),
      /"resources" needs "agent-adapter/,
    );
    const facts = '[{ tool: get, into: a, fields: { n: $.n } }]';
    assert.deepEqual(
      all({ ...simple, tools: TOOLS, facts }).map((problem) => problem.split(':')[0]),
      ['steps[0].tools', 'steps[0].facts'],
    );
    assert.match(
      only({ ...REASON, 'agent-adapter': 'plan' }),
      /agent-adapter: expected react or simple, found/,
    );
  });

  it('says file, line and column of what is wrong in these fields', () => {
    const text = [
      'kind: saga\nname: s\nversion: "1"\ndescription: d\nsteps:',
      '  - id: a\n    kind: reason\n    worker: w\n    worker_version: "1"\n    prompt: changelog-collect.md',
      '    with: { version: { value: 1 } }',
      '    when:\n      cel: |\n        input.a &&\n          nobody.b',
      '    tools: { allow: [{ name: get }] }',
      '    facts:\n      - tool: get\n        into: x\n        fields: { n: "$.a[" }',
      '    resources:\n      allow:\n        - uri: repo://{nmae}',
      '',
    ].join('\n');
    assert.deepEqual(
      example.problems(text).map(({ file, line, column, path }) => `${file ?? ''}:${line}:${column} ${path}`),
      [
        'm.yaml:15:11 steps[0].when.cel',
        'm.yaml:20:27 steps[0].facts[0].fields.n',
        'm.yaml:23:16 steps[0].resources.allow[0].uri',
      ],
    );
  });
});
