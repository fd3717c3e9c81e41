/** One step of a saga, reason or commit. */
import type { StepDefinition, ToolAllowance } from '../domain/definition.ts';
import type { StepKind } from '../domain/status.ts';
import { readBindings } from './bindings.ts';
import { DEFAULT_TIMEOUT_SECONDS, readCompensation, TIMEOUT } from './compensation.ts';
import { openFields } from './fields.ts';
import type { Fields } from './fields.ts';
import { NAME, VERSION } from './identity.ts';
import type { NamedFiles } from './named-files.ts';
import { readPolicy } from './policy.ts';
import { readPrompt } from './prompt.ts';
import { readReviewRules } from './review-rules.ts';
import { readSchemaFile } from './schema-file.ts';
import type { NumberRule, TextRule } from './scalar.ts';
import { readWord } from './scalar.ts';
import { readTools } from './tools.ts';
import { complain } from './tree.ts';
import type { At } from './tree.ts';

const COMMON = [
  ...['id', 'name', 'kind', 'worker', 'worker_version', 'with', 'policy', 'hitl', 'hitl_max_retries'],
  ...[
    'hitl_retry_guidance',
    'review',
    'compensation',
    'output_schema',
    'timeout_seconds',
    'tools',
    'max_turns',
  ],
];
const LATER = ['when', 'resources'];
const REASON_LATER = ['on_tool_error', 'max_step_tokens', 'facts'];
const REASON_ONLY = ['prompt', 'agent-adapter', ...REASON_LATER];
const OF_REASON = Object.fromEntries(
  REASON_ONLY.map((key) => [key, 'belongs to reason steps; this is a commit']),
);
const KINDS: readonly StepKind[] = ['reason', 'commit'];

const STEP_ID: TextRule = {
  expected: 'an id of letters, digits, "_" and "-" that begins with a letter or "_"',
  max: 64,
  pattern: /^(?!__proto__$)[A-Za-z_][A-Za-z0-9_-]*$/,
};
const TURNS: NumberRule = { expected: 'an integer from 1 to 200', integer: true, min: 1, max: 200 };
const DEFAULT_TURNS = 10;

/** The step at `at`. What it lacks is reported, and neutral values stand for it. */
export function readStep(at: At, files: NamedFiles): StepDefinition {
  const kind = kindOf(at);
  const fields = openFields(at, keysFor(kind), 'a step');
  const common = readCommon(fields, files);
  if (kind === null) return { ...common, kind: 'commit' };
  if (kind === 'reason') return readReason(fields, common, files);
  checkOneTool(fields, common.tools);
  return { ...common, kind };
}

/** Read before anything else: it decides which keys belong to the step. */
function kindOf(at: At): StepKind | null {
  if (at.tree.kind !== 'map') return null;
  const kind = openFields(at, null).required('kind', 'reason or commit');
  return kind && readWord(kind, KINDS);
}

function keysFor(kind: StepKind | null) {
  if (kind === 'commit') return { known: COMMON, later: LATER, elsewhere: OF_REASON };
  return { known: [...COMMON, 'prompt', 'agent-adapter'], later: [...LATER, ...REASON_LATER] };
}

type Common = ReturnType<typeof readCommon>;

function readCommon(fields: Fields, files: NamedFiles) {
  const id = fields.text('id', STEP_ID);
  const policy = fields.child('policy');
  const compensation = fields.child('compensation');
  return {
    id,
    name: fields.optionalText('name', NAME) ?? id,
    worker: fields.text('worker', NAME),
    worker_version: fields.text('worker_version', VERSION),
    with: readBindings(fields.child('with')),
    policy: policy && readPolicy(policy, files),
    ...readReviewRules(fields),
    compensation: compensation && readCompensation(compensation, files),
    output_schema: readSchemaFile(fields.child('output_schema'), files),
    timeout_seconds: fields.number('timeout_seconds', TIMEOUT) ?? DEFAULT_TIMEOUT_SECONDS,
    tools: readTools(fields.child('tools'), files),
    max_turns: fields.number('max_turns', TURNS) ?? DEFAULT_TURNS,
  };
}

function readReason(fields: Fields, common: Common, files: NamedFiles): StepDefinition {
  const adapter = fields.child('agent-adapter');
  if (adapter) readAdapter(adapter);
  const at = fields.required('prompt', 'the path of a template under PROMPTS_ROOT');
  const prompt = at && readPrompt(at, files, boundNames(fields));
  return { ...common, kind: 'reason', prompt: prompt ?? { ref: '', template: '' } };
}

/** As written, so that a binding which is itself wrong is not also unknown to the prompt. */
function boundNames(fields: Fields): string[] {
  const bindings = fields.child('with');
  return bindings?.tree.kind === 'map' ? [...bindings.tree.entries.keys()] : [];
}

function readAdapter(at: At): void {
  const word = readWord(at, ['react', 'simple']);
  if (word !== 'simple') return;
  const message = '"agent-adapter: simple" is not supported yet';
  complain(at, { expected: 'react', found: 'simple', message });
}

function checkOneTool(fields: Fields, tools: readonly ToolAllowance[]): void {
  if (tools.length === 1) return;
  const at = fields.required('tools', 'a map {allow: [{name: …}]} with exactly one tool');
  if (at?.tree.kind !== 'map') return;
  const found = tools.length === 0 ? 'none' : `${tools.length}`;
  complain(at, { expected: 'exactly one tool in "allow" of a commit', found });
}
