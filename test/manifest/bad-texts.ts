/** Texts that are none of what they stand for: rules, paths, templates, schemas, documents. */

export const BAD_CEL = [
  ...[
    '',
    ' ',
    'input.',
    'input.a ==',
    '(input.a',
    'nobody.a',
    'input.a = 1',
    'foo(input)',
    "input.a.matches('(')",
  ],
  ...['steps.post-comment.output', 'input.map(x, y)', '1 +', "'open", '{"a": 1', '@', 'true && && true'],
  '('.repeat(5000),
];
export const BAD_PATHS = [
  ...[
    '',
    ' ',
    'input',
    '$.',
    '$[',
    '$.a[',
    "$['a",
    '$.a[?',
    '$.a[?(@.b',
    '$[?match(@.a, "x")]',
    '$..',
    '$.a b',
  ],
  ...['$[?foo(@.a)]', '$[1:2:3:4]', '$.a[-]', '$[01]', '@.a', `$${'.a'.repeat(3000)}`],
];
export const BAD_TEMPLATES = [
  ...['{{', '{{ issue', '{% if issue %}', '{% for x in issue %}', '{{ issue | nosuch }}', '{% endif %}'],
  ...[
    '{{ nobody }}',
    '{{ isue }}',
    '{% include "x" %}',
    '{{ issue | wordcount }}',
    '{{ issue + }}',
    '{{ foo() }}',
  ],
  ...['{% extends "x" %}', '{{ issue is nosuch }}', '{{ 1 2 }}', '{% nosuch %}', '', ' \n'],
];
export const BAD_SCHEMAS = [
  ...[
    '',
    '[]',
    '1',
    '"x"',
    'true',
    '{"type": "strin"}',
    '{"type": 1}',
    '{"properties": []}',
    '{"required": "a"}',
  ],
  ...['{"$ref": "#/nowhere"}', '{"$schema": "http://example.com/own"}', '{"enum": 1}', '{"pattern": "("}'],
  ...[
    '{"properties": {"a": {"type": "nope"}}}',
    '{"items": 5}',
    '{"minimum": "x"}',
    '{',
    '{"$ref": "http://x/y"}',
  ],
];

const DOUBLED = Array.from(
  { length: 40 },
  (_, level) => `a${level + 1}: &a${level + 1} [*a${level}, *a${level}]`,
);
export const BOMBS = [
  `a0: &a0 [x]\n${DOUBLED.join('\n')}\n`,
  '['.repeat(100_000),
  '{a: '.repeat(5000),
  `a: &a [1, *a]\n`,
  `a: *nowhere\n`,
  `a: ${'x'.repeat(2 * 1024 * 1024)}\n`,
  `{${Array.from({ length: 100_001 }, (_, index) => `k${index}: 1`).join(',')}}`,
  `a: !!js/function "x"\n`,
  `a: 1\n---\nb: 1\n`,
  `a: "open\n`,
  `\t- a\n`,
  `a: {{{{\n`,
  '',
  '\0',
];
