/**
 * What a model's provider answers when it is broken or hostile. Each is the answer to the first turn of a step; a
 * turn after it hands in a right result. `ends`: the code that the step fails with; null: the model is told or
 * asked again, and the step completes.
 */
import type { FailureCode } from '../../domain/failure.ts';
import { local, type Said } from '../agent/protocols.ts';
import type { Answer } from '../agent/provider-server.ts';

export interface PoisonTurn {
  answer: Answer;
  ends: FailureCode | null;
}

const LARGE = 'x'.repeat(2_000_000);
const nested = (depth: number) => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;

const say = (said: Said): Answer => ({ events: local.turn(said) });
const submit = (text: string): Answer => say({ calls: [{ tool: '_submit', arguments: text }] });
const call = (tool: string, text = '{}'): Answer => say({ calls: [{ tool, arguments: text }] });
const raw = (...events: string[]): Answer => ({ events });
const body = (status: number, text: string): Answer => ({ status, body: text });
const delta = (value: string): string =>
  `data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":${value},"finish_reason":null}]}\n\n`;

/** Handed in, and not what the schema wants; the model may try again. */
const SUBMITTED = [
  '',
  '{}',
  'null',
  '[]',
  '7',
  '"text"',
  'NaN',
  '{',
  '{"summary":',
  "{'summary':'a'}",
  '{"summary":null}',
  '{"summary":{}}',
  '{"summary":["a"]}',
  '{"summary":""}',
  `{"summary":"${'x'.repeat(201)}"}`,
  `{"summary":"${LARGE}"}`,
  `{"summary":${nested(200)}}`,
  `{"summary":${nested(50_000)}}`,
  '{"summary":"a","more":1}',
  '{"summary":"a","__proto__":{"b":1}}',
  '{"__proto__":{"summary":"a"}}',
  '{"constructor":{"prototype":{"summary":"a"}}}',
  '{"summary\\u0000":"a"}',
  '{"Summary":"a"}',
  '<summary>a</summary>',
  '```json\n{"summary": }\n```',
];

/** Right, and odd: taken. */
const TAKEN = [
  '{"summary":"right","summary":"right"}',
  '{"summary":"\\u0000right\\ud800"}',
  '{"summary":"<script>alert(1)</script>{{ 7 * 7 }}"}',
  '{"summary":"\\u202e\\u0007\\u001b[31m"}',
];

/** Turns that end the step: text alone, and tools that it may not call. */
const ENDS: readonly [Answer, FailureCode][] = [
  [say({ text: '' }), 'no_submit_call'],
  [say({ text: 'I refuse.' }), 'no_submit_call'],
  [say({ text: LARGE }), 'no_submit_call'],
  [say({ text: '{"summary":"in text"}' }), 'no_submit_call'],
  [say({ text: '<tool_call>{"name":"_submit"}</tool_call>' }), 'no_submit_call'],
  [say({ text: '\u0000\ud800\u202e' }), 'no_submit_call'],
  [call('rm_rf'), 'TOOL_NOT_ALLOWED'],
  [call('__proto__'), 'TOOL_NOT_ALLOWED'],
  [call('constructor'), 'TOOL_NOT_ALLOWED'],
  [call('_SUBMIT'), 'TOOL_NOT_ALLOWED'],
  [call('put_note '), 'TOOL_NOT_ALLOWED'],
  [call('delete_note'), 'TOOL_NOT_ALLOWED'],
  [call('../put_note'), 'TOOL_NOT_ALLOWED'],
  [call('x'.repeat(100_000)), 'TOOL_NOT_ALLOWED'],
  [call('a\u0000\ud800'), 'TOOL_NOT_ALLOWED'],
  [say({ text: 'no', finish: 'content_filter' }), 'LLM_FAILED'],
  [say({ text: 'and so', finish: 'length' }), 'LLM_FAILED'],
  [say({ text: 'x'.repeat(9 * 1024 * 1024) }), 'LLM_FAILED'],
];

/** Arguments of an allowed tool that it does not take: the model is told. */
const ARGUMENTS = [
  'NaN',
  '[]',
  '"x"',
  '{"path":7,"content":[]}',
  '{"path":"../../etc/passwd","content":"x"}',
  '{"path":"/etc/passwd","content":"x"}',
  '{"path":"a\\u0000.md","content":"x"}',
  `{"path":"${'p'.repeat(100_000)}","content":"x"}`,
  `{"path":${nested(100)},"content":"x"}`,
  '{"__proto__":{"path":"proto.md"},"content":"x"}',
];

/** Nothing of a turn arrived: asked again so often as transient errors are, then the end. */
const UNREADABLE: readonly Answer[] = [
  raw(),
  raw('\n\n\n'),
  raw('data: {"id": \n\n'),
  raw('data: [1, 2]\n\n'),
  raw('data: null\n\n'),
  raw('data: {"choices":7}\n\n'),
  raw('data: [DONE]\n\n'),
  raw(delta('{"content":"half"}')),
  raw(delta('{"content":{"a":1}}')),
  raw(delta('{"tool_calls":[{"index":-1}]}')),
  raw(delta('{"tool_calls":[{"index":0,"function":{"name":7,"arguments":{}}}]}')),
  raw(`data: ${'['.repeat(200_000)}\n\n`),
  raw('\u0000\u0001\u0002'),
  raw('<html><body>Sign in</body></html>'),
  { events: local.turn({ text: 'a' }).slice(0, 2), end: 'reset' },
  body(200, ''),
  body(200, '<html>Welcome to the proxy</html>'),
  body(200, '{"choices":[]}'),
  body(200, LARGE),
  body(429, '{"error":null}'),
  body(500, '<h1>\u0000</h1>'),
  body(503, LARGE),
  body(400, '{"error":{"message":["\\ud800"]}}'),
  body(401, 'no'),
  body(404, '{"__proto__":{"message":"x"}}'),
  body(418, LARGE),
  body(302, ''),
];

export const POISON_TURNS: readonly PoisonTurn[] = [
  ...SUBMITTED.map((text) => ({ answer: submit(text), ends: null })),
  ...TAKEN.map((text) => ({ answer: submit(text), ends: null })),
  ...ARGUMENTS.map((text) => ({ answer: call('put_note', text), ends: null })),
  ...ENDS.map(([answer, ends]) => ({ answer, ends })),
  ...UNREADABLE.map((answer) => ({ answer, ends: 'LLM_FAILED' as const })),
];
