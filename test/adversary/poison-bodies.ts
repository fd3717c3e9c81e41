/** Bodies that no client of ours sends, and what each is answered with. None may change anything. */
export interface PoisonBody {
  /** `{step}`: the path of the step on hold; `{saga}`: that of its saga. */
  path: string;
  body: string | Uint8Array;
  type?: string;
  headers?: Readonly<Record<string, string>>;
  status: number | readonly number[];
}

const JSON_TYPE = 'application/json';
const HASH = 'a'.repeat(64);
const nested = (depth: number, inside = '1') => `${'{"a":'.repeat(depth)}${inside}${'}'.repeat(depth)}`;
const keys = (count: number) => `{${Array.from({ length: count }, (_, n) => `"k${n}":0`).join(',')}}`;
const bytes = (...codes: number[]) => Uint8Array.from(codes);

const sent = (path: string, status: PoisonBody['status'], bodies: readonly PoisonBody['body'][]) =>
  bodies.map((body): PoisonBody => ({ path, body, type: JSON_TYPE, status }));

/** No JSON, or too much of it: refused before anything is looked at, on every route. */
const UNREADABLE = [
  '{',
  '{"decision":"APPROVE"',
  '{"decision":"APPROVE",}',
  "{'decision':'APPROVE'}",
  '{decision:"APPROVE"}',
  '{"decision":NaN}',
  '{"decision":Infinity}',
  '{"decision":-Infinity}',
  '{"decision":undefined}',
  '{"decision":01}',
  '{"decision":.5}',
  '{"decision":0x1}',
  '{"decision":"\u0001"}',
  '{"decision":"\\x41"}',
  '{"decision":"\\ud80"}',
  '{"decision":"APPROVE"}{"decision":"REJECT"}',
  '/* yes */ {"decision":"APPROVE"}',
  'decision=APPROVE',
  '<decision>APPROVE</decision>',
  '\u0000',
  '[',
  ']',
  'nul',
  '['.repeat(500_000),
  '{"a":'.repeat(200_000),
  nested(65),
  nested(4_000),
  `{"comment":${'['.repeat(64)}${']'.repeat(64)}}`,
  keys(100_001),
  bytes(0x7b, 0xff, 0xfe, 0x7d),
  bytes(0xfe, 0xff, 0x00, 0x7b, 0x00, 0x7d),
  bytes(0x80),
  bytes(0x1f, 0x8b, 0x08, 0x00),
  new TextEncoder().encode('{"a":"').subarray(0, 5),
];

/** Objects alone are bodies. */
const NO_OBJECT = ['[]', '7', 'true', '"APPROVE"', '-0', '1e400', '[{"decision":"APPROVE"}]'];

const DECISIONS = [
  '{}',
  '{"decision":null}',
  '{"decision":"approve"}',
  '{"decision":"APPROVE "}',
  '{"decision":["APPROVE"]}',
  '{"decision":{"toString":"APPROVE"}}',
  '{"decision":1}',
  '{"decision":"RETRY"}',
  '{"decision":"__proto__"}',
  '{"__proto__":{"decision":"APPROVE"}}',
  '{"constructor":{"prototype":{"decision":"APPROVE"}}}',
  '{"decision":"APPROVE","decision":"MAYBE"}',
  '{"decision":"APPROVE","output":[]}',
  '{"decision":"APPROVE","output":"yes"}',
  '{"decision":"APPROVE","output":{"data":{}}}',
  '{"decision":"APPROVE","output":{"data":{"summary":7}}}',
  '{"decision":"APPROVE","output":{"data":{"summary":"a","__proto__":{"b":1}}}}',
  '{"decision":"APPROVE","output":{"__proto__":{"data":{"summary":"a"}}}}',
  '{"decision":"APPROVE","output":{"data":{"summary":"\\u0000"}}}',
  '{"decision":"APPROVE","output":{"data":{"summary":"\\ud800"}}}',
  '{"decision":"APPROVE","output":{"data":{"summary":"\\udc00\\ud800"}}}',
  '{"decision":"APPROVE","output":{"data":{"summary":1e999}}}',
  `{"decision":"APPROVE","output":{"data":{"summary":${nested(55)}}}}`,
  '{"decision":"APPROVE","arguments":{"path":"/etc/passwd"}}',
  `{"decision":"APPROVE","comment":"${'x'.repeat(10_001)}"}`,
  '{"decision":"APPROVE","comment":7}',
  '{"decision":"APPROVE","comment":"\\ud83d"}',
  '{"decision":"APPROVE","decided_by":{"subject":"root"}}',
  `{"decision":"APPROVE","decided_by":"${'x'.repeat(257)}"}`,
  '{"decision":"APPROVE","payload_hash":"x"}',
  `{"decision":"APPROVE","payload_hash":"${HASH.toUpperCase()}"}`,
  `{"decision":"APPROVE","payload_hash":["${HASH}"]}`,
  '{"decision":"APPROVE","iteration":0}',
  '{"decision":"APPROVE","iteration":-1}',
  '{"decision":"APPROVE","iteration":1.5}',
  '{"decision":"APPROVE","iteration":1e300}',
  '{"decision":"APPROVE","iteration":2147483648}',
  '{"decision":"APPROVE","iteration":"1"}',
  '{"decision":"REJECT","error_details":[]}',
  '{"decision":"REJECT","error_details":"no"}',
  '{"decision":"REJECT","error_details":{"a":"\\u0000"}}',
  '{"decision":"REJECT","error_details":{"\\ud800":1}}',
  `{"decision":"REJECT","error_details":{"a":"${'x'.repeat(65_536)}"}}`,
];

