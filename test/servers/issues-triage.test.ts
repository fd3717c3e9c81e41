/** The triage example, step by step: its own manifests and script, the real agent, a real issues server. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'mocha';
import type { AgentResult } from '../../agent/run.ts';
import { runAgent } from '../../agent/run.ts';
import type { SagaDefinition, StepDefinition, WorkerDefinition } from '../../domain/definition.ts';
import type { JsonObject } from '../../domain/json.ts';
import { argumentProblems, sentArguments } from '../../expression/arguments.ts';
import { resolveBindings } from '../../expression/bindings.ts';
import { compileCel } from '../../expression/cel.ts';
import { createPolicyGate } from '../../expression/gate.ts';
import { WHEN_NAMES } from '../../expression/names.ts';
import { compileSchema } from '../../expression/schema.ts';
import type { ToolSet } from '../../mcp/servers.ts';
import { failureOf, recordedRun } from '../agent/runs.ts';
import { copyExample, said } from '../manifest/example.ts';
import type { Example } from '../manifest/example.ts';
import { at, createIssues } from './issues.ts';
import type { Issues } from './issues.ts';
import { call } from './notes.ts';

let example: Example;
before(() => {
  example = copyExample();
});
after(() => example.remove());

function readExample(name: string): { definition: SagaDefinition | WorkerDefinition } {
  const text = readFileSync(join(example.folder, name), 'utf8');
  const reading = example.read(text, { stdioAllow: ['warden-issues', 'docker'] });
  assert.ok(reading.kind === 'definition', reading.kind === 'problems' ? said(reading.problems).join() : '');
  return reading;
}

function sagaOf(name: string): SagaDefinition {
  const { definition } = readExample(name);
  assert.ok(definition.kind === 'saga');
  return definition;
}

function workerOf(name: string): WorkerDefinition {
  const { definition } = readExample(name);
  assert.ok(definition.kind === 'worker');
  return definition;
}

describe('the triage example', () => {
  let issues: Issues;
  let tools: ToolSet;
  let saga: SagaDefinition;
  beforeEach(async () => {
    saga = sagaOf('manifests/triage.yaml');
    issues = await createIssues();
    tools = await issues.open('one');
  });
  afterEach(() => issues.close());

  function step(id: string): StepDefinition {
    const found = saga.steps.find((candidate) => candidate.id === id);
    assert.ok(found);
    return found;
  }

  /** What the agent proposes for an issue, and the context of the saga after it. */
  async function propose(number: number, guidance: string | null = null) {
    const triage = step('triage');
    assert.ok(triage.kind === 'reason');
    const input = at(number);
    const allowed = triage.tools.flatMap(({ name }) => tools.tools.get(name) ?? []);
    const { run } = recordedRun(null, {
      step: triage,
      worker: workerOf('manifests/triage-worker.yaml'),
      arguments: { ...input, ...(guidance === null ? {} : { _hitl_retry: { attempt: 1, guidance } }) },
      guidance,
      tools: allowed,
      call: (tool, args) =>
        tools.call(tool, args, { idempotencyKey: null, signal: new AbortController().signal }),
    });
    const result: AgentResult = await runAgent(run);
    const triaged = { output: { data: result.output }, facts: result.facts ?? {} };
    const empty = { output: { data: {} }, facts: {} };
    const context = { input, steps: { triage: triaged, comment: empty, label: empty, close: empty } };
    return { context, data: result.output, facts: result.facts ?? {} };
  }

  const gate = createPolicyGate();
  function judge(id: string, context: JsonObject, output: JsonObject = {}): string | undefined {
    const traced = { traceId: '0'.repeat(32), namespace: 'default', saga };
    const bound = resolveBindings(step(id).with, context);
    return gate({ saga: traced, step: step(id), input: context['input'] ?? null, arguments: bound, output })
      ?.kind;
  }

  function isRun(id: string, context: JsonObject): unknown {
    const outcome = compileCel(step(id).when ?? 'true', WHEN_NAMES).evaluate(context);
    return outcome.kind === 'value' ? outcome.value : outcome.message;
  }

  /** Makes a step's call as a commit does, with the step's id as the key. */
  async function commit(id: string, context: JsonObject): Promise<JsonObject> {
    const tool = tools.tools.get(step(id).tools[0]?.name ?? '');
    const sent = sentArguments(resolveBindings(step(id).with, context), tool?.inputSchema ?? {});
    assert.deepEqual(argumentProblems(tool?.inputSchema ?? {}, sent), []);
    return await call(tools, tool?.name ?? '', sent, id);
  }

  it('proposes for every issue what its schema and policy accept, with facts of what was read', async () => {
    const proposals: string[] = [];
    for (let number = 1; number <= 7; number += 1) {
      const { state = null, labels = null } = await call(tools, 'get_issue', at(number));
      const { context, data, facts } = await propose(number);
      assert.deepEqual(compileSchema(step('triage').output_schema ?? {})(data), []);
      assert.equal(judge('triage', context, { data, facts }), 'allowed', `issue ${number}`);
      assert.deepEqual(facts['issue'], { state, labels });
      proposals.push(
        `${number} ${String(data['kind'])} ${JSON.stringify(data['labels'])} ${String(data['duplicate_of'])}`,
      );
    }
    assert.deepEqual(proposals, [
      '1 bug ["bug","export"] null',
      '2 bug ["search"] null',
      '3 bug ["bug","offline"] null',
      '4 feature ["feature"] null',
      '5 question ["question"] null',
      '6 bug ["bug","offline"] 3',
      '7 unclear ["sync","needs-info"] null',
    ]);
  });

  it('shows what was read, and what a reviewer asked for', async () => {
    const { data } = await propose(6, 'say when it is fixed');
    assert.equal(
      data['summary'],
      'sam wrote "Shared list opened offline: app crashes"; comments: 0, other issues with words of it: 2',
    );
    assert.equal(
      data['comment'],
      'Thank you, @sam!\nThis looks like #3, where it goes on.\n\n(Written again as the reviewer asked: say when it is fixed)',
    );
  });

  it('fails with what the server said when the issue cannot be read', async () => {
    const { code, message } = await failureOf(propose(99));
    assert.equal(code, 'TOOL_OUTPUT_ERROR');
    assert.match(message, /there is no issue 99; list_issues names those that exist/);
  });

  it('runs the steps that the issue needs, and skips the others', async () => {
    const runs = async (number: number) => {
      const { context } = await propose(number);
      return ['comment', 'label', 'close'].filter((id) => isRun(id, context) === true);
    };
    assert.deepEqual(await runs(6), ['comment', 'label', 'close']);
    assert.deepEqual(await runs(4), ['comment', 'label']);
    assert.deepEqual(await runs(3), ['comment']);
    assert.deepEqual(await runs(1), []);
  });

  it('comments, labels and closes, and every undo puts back what was there', async () => {
    const read = async () => ({ ...(await call(tools, 'get_issue', at(6))), updated_at: '' });
    const before = await read();
    const { context } = await propose(6);
    for (const id of ['comment', 'label', 'close']) {
      if (id !== 'label') assert.equal(judge(id, context), 'allowed');
      const result = await commit(id, context);
      assert.deepEqual(compileSchema(step(id).output_schema ?? {})(result), []);
    }
    const { state, state_reason: reason, duplicate_of: same, labels, comments } = issues.issue(6);
    assert.deepEqual(
      [state, reason, same, labels, comments.length],
      ['closed', 'duplicate', 3, ['bug', 'offline'], 1],
    );

    for (const id of ['close', 'label', 'comment']) {
      const undo = step(id).compensation;
      assert.ok(undo !== null);
      const [tool] = undo.tools;
      assert.ok(tool);
      const given = { ...context, _compensation: { forward_idempotency_key: id } };
      await call(tools, tool.name, resolveBindings(undo.with, given), `undo-${id}`);
    }
    assert.deepEqual(await read(), before);
  });

  it('lets no proposal through that takes labels away, makes them up, or was made without reading', async () => {
    const { context, data, facts } = await propose(7);
    const verdict = (change: JsonObject, seen: JsonObject = facts) =>
      judge('triage', context, { data: { ...data, ...change }, facts: seen });
    assert.equal(verdict({}), 'allowed');
    assert.equal(verdict({ labels: ['needs-info'] }), 'denied');
    assert.equal(verdict({ labels: ['sync', 'wontfix'] }), 'denied');
    assert.equal(verdict({ duplicate_of: 7 }), 'denied');
    assert.equal(verdict({}, {}), 'errored');
  });

  it('closes nothing that is closed already, and nothing but duplicates', () => {
    const verdict = (state: string, duplicate: number | null) => {
      const triage = { output: { data: { duplicate_of: duplicate } }, facts: { issue: { state } } };
      return judge('close', { input: at(6), steps: { triage } });
    };
    assert.equal(verdict('open', 3), 'allowed');
    assert.equal(verdict('closed', 3), 'denied');
    assert.equal(verdict('open', 6), 'denied');
    assert.notEqual(verdict('open', null), 'allowed');
  });
});

