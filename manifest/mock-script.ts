/** The script of the mock model: the turns of each step, with templates over what happened so far. */
import type { MockScript, MockTurn } from '../domain/definition.ts';
import type { JsonObject } from '../domain/json.ts';
import { compileTemplate } from '../expression/template.ts';
import { compiled } from './compiled.ts';
import { readDocument } from './document.ts';
import { openFields } from './fields.ts';
import type { Fields } from './fields.ts';
import { NAME } from './identity.ts';
import type { NamedFiles } from './named-files.ts';
import { ANY_TEXT, readText } from './scalar.ts';
import type { NumberRule } from './scalar.ts';
import { complain, describe, isList, itemsOf, joinPath, toJson, toJsonObject } from './tree.ts';
import type { At } from './tree.ts';

const TURNS = ['call', 'calls', 'submit', 'text', 'fail'];
const STATUS: NumberRule = { expected: 'an HTTP status from 400 to 599', integer: true, min: 400, max: 599 };
const WAIT: NumberRule = { expected: 'seconds, at least 0', integer: false, min: 0, max: 86_400 };
const NAMES = ['arguments', 'results', 'guidance'];

/** The script whose file is named at `at`. */
export function readMockScript(at: At, files: NamedFiles): MockScript | null {
  const source = files.open(at, 'prompts');
  const document = source && readDocument(source);
  if (document === null) return null;
  const steps = openFields(document, { known: ['steps'] }, 'a script {steps: …}').required(
    'steps',
    'a map of step ids',
  );
  if (steps === null) return null;
  if (steps.tree.kind !== 'map') {
    complain(steps, { expected: 'a map of step ids to lists of turns', found: describe(steps.tree) });
    return null;
  }
  const read = Array.from(steps.tree.entries, ([id, { value }]): [string, MockTurn[]] => [
    id,
    readTurns({ source: steps.source, path: joinPath(steps.path, id), tree: value }),
  ]);
  return { steps: Object.fromEntries(read) };
}

function readTurns(at: At): MockTurn[] {
  if (!isList(at)) {
    complain(at, { expected: 'a list of turns', found: describe(at.tree) });
    return [];
  }
  return itemsOf(at).flatMap((item) => readTurn(item) ?? []);
}

function readTurn(at: At): MockTurn | null {
  const fields = openFields(at, { known: TURNS }, 'a turn');
  if (at.tree.kind !== 'map') return null;
  const given = TURNS.filter((key) => fields.child(key) !== null);
  const [kind] = given;
  const turn = kind === undefined ? null : fields.child(kind);
  if (given.length !== 1 || turn === null) {
    const found = given.length === 0 ? 'none' : given.join(' and ');
    complain(at, { expected: `exactly one of ${TURNS.join(', ')}`, found });
    return null;
  }
  if (kind === 'call') return { calls: [readCall(turn)] };
  if (kind === 'calls') return { calls: readCalls(turn) };
  if (kind === 'submit') return { submit: readObject(turn) };
  return kind === 'text' ? { text: readTemplateText(turn) } : { fail: readFail(turn) };
}

function readCalls(at: At): { tool: string; arguments: JsonObject }[] {
  if (isList(at) && at.tree.items.length > 0) return itemsOf(at).map(readCall);
  complain(at, { expected: 'a list of at least one {tool, arguments}', found: describe(at.tree) });
  return [];
}

function readCall(at: At): { tool: string; arguments: JsonObject } {
  const fields: Fields = openFields(at, { known: ['tool', 'arguments'] }, 'a call {tool, arguments}');
  const given = fields.child('arguments');
  return {
    tool: fields.text('tool', { ...NAME, expected: 'the name of a tool' }),
    arguments: given ? readObject(given) : {},
  };
}

function readFail(at: At): { status: number; retry_after: number | null } {
  const fields = openFields(at, { known: ['status', 'retry_after'] }, 'a failure {status, retry_after?}');
  fields.required('status', STATUS.expected);
  return { status: fields.number('status', STATUS) ?? 500, retry_after: fields.number('retry_after', WAIT) };
}

function readObject(at: At): JsonObject {
  if (at.tree.kind !== 'map') {
    complain(at, { expected: 'a map', found: describe(at.tree) });
    return {};
  }
  checkTemplates(at);
  return toJsonObject(at.tree);
}

function readTemplateText(at: At): string {
  checkTemplates(at);
  return readText(at, ANY_TEXT) ?? '';
}

/** Every text inside: a template that cannot be rendered is found at deploy, not in the middle of a saga. */
function checkTemplates(at: At): void {
  const { tree, source } = at;
  if (tree.kind === 'list') return itemsOf({ ...at, tree }).forEach(checkTemplates);
  if (tree.kind === 'map') {
    for (const [key, { value }] of tree.entries) {
      checkTemplates({ source, path: joinPath(at.path, key), tree: value });
    }
    return;
  }
  const value = toJson(tree);
  if (typeof value !== 'string') return;
  const names = compiled(at, 'a template', () => compileTemplate(value).names) ?? [];
  for (const name of names.filter((candidate) => !NAMES.includes(candidate))) {
    complain(at, { expected: `only the names ${NAMES.join(', ')}`, found: name });
  }
}
