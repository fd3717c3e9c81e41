/** One step of a saga, reason or commit. */
import type { StepDefinition, ToolAllowance } from '../domain/definition.ts';
import type { StepKind } from '../domain/status.ts';
import { readBindings } from './bindings.ts';
import { DEFAULT_TIMEOUT_SECONDS, DEFAULT_TURNS, readCompensation, TIMEOUT, TURNS } from './compensation.ts';
import { openFields } from './fields.ts';
import type { Fields } from './fields.ts';
import { NAME, VERSION } from './identity.ts';
import type { NamedFiles } from './named-files.ts';
import { readPolicy } from './policy.ts';
import { readReasonFields, REASON_KEYS } from './reason.ts';
import { readResources } from './resources.ts';
import { readReviewRules } from './review-rules.ts';
import { readSchemaFile } from './schema-file.ts';
import type { TextRule } from './scalar.ts';
import { readWord } from './scalar.ts';
import { readTools } from './tools.ts';
import { complain } from './tree.ts';
import type { At } from './tree.ts';
import { readWhen } from './when.ts';

const COMMON = [
  ...['id', 'name', 'kind', 'worker', 'worker_version', 'with', 'when', 'policy', 'compensation'],
  ...['hitl', 'hitl_max_retries', 'hitl_retry_guidance', 'review'],
  ...['output_schema', 'timeout_seconds', 'tools', 'max_turns', 'resources'],
];
const OF_REASON = Object.fromEntries(
  REASON_KEYS.map((key) => [key, 'belongs to reason steps; this is a commit']),
);
const KINDS: readonly StepKind[] = ['reason', 'commit'];

const STEP_ID: TextRule = {
  expected: 'an id of letters, digits, "_" and "-" that begins with a letter or "_"',
  max: 64,
  pattern: /^(?!__proto__$)[A-Za-z_][A-Za-z0-9_-]*$/,
};

/** The step at `at`. What it lacks is reported, and neutral values stand for it. */
export function readStep(at: At, files: NamedFiles): StepDefinition {
  const kind = kindOf(at);
  const fields = openFields(at, keysFor(kind), 'a step');
  const bound = boundNames(fields);
  const common = readCommon(fields, kind, bound, files);
  if (kind === 'reason') return { ...common, ...readReasonFields(fields, common, bound, files) };
  if (kind === 'commit') checkOneTool(fields, common.tools);
  return { ...common, kind: 'commit' };
}

/** Read before anything else: it decides which keys belong to the step. */
function kindOf(at: At): StepKind | null {
  if (at.tree.kind !== 'map') return null;
  const kind = openFields(at, null).required('kind', 'reason or commit');
  return kind && readWord(kind, KINDS);
}

function keysFor(kind: StepKind | null) {
  if (kind === 'commit') return { known: COMMON, elsewhere: OF_REASON };
  return { known: [...COMMON, ...REASON_KEYS] };
}

function readCommon(fields: Fields, kind: StepKind | null, bound: readonly string[], files: NamedFiles) {
  const id = fields.text('id', STEP_ID);
  const policy = fields.child('policy');
  const compensation = fields.child('compensation');
  const maxTurns = fields.number('max_turns', TURNS);
  return {
    id,
    name: fields.optionalText('name', NAME) ?? id,
    worker: fields.text('worker', NAME),
    worker_version: fields.text('worker_version', VERSION),
    with: readBindings(fields.child('with')),
    when: readWhen(fields.child('when')),
    policy: policy && readPolicy(policy, files),
    ...readReviewRules(fields),
    compensation: compensation && readCompensation(compensation, files, { kind, maxTurns }),
    output_schema: readSchemaFile(fields.child('output_schema'), files),
    timeout_seconds: fields.number('timeout_seconds', TIMEOUT) ?? DEFAULT_TIMEOUT_SECONDS,
    tools: readTools(fields.child('tools'), files),
    max_turns: maxTurns ?? DEFAULT_TURNS,
    resources: readResources(fields.child('resources'), bound),
  };
}

/** As written, so that a binding which is itself wrong is not also unknown to the prompt and the resources. */
function boundNames(fields: Fields): string[] {
  const bindings = fields.child('with');
  return bindings?.tree.kind === 'map' ? [...bindings.tree.entries.keys()] : [];
}

function checkOneTool(fields: Fields, tools: readonly ToolAllowance[]): void {
  if (tools.length === 1) return;
  const at = fields.required('tools', 'a map {allow: [{name: …}]} with exactly one tool');
  if (at?.tree.kind !== 'map') return;
  const found = tools.length === 0 ? 'none' : `${tools.length}`;
  complain(at, { expected: 'exactly one tool in "allow" of a commit', found });
}