describe('the manifests for GitHub', () => {
  it('read, and reach the server with a token that is in no definition', () => {
    const files = readdirSync(join(example.folder, 'manifests-github')).filter((name) =>
      name.endsWith('.yaml'),
    );
    assert.deepEqual(files, ['triage-worker.yaml', 'triage.yaml']);
    const [source] = workerOf('manifests-github/triage-worker.yaml').tool_sources;
    assert.ok(source?.transport === 'stdio');
    assert.ok(source.env_inherit.includes('GITHUB_PERSONAL_ACCESS_TOKEN'));
    assert.deepEqual(source.env, {});
  });

  it('reach the server over HTTP with the lines that the worker has for it', () => {
    const text = readFileSync(join(example.folder, 'manifests-github', 'triage-worker.yaml'), 'utf8');
    const [head = '', lines = ''] = text.split(
      '  # Instead of it, without a container: the server that GitHub runs.\n',
    );
    const other =
      head.slice(0, head.indexOf('tool_sources:')) + `tool_sources:\n${lines.replaceAll('  # ', '  ')}`;
    const reading = example.read(other);
    assert.ok(reading.kind === 'definition' && reading.definition.kind === 'worker');
    const [source] = reading.definition.tool_sources;
    assert.ok(source?.transport === 'http');
    assert.equal(source.headers['Authorization'], 'Bearer ${ENV:GITHUB_PERSONAL_ACCESS_TOKEN}');
  });

  it('set labels in one of two steps, each with an undo that knows what was there', () => {
    const { steps } = sagaOf('manifests-github/triage.yaml');
    const chosen = (issue: JsonObject, labels: string[]) => {
      const context = {
        steps: { issue: { output: { data: issue } }, triage: { output: { data: { labels } } } },
      };
      return steps
        .filter(({ id }) => id.endsWith('_labels'))
        .filter(({ when }) => {
          const outcome = compileCel(when ?? '', WHEN_NAMES).evaluate(context);
          return outcome.kind === 'value' && outcome.value === true;
        })
        .map(({ id, compensation }) => [id, resolveBindings(compensation?.with ?? {}, context)['labels']]);
    };
    assert.deepEqual(chosen({ state: 'open' }, ['bug']), [['first_labels', []]]);
    assert.deepEqual(chosen({ labels: ['a'] }, ['a', 'bug']), [['more_labels', ['a']]]);
    assert.deepEqual(chosen({ labels: ['a'] }, ['a']), []);
    assert.deepEqual(chosen({}, []), []);
  });
});
