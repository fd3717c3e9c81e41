/** Writes docs/failures.md from the failure catalogue as it was built: `npm run build && npm run docs:failures`. */
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/**
 * The reference of failures: every code of the catalogue, in its order.
 *
 * @param {object} catalogue `FAILURE_CATALOGUE` of domain/failure-catalogue.ts
 * @returns {string} Markdown
 */
export function failuresReferenceOf(catalogue) {
  const codes = Object.entries(catalogue);
  const rows = codes.map(
    ([code, meaning]) => `| [\`${code}\`](#${code.toLowerCase()}) | ${inCell(meaning.means)} |`,
  );
  return [INTRODUCTION, ['| code | means |', '|---|---|', ...rows].join('\n'), ...codes.map(sectionOf)].join(
    '\n\n',
  );
}

const INTRODUCTION = `# Why a step, an undo or a saga failed

Made from the failure catalogue by \`npm run docs:failures\`; do not edit it by hand.

\`warden list steps --trace-id TRACE_ID --errors\` and \`warden show step TRACE_ID SPAN_ID\` show why something failed;
\`GET /v1/sagas/{trace_id}/steps/{step_span_id}\` has it as \`error_details\`. All of them have \`code\`, \`message\` in words,
and \`error\`, which repeats the message for older clients; an undo that failed also has \`attempts\`. Previews are cut at
500 characters.

- **Known**: what became of the step is known, and it is not undone. Undoing begins at the last completed step before it.
- **Uncertain**: it may have taken effect. Undoing includes the step itself, and its undo is told so (\`dirty_failure\`).

Undos run one at a time, the last step's first. One has five attempts, 1 s to 60 s apart, unless its failure says that
trying again cannot help. When all are done the saga is COMPENSATED; with nothing in scope to undo it is FAILED.`;

function sectionOf([code, meaning]) {
  const { means, retried, todo, details } = meaning;
  const members = Object.entries(details).map(([name, text]) => `| \`${name}\` | ${inCell(text)} |`);
  return [
    `## ${code}`,
    means,
    [
      `- What Warden does: ${effectOf(meaning)}`,
      ...(meaning.inUndo === undefined ? [] : [`- In an undo: ${inUndoOf(meaning.inUndo)}`]),
      `- Tried again: ${retried}`,
      `- What you can do: ${todo}`,
    ].join('\n'),
    members.length === 0
      ? 'Nothing more is in `error_details`.'
      : ['| in `error_details` | is |', '|---|---|', ...members].join('\n'),
  ].join('\n\n');
}

function effectOf({ effect }) {
  switch (effect.kind) {
    case 'known':
      return 'Known. What came before is undone.';
    case 'uncertain':
      return 'Uncertain. The step and what came before are undone.';
    case 'depends':
      return `Known, and what came before is undone; uncertain, and the step itself is undone as well, when ${effect.when}.`;
    default:
      return effect.then;
  }
}

function inUndoOf(inUndo) {
  if (inUndo === 'attempt') return 'One of its five attempts has failed.';
  const final = 'The undo has failed for good: trying again cannot help, or might act twice.';
  return inUndo === 'final' ? final : `One of its five attempts has failed; for good when ${inUndo.when}.`;
}

function inCell(text) {
  return text.replaceAll('|', '\\|');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { FAILURE_CATALOGUE } = await import(join(root, 'dist', 'domain', 'failure-catalogue.js'));
  const file = join(root, 'docs', 'failures.md');
  const text = failuresReferenceOf(FAILURE_CATALOGUE);
  writeFileSync(file, await format(text, { ...(await resolveConfig(file)), parser: 'markdown' }));
}
