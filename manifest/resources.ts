/** `resources.allow`: which MCP resources an agent may read. */
import type { ResourceAllowance } from '../domain/definition.ts';
import { readUriTemplate, uriFault } from '../expression/resource-uri.ts';
import { openFields } from './fields.ts';
import { nearest } from './nearest.ts';
import { shown } from './problem.ts';
import { ANY_TEXT, readText } from './scalar.ts';
import type { TextRule } from './scalar.ts';
import { complain, describe, isList, itemsOf } from './tree.ts';
import type { At } from './tree.ts';

const URI: TextRule = { expected: 'a URI such as repo://docs/{name}', max: 2048 };
/** A placeholder may begin it: what it stands for is checked when it is filled. */
const SCHEME = /^(?:[A-Za-z][A-Za-z0-9+.-]*:|\{)/;
/** A step may bind thousands of names: a hint lists and compares a few. */
const LISTED = 12;
const COMPARED = 200;

const FAULTS = {
  traversal: { expected: 'a URI that leads down only', found: '".." in it (also when it is encoded)' },
  control: { expected: 'a URI without control characters', found: 'one of them (also when it is encoded)' },
} as const;

/** The allowances of the map `resources` at `at`. `bound` are the keys of the step's `with`. */
export function readResources(at: At | null, bound: readonly string[]): ResourceAllowance[] {
  const list = at && openFields(at, { known: ['allow'] }, 'a map {allow: […]}').child('allow');
  if (list === null) return [];
  if (!isList(list)) {
    complain(list, { expected: 'a list of {uri: …}', found: describe(list.tree) });
    return [];
  }
  const known = new Set(bound);
  const seen = new Set<string>();
  return itemsOf(list).map((item) => {
    const resource = readResource(item, known);
    if (resource.uri !== '' && seen.has(resource.uri)) {
      complain(item, { expected: 'each resource once', found: `${shown(resource.uri)} a second time` });
    }
    seen.add(resource.uri);
    return resource;
  });
}

function readResource(at: At, bound: ReadonlySet<string>): ResourceAllowance {
  const fields = openFields(at, { known: ['uri', 'description'] }, 'a resource {uri, description?}');
  const uri = fields.required('uri', URI.expected);
  const text = uri && readText(uri, URI);
  if (uri && text !== null) checkUri(uri, text, bound);
  return { uri: text ?? '', description: fields.optionalText('description', ANY_TEXT) };
}

function checkUri(at: At, uri: string, bound: ReadonlySet<string>): void {
  const { placeholders, stray, fixed } = readUriTemplate(uri);
  const fault = uriFault(fixed);
  if (fault !== null) complain(at, FAULTS[fault]);
  else if (!SCHEME.test(uri)) complain(at, { expected: URI.expected, found: shown(uri) });
  if (stray !== null) {
    const hint = 'write a "{" or "}" that belongs to the URI as %7B or %7D';
    complain(at, { expected: 'placeholders such as {name}', found: `a "${stray}" of none`, hint });
  }
  for (const name of placeholders) {
    if (bound.has(name) || at.source.report.full()) continue;
    complain(at, {
      expected: 'placeholders that are bound in "with"',
      found: shown(`{${name}}`),
      hint: boundHint(name, bound),
    });
  }
}

function boundHint(name: string, bound: ReadonlySet<string>): string {
  if (bound.size === 0) return 'this step binds nothing';
  const near = nearest(name, [...bound].slice(0, COMPARED));
  if (near !== null) return `did you mean "{${near}}"?`;
  return `bind it in "with", or use one of ${[...bound].slice(0, LISTED).join(', ')}`;
}
