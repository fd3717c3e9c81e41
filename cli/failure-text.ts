/** Which part of a step's `error_details` tells most. */

type ErrorDetails = Readonly<Record<string, unknown>>;

/** The code and message, and what lies nearest to the cause, each as one line. */
export function mostTelling(details: ErrorDetails): string[] {
  const code = textOf(details['code']);
  const message = textOf(details['message'] ?? details['error']);
  const told = causes(details).flatMap(([name, value]) => (value === null ? [] : [`${name}: ${value}`]));
  return [`${code ?? 'no code'}: ${message ?? JSON.stringify(details)}`, ...told.slice(0, 1)];
}

function causes(details: ErrorDetails): [string, string | null][] {
  return [
    ['last_tool_errors[0]', textOf(first(details['last_tool_errors']))],
    ['source_failures[0]', textOf(first(details['source_failures']))],
    ['last_assistant_content', textOf(details['last_assistant_content'])],
    ['response_preview', textOf(details['response_preview'])],
    ['tool_result_preview', textOf(details['tool_result_preview'])],
  ];
}

function first(value: unknown): unknown {
  return Array.isArray(value) ? value[0] : null;
}

function textOf(value: unknown): string | null {
  if (value === null || value === undefined || value === '') return null;
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || Array.isArray(value)) return JSON.stringify(value);
  return Object.entries(value)
    .map(([name, part]) => `${name}=${typeof part === 'string' ? part : JSON.stringify(part)}`)
    .join(' ');
}

/** Where the code is explained, with what can be done; null when there is none. */
export function explainedAt(details: ErrorDetails): string | null {
  const code = details['code'];
  return typeof code === 'string' && /^\w{1,64}$/.test(code)
    ? `what ${code} means and what to do: docs/failures.md#${code.toLowerCase()}`
    : null;
}
