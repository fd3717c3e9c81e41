/** Signals that no person and no part of Warden sends, as any client of Temporal can: each is refused. */
export interface Raw {
  encoding: string;
  data: Uint8Array;
}

export interface PoisonSignal {
  name: string;
  payloads: Raw[];
}

const bytes = (value: string): Uint8Array => new TextEncoder().encode(value);
const json = (value: string): Raw => ({ encoding: 'json/plain', data: bytes(value) });
const HELD = '{"review":"review#1"}';

/** The saga of the table is held at `review#1`. */
const UNDECODABLE: Raw[] = [
  json('{"review":'),
  json('{"review":"review#1"'),
  json(''),
  json('NaN'),
  json("{'review':'review#1'}"),
  json('\ufeff{"review":"review#1"}'),
  json(`${HELD}${HELD}`),
  json('['.repeat(100_000)),
  { encoding: 'json/plain', data: Uint8Array.of(0xff, 0xfe, 0x00) },
  { encoding: 'json/plain', data: Uint8Array.of(0x7b, 0xc3, 0x28, 0x7d) },
  { encoding: 'binary/encrypted', data: Uint8Array.of(1, 2, 3) },
  { encoding: 'binary/plain', data: bytes(HELD) },
  { encoding: 'binary/protobuf', data: Uint8Array.of(8, 150, 1) },
  { encoding: 'json/protobuf', data: bytes(HELD) },
  { encoding: '', data: bytes(HELD) },
  { encoding: 'JSON/PLAIN', data: bytes(HELD) },
  { encoding: '__proto__', data: bytes(HELD) },
];

/** What is meant for no signal at all. */
const WRONG_TYPE = [
  '[]',
  '7',
  'true',
  'false',
  '-0',
  '1e308',
  '[{"review":"review#1"}]',
  '{"review":"review#2"}',
  '{"review":"review#0"}',
  '{"review":"review#1 "}',
  '{"review":"REVIEW#1"}',
  '{"review":"review\\u0000#1"}',
  '{"review":"\\ud800"}',
  '{"review":""}',
  '{"review":"review#1","review":"write#1"}',
  '{"review":"../../review#1"}',
  `{"review":"${'r'.repeat(50_000)}"}`,
  `{"error_details":${'{"a":'.repeat(500)}1${'}'.repeat(500)},"review":"review#1"}`,
  `{"review":"review#1","comment":${'['.repeat(65)}${']'.repeat(65)}}`,
  `{"review":"review#1","error_details":{"a":"${'x'.repeat(65_536)}"}}`,
];

/** A bare reject means what is open; approve and retry must say what they are about. */
const NAMELESS = [
  'null',
  '"yes"',
  '{}',
  '{"review":7}',
  '{"review":null}',
  '{"review":["review#1"]}',
  '{"comment":"\\ud83d"}',
  '{"__proto__":{"review":"review#1"}}',
  '{"constructor":{"prototype":{"review":"review#1"}}}',
  '{"request":7,"guidance":[],"error_details":"x"}',
];

/** Requests are ours to name. */
const FORGED = ['""', '"../.."', '"a b"', '"\\u0000"', `"${'x'.repeat(65)}"`, `"${'x'.repeat(100_000)}"`];

const UNKNOWN = [
  'APPROVE',
  'approve ',
  'Approve\n',
  'constructor',
  '__proto__',
  'toString',
  'decide',
  'cancel',
  '__temporal_x',
  'a\u202eb',
  '\u{1f600}',
  '../approve',
  'x'.repeat(900),
];

const LARGE = 'x'.repeat(2_000_000);

const of = (name: string, ...payloads: Raw[]): PoisonSignal => ({ name, payloads });

export const POISON_SIGNALS: readonly PoisonSignal[] = [
  ...(['approve', 'reject', 'retry'] as const).flatMap((name) => [
    ...UNDECODABLE.map((raw) => of(name, raw)),
    ...WRONG_TYPE.map((text) => of(name, json(text))),
    ...FORGED.map((id) => of(name, json(`{"review":"review#1","request":${id}}`))),
  ]),
  ...(['approve', 'retry'] as const).flatMap((name) => NAMELESS.map((text) => of(name, json(text)))),
  of('approve'),
  of('retry'),
  of('approve', json('7'), json(HELD)),
  ...UNKNOWN.map((name) => of(name, json(HELD))),
  of('approve', json(`{"comment":"${LARGE}"}`)),
  of('reject', json(`{"review":"${LARGE}"}`)),
  of('retry', json(`[${'"",'.repeat(600_000)}""]`)),
];
