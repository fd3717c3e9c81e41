/** Whether an answer is one that the document of the interface describes: its status, media type and shape. */
import assert from 'node:assert/strict';
import { compileSchema } from '../../expression/schema.ts';
import type { Answer } from './support.ts';

/** The document as it came. */
export type Document = ReturnType<typeof JSON.parse>;

/** The operation of a request; undefined when the document has none there. */
export function operationOf(document: Document, method: string, path: string) {
  const asked = path.split('?')[0]?.split('/') ?? [];
  const paths = Object.keys(document.paths)
    .filter((each) => matches(each.split('/'), asked))
    // What is written out goes before a parameter.
    .sort((a, b) => a.split('{').length - b.split('{').length);
  return paths.length === 0 ? undefined : document.paths[paths[0] ?? ''][method.toLowerCase()];
}

function matches(path: string[], asked: string[]): boolean {
  return (
    path.length === asked.length &&
    path.every((part, at) => (part.startsWith('{') ? asked[at] !== '' : part === asked[at]))
  );
}

/** Fails for an answer that the document does not describe. Paths and methods that it does not have are not judged. */
export function assertDescribed(document: Document, method: string, path: string, answer: Answer): void {
  const operation = operationOf(document, method, path);
  if (operation === undefined) return;
  const place = `${method} ${path.slice(0, 100)} answered ${answer.status}`;
  const response = operation.responses[answer.status];
  assert.ok(response, `${place}, which the document does not describe`);
  const [[type, media] = ['', null]] = Object.entries<{ schema: object }>(response.content);
  assert.ok(media, place);
  if (type === '*/*') return;
  assert.equal(answer.headers.get('content-type')?.split(';')[0], type, place);
  const lines = type === 'application/x-ndjson';
  if (!lines && !type.endsWith('json')) return;
  const check = compileSchema({ ...media.schema, components: document.components });
  const values = lines ? answer.text.split('\n').filter((line) => line !== '') : [answer.text];
  for (const value of values)
    assert.deepEqual(check(JSON.parse(value)), [], `${place}: ${value.slice(0, 500)}`);
}
