/** Manifests that cannot be one: each is refused with its problems, and takes no time or memory to speak of. */
import type { PoisonBody } from './poison-bodies.ts';

const SAGA = 'kind: saga\nname: poison\nversion: "1"\ndescription: d\n';
const STEP =
  '- id: a\n    name: A\n    kind: reason\n    worker: tester\n    worker_version: "1"\n    prompt: think.md\n';

/** Each line names the one before nine times. */
const BOMB = Array.from({ length: 12 }, (_, n) =>
  n === 0
    ? 'a0: &a0 [x]'
    : `a${n}: &a${n} [${Array<string>(9)
        .fill(`*a${n - 1}`)
        .join(', ')}]`,
).join('\n');

const TEXTS: readonly (string | Uint8Array)[] = [
  '',
  '\u0000',
  '---\n---\n',
  'kind',
  '- kind: saga',
  'kind: [saga]',
  'kind: !!js/function "function () { return 1 }"\n',
  'kind: !!python/object/apply:os.system ["true"]\n',
  'kind: saga\nkind: worker\n',
  'kind: __proto__\n',
  '__proto__: {kind: saga}\n',
  'kind: saga\n<<: *missing\n',
  'a: &a\n  b: *a\n',
  BOMB,
  `${SAGA}steps: []\n`,
  `${SAGA}steps: {__proto__: []}\n`,
  `${SAGA}steps: .nan\n`,
  `${SAGA}steps:\n  ${STEP}    with: {x: {from: "$[?(@.a=='"}}\n`,
  `${SAGA}steps:\n  ${STEP}    prompt: ../../../etc/passwd\n`,
  `${SAGA}steps:\n  ${STEP}    timeout_seconds: .inf\n`,
  `${SAGA}steps:\n  ${STEP}    review: {expires: -1s}\n    hitl: true\n`,
  `${SAGA}steps:\n  ${STEP}  ${STEP}`,
  `${SAGA}steps:\n  ${STEP}    __proto__: {hitl: true}\n`,
  `${SAGA}steps:\n  ${STEP}    output_schema: {"$ref": "#"}\n    unknown: 1\n`,
  `kind: saga\nname: "a\\0b"\nversion: "1"\nsteps:\n  ${STEP}`,
  `kind: saga\nname: ${'n'.repeat(200)}\nversion: "1"\nsteps:\n  ${STEP}`,
  `${SAGA}steps: ${'['.repeat(100_000)}`,
  `${SAGA}steps: ${'{a: '.repeat(50_000)}`,
  `\t${SAGA}`,
  '? '.repeat(50_000),
  'kind: "\\ud800"\n',
  Uint8Array.from([0xff, 0xfe, 0x6b, 0x00]),
  Uint8Array.from([0x6b, 0xc3, 0x28]),
];

export const POISON_MANIFESTS: readonly PoisonBody[] = TEXTS.map((body) => ({
  path: '/v1/manifests',
  body,
  type: 'application/yaml',
  status: 400,
}));
