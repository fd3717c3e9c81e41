import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import type { WorkerDefinition } from '../../domain/definition.ts';
import { copyExample, said, workerOf } from './example.ts';
import type { Example } from './example.ts';

describe('a worker manifest', () => {
  let example: Example;
  before(() => {
    example = copyExample();
  });
  after(() => example.remove());

  const read = (text: string): WorkerDefinition => {
    const reading = example.read(text);
    assert.deepEqual(reading.kind === 'problems' ? said(reading.problems) : [], []);
    assert.ok(reading.kind === 'definition' && reading.definition.kind === 'worker');
    return reading.definition;
  };
  const only = (text: string): string => {
    const problems = said(example.problems(text));
    assert.equal(problems.length, 1, problems.join('\n'));
    return problems[0] ?? '';
  };
  const source = (lines: Record<string, string>): string => only(workerOf({}, lines));

  it('has one of four providers, and the defaults of the specification', () => {
    for (const provider of ['openai', 'anthropic', 'local', 'mock']) {
      assert.equal(read(workerOf({ provider })).provider, provider);
    }
    assert.match(
      only(workerOf({ provider: 'gemini' })),
      /^provider: expected openai or anthropic or local or mock, found the text "gemini"/,
    );
    assert.match(only(workerOf({ provider: '~' })), /"provider" is required: expected openai or/);
    assert.match(
      only(workerOf({ model_name: '~' })),
      /"model_name" is required: expected the provider's model/,
    );
    assert.match(
      only(workerOf({ system_prompt: '""' })),
      /expected the system message of the steps, found an e/,
    );
    const { system_prompt: prompt, ...rest } = read(
      workerOf({ provider: 'local', model_name: 'qwen3.yaml' }),
    );
    assert.equal(prompt, 'You work.');
    assert.deepEqual(rest, {
      ...{ kind: 'worker', namespace: 'default', name: 'w', version: '1', description: null },
      ...{ provider: 'local', model_name: 'qwen3.yaml', mock_script: null, temperature: 0 },
      ...{ compensation_prompt: null, adapter: 'langchain', tool_sources: [] },
    });
  });

  it('has a prompt for undos of several tools, or none', () => {
    assert.equal(read(workerOf({ compensation_prompt: 'You undo.' })).compensation_prompt, 'You undo.');
    assert.equal(read(workerOf({ compensation_prompt: '~' })).compensation_prompt, null);
    assert.match(
      only(workerOf({ compensation_prompt: '""' })),
      /expected the system message of undos of several tools, found an empty text/,
    );
  });

  it('keeps the adapter of older manifests', () => {
    assert.equal(read(workerOf({ adapter: 'native' })).adapter, 'native');
    assert.equal(read(workerOf({ adapter: '~' })).adapter, 'langchain');
    assert.match(
      only(workerOf({ adapter: '3' })),
      /adapter: expected the name of an adapter, found the number/,
    );
  });

  it('starts only commands that the operator allows', () => {
    assert.match(
      source({ command: 'bash' }),
      /command: .*"bash": WARDEN_STDIO_ALLOW allows warden-notes; an operator/,
    );
    const reading = example.read(workerOf({}, {}), { stdioAllow: [] });
    assert.match(
      reading.kind === 'problems' ? said(reading.problems).join() : '',
      /WARDEN_STDIO_ALLOW allows no command/,
    );
    assert.match(source({ command: '~' }), /"command" is required/);
  });

  it('takes the transport in any case, a bare -e as inherited, and leaves references to secrets as they are', () => {
    const worker = read(
      workerOf(
        {},
        {
          transport: 'STDIO',
          args: '[-e, TOKEN, -e, "A=b", -e]',
          env_inherit: '[HOME, TOKEN]',
          env: '{ KEY: "${ENV:SECRET}", OTHER: "${SECRET}", EMPTY: "" }',
          cwd: '/tmp',
        },
      ),
    );
    assert.deepEqual(worker.tool_sources, [
      {
        ...{ name: 'notes', transport: 'stdio', command: 'warden-notes', cwd: '/tmp' },
        args: ['-e', 'TOKEN', '-e', 'A=b', '-e'],
        env: { KEY: '${ENV:SECRET}', OTHER: '${SECRET}', EMPTY: '' },
        env_inherit: ['HOME', 'TOKEN'],
      },
    ]);
  });

  it('has texts as arguments and environment, and names as names', () => {
    assert.match(
      source({ args: '[8080]' }),
      /args\[0\]: expected a text, found the number 8080: put it in quotes/,
    );
    assert.match(source({ env: '{ PORT: 8080 }' }), /env\.PORT: .*in quotes: "8080"/);
    assert.match(
      source({ env: '{ "A B": x }' }),
      /env\["A B"\]: expected the name of an environment variable/,
    );
    assert.match(source({ env_inherit: 'HOME' }), /env_inherit: expected a list of texts/);
    assert.match(source({ comand: 'x' }), /unknown key "comand": did you mean "command"/);
    assert.match(only(workerOf({ tool_sources: '{}' })), /expected a list of tool sources, found a map/);
    const twice = workerOf({}, {});
    assert.match(only(twice + twice.slice(twice.indexOf('\n  - '))), /"notes" a second time/);
    assert.match(only(workerOf({ temperature: 'hot' })), /a number from 0 to 2/);
    assert.equal(read(workerOf({ temperature: '"0.5"' })).temperature, 0.5);
  });

  it('freezes the script of the mock model, each turn in one shape', () => {
    const script = (turns: string): string => {
      example.write('prompts/s.yaml', `steps:\n  a: ${turns}\n`);
      return workerOf({ model_name: 's.yaml' });
    };
    const turns =
      '[{call: {tool: t}}, {calls: [{tool: t, arguments: {n: 1}}]}, {submit: {a: "{{ guidance }}"}}, {text: hi}, {fail: {status: 429, retry_after: 2}}]';
    assert.deepEqual(read(script(turns)).mock_script?.steps['a'], [
      { calls: [{ tool: 't', arguments: {} }] },
      { calls: [{ tool: 't', arguments: { n: 1 } }] },
      { submit: { a: '{{ guidance }}' } },
      { text: 'hi' },
      { fail: { status: 429, retry_after: 2 } },
    ]);
    assert.match(
      only(script('[{call: {tool: t}, text: x}]')),
      /steps\.a\[0\]: expected exactly one of .* found call and text/,
    );
    assert.match(only(script('[{}]')), /found none/);
    assert.match(only(script('[{fail: {}}]')), /"status" is required/);
    assert.match(only(script('[{submit: {a: "{{ x"}}]')), /steps\.a\[0\]\.submit\.a: expected a template/);
    assert.match(
      only(script('[{submit: {a: "{{ result }}"}}]')),
      /only the names arguments, results, guidance, found result/,
    );
    assert.match(only(script('{}')), /expected a list of turns, found a map/);
    assert.equal(read(workerOf({ model_name: 'schema' })).mock_script, null);
  });
});