/** Right in shape, and about what is not on hold. */
const NOT_ON_HOLD = [
  `{"decision":"APPROVE","payload_hash":"${HASH}"}`,
  `{"decision":"REJECT","payload_hash":"${'0'.repeat(64)}"}`,
];
const NO_ITERATION = ['{"decision":"APPROVE","iteration":2}', '{"decision":"REJECT","iteration":2147483647}'];

const RETRIES = [
  '{"guidance":7}',
  '{"guidance":["again"]}',
  '{"guidance":"\\ud800"}',
  '{"guidance":"a\\u0000b"}',
  `{"guidance":"${'x'.repeat(4_097)}"}`,
  '{"retry_token":"short"}',
  '{"retry_token":12345678}',
  `{"retry_token":"${'x'.repeat(129)}"}`,
  '{"retry_token":"\\u0000\\u0000\\u0000\\u0000\\u0000\\u0000\\u0000\\u0000"}',
];

const RECOVERIES = [
  '{"force":"yes"}',
  '{"force":1}',
  '{"allow_destructive":[]}',
  '{"recovery_token":"short"}',
  '{"recovery_token":{}}',
  `{"reason":"${'x'.repeat(10_001)}"}`,
  '{"reason":"\\udfff"}',
];

const STARTS = [
  '{}',
  '{"name":"w3"}',
  '{"name":"w3","version":1}',
  '{"name":["w3"],"version":"1"}',
  `{"name":"${'x'.repeat(129)}","version":"1"}`,
  '{"name":"w3\\u0000","version":"1"}',
  '{"__proto__":{"name":"w3","version":"1"}}',
  '{"name":"w3","version":"1","input":[]}',
  '{"name":"w3","version":"1","input":"x"}',
  '{"name":"w3","version":"1","input":{"subject":"\\ud800"}}',
  '{"name":"w3","version":"1","input":{"sub\\u0000ject":1}}',
  '{"name":"w3","version":"1","input":{"n":1e400}}',
  '{"name":"w3","version":"1","namespace":"../etc"}',
  '{"name":"w3","version":"1","namespace":"DEFAULT"}',
  '{"name":"w3","version":"1","trace_id":"x"}',
  `{"name":"w3","version":"1","trace_id":"${'A'.repeat(32)}"}`,
  '{"name":"w3","version":"1","idempotency_key":""}',
  `{"name":"w3","version":"1","idempotency_key":"${'k'.repeat(257)}"}`,
];
const UNKNOWN = [
  '{"name":"__proto__","version":"1"}',
  '{"name":"w3","version":"2"}',
  '{"name":"w3\' OR 1=1 --","version":"1"}',
  '{"name":"w3","version":"1","namespace":"another"}',
];

const large = ' '.repeat(2 * 1024 * 1024 + 1);
const step = '{step}/decision';

export const POISON_BODIES: readonly PoisonBody[] = [
  ...sent(step, 400, UNREADABLE),
  ...sent('/v1/sagas/start', 400, UNREADABLE.slice(0, 12)),
  ...sent('{saga}/cancel', 400, UNREADABLE.slice(12, 30)),
  ...sent(step, [400, 422], NO_OBJECT),
  ...sent(step, 422, DECISIONS),
  ...sent(step, 409, NOT_ON_HOLD),
  ...sent(step, 409, NO_ITERATION),
  ...sent('{step}/retry', 422, RETRIES),
  ...sent('{step}/retry-step', 422, RECOVERIES),
  ...sent('{step}/retry-compensation', 422, RECOVERIES),
  ...sent('/v1/sagas/start', 422, STARTS),
  ...sent('/v1/sagas/start', 404, UNKNOWN),
  ...sent('{saga}/cancel', 422, [
    '{"reason":7}',
    '{"reason":"\\u0000"}',
    `{"reason":"${'x'.repeat(10_001)}"}`,
  ]),
  ...[step, '{step}/reject', '/v1/sagas/start', '/v1/manifests'].map((path) => ({
    path,
    body: large,
    status: 413,
  })),
  {
    path: step,
    body: '{"decision":"APPROVE"}',
    type: JSON_TYPE,
    headers: { 'content-encoding': 'gzip' },
    status: 415,
  },
  {
    path: step,
    body: new Uint8Array(Buffer.from('{"decision":"APPROVE"}', 'utf16le')),
    type: 'application/json; charset=utf-16',
    status: 400,
  },
];
