/** The virtual tool `_read_resource`: the MCP resources of a step, and what a model may ask of it. */
import type { ResourceAllowance } from '../domain/definition.ts';
import type { StepFailed } from '../domain/failure.ts';
import { isJsonObject } from '../domain/json.ts';
import type { Json, JsonObject } from '../domain/json.ts';
import { readUriTemplate, uriFault } from '../expression/resource-uri.ts';
import { PREVIEW_LIMIT, clip } from './clip.ts';
import { failed } from './failed.ts';
import type { ModelTool } from './model.ts';
import type { AgentTask } from './task.ts';
import type { Call } from './transcript.ts';

export const READ_RESOURCE = '_read_resource';

/** `_read_resource` as the model sees it. */
export function resourceTool(list: readonly ResourceAllowance[]): ModelTool {
  const lines = list.map(({ uri, description }) => (description === null ? uri : `${uri}: ${description}`));
  return {
    name: READ_RESOURCE,
    description: `Reads one of these resources:\n${lines.join('\n')}`,
    inputSchema: {
      type: 'object',
      properties: { uri: { type: 'string', enum: list.map(({ uri }) => uri) } },
      required: ['uri'],
    },
    strict: false,
  };
}

/** The URI that a call asks for; null when it names none. */
export function uriOf({ arguments: args }: Call): string | null {
  const uri = isJsonObject(args) ? args['uri'] : null;
  return typeof uri === 'string' ? uri : null;
}

/**
 * The allowed resources with their `{placeholder}`s filled from the step's arguments. Throws StepFailed when one
 * is missing or would leave what its URI allows.
 */
export function resolveResources(
  allowed: readonly ResourceAllowance[],
  bound: JsonObject,
): ResourceAllowance[] {
  return allowed.map(({ uri, description }) => {
    const filled = readUriTemplate(uri).placeholders.reduce(
      (text, name) => text.replaceAll(`{${name}}`, () => valueOf(uri, name, bound)),
      uri,
    );
    const unsafe = faultOf(filled, { template: uri });
    if (unsafe !== null) throw unsafe;
    return { uri: filled, description };
  });
}

/** Why what the model asks for is not read: the first such call of a turn; null when all are allowed. */
export function refusedUri(
  step: AgentTask,
  list: readonly ResourceAllowance[],
  calls: readonly Call[],
): StepFailed | null {
  for (const call of calls) {
    const uri = call.tool === READ_RESOURCE ? uriOf(call) : null;
    if (uri === null || list.some((allowed) => allowed.uri === uri)) continue;
    return faultOf(uri, {}) ?? mismatch(step, list, uri) ?? outside(list, uri);
  }
  return null;
}

function valueOf(template: string, name: string, bound: JsonObject): string {
  const value: Json = Object.hasOwn(bound, name) ? (bound[name] ?? null) : null;
  if (typeof value === 'string' && value !== '') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  const found = JSON.stringify(value);
  throw failed(
    'RESOURCE_URI_PLACEHOLDER_MISSING',
    `the resource ${template} needs ${name} of "with" to be a text or a number, found ${clip(found, 100)}`,
    { uri: template, placeholder: name },
  );
}

function faultOf(uri: string, more: JsonObject): StepFailed | null {
  const details = { uri: clip(uri, PREVIEW_LIMIT), ...more };
  switch (uriFault(uri)) {
    case 'traversal':
      return failed(
        'RESOURCE_URI_TRAVERSAL',
        `expected a resource URI that leads down only, found ".." in ${details.uri}`,
        details,
      );
    case 'control':
      return failed(
        'RESOURCE_URI_CONTROL_CHARACTERS',
        `expected a resource URI without control characters, found ${JSON.stringify(details.uri)}`,
        details,
      );
    case null:
      return null;
  }
}

/** It is one of the step's URIs, with another value where `with` says what stands there. */
function mismatch(step: AgentTask, list: readonly ResourceAllowance[], uri: string): StepFailed | null {
  const at = step.resources.findIndex((each) => /\{/.test(each.uri) && fits(uri, each.uri));
  const template = step.resources[at];
  if (template === undefined) return null;
  const expected = list[at]?.uri ?? template.uri;
  return failed(
    'RESOURCE_URI_PLACEHOLDER_MISMATCH',
    `the model asked for ${clip(uri, PREVIEW_LIMIT)}; expected ${expected}, whose placeholders are those of "with"`,
    { uri: clip(uri, PREVIEW_LIMIT), template: template.uri, expected },
  );
}

/** Whether the parts of a template between its placeholders are found in a URI, in order. */
function fits(uri: string, template: string): boolean {
  const [first = '', ...rest] = template.split(/\{[^{}]+\}/);
  const last = rest.pop() ?? '';
  if (!uri.startsWith(first) || !uri.endsWith(last)) return false;
  let at = first.length;
  for (const part of rest) {
    const found = uri.indexOf(part, at + 1);
    if (found === -1) return false;
    at = found + part.length;
  }
  return at + 1 <= uri.length - last.length;
}

function outside(list: readonly ResourceAllowance[], uri: string): StepFailed {
  const allowed = list.map((each) => each.uri);
  return failed(
    'RESOURCE_NOT_ALLOWED',
    `the model asked for the resource ${clip(uri, PREVIEW_LIMIT)}, which this step does not allow ` +
      `(it allows ${allowed.join(', ') || 'none'}); no call of that turn was made`,
    { uri: clip(uri, PREVIEW_LIMIT), allowed_resources: allowed },
  );
}
