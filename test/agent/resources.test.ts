import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { MockTurn, ResourceAllowance } from '../../domain/definition.ts';
import { StepFailed } from '../../domain/failure.ts';
import type { JsonObject } from '../../domain/json.ts';
import { runReact, usedWritingTool } from '../../agent/react.ts';
import type { AgentRun } from '../../agent/run.ts';
import { resolveResources } from '../../agent/resources.ts';
import { allowance, echo, echoTool, failureOf, object, reasonStep, recordedRun, text } from './runs.ts';
import type { Recorded } from './runs.ts';

const allow = (uri: string, description: string | null = null): ResourceAllowance => ({ uri, description });
const read = (uri: unknown): MockTurn => ({
  calls: [{ tool: '_read_resource', arguments: JSON.parse(JSON.stringify({ uri })) }],
});
const done: MockTurn = { submit: { ok: true } };
const templates = [allow('repo://{owner}/readme', 'what it is'), allow('repo://rules')];
const bound = { owner: 'ana', topic: 'bees' };

interface Reading extends Recorded {
  reads: string[];
}

function reading(script: MockTurn[], more: Partial<AgentRun> = {}, fails?: Error): Reading {
  const reads: string[] = [];
  const recorded = recordedRun(script, {
    step: reasonStep({ resources: templates }),
    arguments: bound,
    resources: {
      list: resolveResources(templates, bound),
      read: (uri) => {
        reads.push(uri);
        return fails ? Promise.reject(fails) : Promise.resolve({ text: `text of ${uri}` });
      },
    },
    ...more,
  });
  return { ...recorded, reads };
}

function notRead(message: string): Error {
  return Object.assign(new Error(message), { name: 'ResourceNotRead' });
}

/** What a resource comes to with these arguments: its URI, or the code of the failure. */
function resolved(uri: string, args: JsonObject): string {
  try {
    return resolveResources([allow(uri)], args)[0]?.uri ?? 'none';
  } catch (error) {
    if (error instanceof StepFailed) return error.failure.code;
    throw error;
  }
}

