/** Conformance cases that rules do not pass, by reason. A case leaves this list when it passes. */
export const CEL_EXCEPTIONS: readonly { reason: string; cases: readonly string[] }[] = [
  {
    reason: 'A rule with an unknown name or function is refused at deploy, where `|| true` would hide it.',
    cases: [
      'basic/variables/unbound_is_runtime_error',
      'basic/functions/unbound_is_runtime_error',
      ...[
        ...['as', 'break', 'const', 'continue', 'else', 'for', 'function', 'if', 'import', 'let', 'loop'],
        ...['package', 'namespace', 'return', 'var', 'void', 'while'],
      ].map((word) => `parse/receiver_function_names/${word}`),
    ],
  },
  {
    reason: 'The parser lacks fields quoted with backticks: a rule writes ["content-type"].',
    cases: [
      ...['field_access_slash', 'field_access_dash', 'field_access_dot'],
      ...['has_field_slash', 'has_field_dash', 'has_field_dot'],
    ].map((name) => `fields/quoted_map_fields/${name}`),
  },
  {
    reason: 'The library lets the keys 0 and 0u stand in one map literal; keys from JSON are always text.',
    cases: ['fields/qualified_identifier_resolution/map_value_repeat_key_heterogeneous'],
  },
];