describe('resources of a reason step', () => {
  it('are read by the model with _read_resource, and their text is the result', async () => {
    const { run, reads, entries } = reading([read('repo://ana/readme'), done]);
    const { output, usedWritingTool: wrote } = await runReact(run);
    assert.deepEqual([output, wrote, reads], [{ ok: true }, false, ['repo://ana/readme']]);
    const result = object(entries[1]);
    assert.deepEqual([result['is_error'], result['text']], [false, 'text of repo://ana/readme']);
    assert.equal(usedWritingTool(entries, run.tools), false);
  });

  it('are offered with their URIs and descriptions, and only when the step has any', async () => {
    let offered: string[] = [];
    const { run } = reading([done]);
    const models = {
      modelOf: (...input: Parameters<AgentRun['models']['modelOf']>) => ({
        turn: (request: Parameters<ReturnType<AgentRun['models']['modelOf']>['turn']>[0]) => {
          offered = request.tools.map(({ name, description }) => `${name} ${description}`);
          return run.models.modelOf(...input).turn(request);
        },
      }),
    };
    await runReact({ ...run, models });
    assert.match(offered[0] ?? '', /^_read_resource .*repo:\/\/ana\/readme: what it is\nrepo:\/\/rules$/s);
    await runReact({ ...run, models, resources: { list: [], read: () => Promise.reject(new Error('no')) } });
    assert.equal(offered.length, 1);
  });

  it('outside the list are RESOURCE_NOT_ALLOWED, and no call of that turn is made', async () => {
    const turn: MockTurn = {
      calls: [
        { tool: '_read_resource', arguments: { uri: 'repo://rules' } },
        { tool: '_read_resource', arguments: { uri: 'repo://secrets' } },
      ],
    };
    const { run, reads, entries } = reading([turn, done]);
    const failure = await failureOf(runReact(run));
    assert.equal(failure.code, 'RESOURCE_NOT_ALLOWED');
    assert.deepEqual(failure.details, {
      uri: 'repo://secrets',
      allowed_resources: ['repo://ana/readme', 'repo://rules'],
    });
    assert.deepEqual([reads, entries.length], [[], 1]);
  });

  it('with another value for a placeholder are RESOURCE_URI_PLACEHOLDER_MISMATCH', async () => {
    const { run, reads } = reading([read('repo://ben/readme'), done]);
    const failure = await failureOf(runReact(run));
    assert.equal(failure.code, 'RESOURCE_URI_PLACEHOLDER_MISMATCH');
    assert.equal(failure.details?.['expected'], 'repo://ana/readme');
    assert.deepEqual(reads, []);
  });

  it('asked for with ".." or a control character, encoded or not, are refused as that', async () => {
    const asked: [string, string][] = [
      ['repo://ana/../ben/readme', 'RESOURCE_URI_TRAVERSAL'],
      ['repo://ana/%2e%2E/readme', 'RESOURCE_URI_TRAVERSAL'],
      ['repo://ana/%252e%252e/readme', 'RESOURCE_URI_TRAVERSAL'],
      ['repo://ana\n/readme', 'RESOURCE_URI_CONTROL_CHARACTERS'],
      ['repo://ana/%00', 'RESOURCE_URI_CONTROL_CHARACTERS'],
    ];
    for (const [uri, code] of asked) {
      const { run, reads } = reading([read(uri), done]);
      assert.equal((await failureOf(runReact(run))).code, code, uri);
      assert.deepEqual(reads, []);
    }
  });

  it('that cannot be read go back to the model; with on_tool_error fail they are RESOURCE_READ_FAILED', async () => {
    const broken = notRead('the resource repo://rules cannot be read: the server is away');
    const { run, entries } = reading([read('repo://rules'), done], {}, broken);
    assert.deepEqual((await runReact(run)).output, { ok: true });
    assert.match(text(entries[1]?.['text']), /repo:\/\/rules cannot be read: the server is away/);
    const step = reasonStep({ resources: templates, on_tool_error: 'fail' });
    const failure = await failureOf(runReact(reading([read('repo://rules'), done], { step }, broken).run));
    assert.equal(failure.code, 'RESOURCE_READ_FAILED');
    assert.match(failure.message, /the server is away/);
  });

  it('that fail for another reason than the resource stop the attempt', async () => {
    const bug = new Error('a bug');
    const { run, entries } = reading([read('repo://rules'), done], {}, bug);
    await assert.rejects(runReact(run), (error) => error === bug);
    assert.equal(entries.length, 1);
  });

  it('asked for without a URI are an error result', async () => {
    for (const uri of [undefined, 7, ['repo://rules']]) {
      const { run, reads, entries } = reading([read(uri), done]);
      await runReact(run);
      assert.deepEqual([object(entries[1])['called'], reads], [false, []]);
    }
  });

  it('are not a tool of a step without them', async () => {
    const { run } = reading([read('repo://rules')], { resources: null });
    assert.equal((await failureOf(runReact(run))).code, 'TOOL_NOT_ALLOWED');
  });

  it('read once are not read again after a crash', async () => {
    const whole = reading([read('repo://rules'), done]);
    await runReact(whole.run);
    const resumed = reading([read('repo://rules'), done], { transcript: whole.entries.slice(0, 2) });
    await runReact(resumed.run);
    assert.deepEqual(resumed.reads, []);
  });

  it('are left alone by the mock without a script, which calls its tools', async () => {
    const step = reasonStep({ resources: templates, tools: [allowance('read')] });
    const { run, reads, calls } = reading([], { step, tools: [echoTool('read')], call: echo });
    await runReact({ ...run, worker: { ...run.worker, mock_script: null, model_name: 'schema' } });
    assert.deepEqual([reads, calls], [[], ['read call_1_1 {}']]);
  });
});

describe('the placeholders of a resource', () => {
  it('are filled from with: texts, numbers and booleans', () => {
    assert.equal(resolved('x://{a}/{b}/{a}', { a: 'one', b: 2 }), 'x://one/2/one');
    assert.equal(resolved('x://{a}', { a: '$& {b} $1', b: 'no' }), 'x://$& {b} $1');
  });

  it('that with does not fill are RESOURCE_URI_PLACEHOLDER_MISSING', () => {
    const missing: JsonObject[] = [{}, { a: null }, { a: '' }, { a: ['x'] }];
    for (const args of missing) {
      assert.equal(resolved('x://{a}', args), 'RESOURCE_URI_PLACEHOLDER_MISSING');
    }
    assert.equal(resolved('x://{toString}', {}), 'RESOURCE_URI_PLACEHOLDER_MISSING');
  });

  it('may not lead out of what the URI allows, encoded or not', () => {
    for (const a of ['..', '../up', 'a/../../b', '%2e%2e', 'a%2f..%2fb', '..\\up']) {
      assert.equal(resolved('x://docs/{a}', { a }), 'RESOURCE_URI_TRAVERSAL', a);
    }
    assert.equal(resolved('x://docs/{a}', { a: 'a\u0000b' }), 'RESOURCE_URI_CONTROL_CHARACTERS');
    assert.equal(resolved('x://docs/{a}', { a: 'a..b/v1...2' }), 'x://docs/a..b/v1...2');
  });
});
