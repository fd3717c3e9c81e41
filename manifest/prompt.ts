/** A prompt: a template file whose names must be known when the step is deployed. */
import { placeOf } from '../expression/error.ts';
import { compileTemplate } from '../expression/template.ts';
import { scanTemplate } from '../expression/template-scan.ts';
import { compiled } from './compiled.ts';
import type { NamedFiles } from './named-files.ts';
import { nearest } from './nearest.ts';
import { shown } from './problem.ts';
import { readText, ANY_TEXT } from './scalar.ts';
import { complain } from './tree.ts';
import type { At, Source } from './tree.ts';

/** Known in every prompt, beside the keys of `with`. */
const ALWAYS = ['allowed_tools', '_hitl_retry'];
/** A hint names and compares a few; a step may bind thousands. */
const LISTED = 12;
const COMPARED = 200;

/** The prompt whose file is named at `at`. `bound` are the keys of the step's `with`. */
export function readPrompt(
  at: At,
  files: NamedFiles,
  bound: readonly string[],
): { ref: string; template: string } | null {
  const source = files.open(at, 'prompts');
  const ref = source && readText(at, ANY_TEXT);
  if (source === null || ref === null) return null;
  if (source.text.trim() === '') {
    complain(wholeFile(source), { expected: 'a prompt', found: 'an empty file' });
    return null;
  }
  checkTemplate(source, bound);
  return { ref, template: source.text };
}

function checkTemplate(source: Source, bound: readonly string[]): void {
  const template = wholeFile(source);
  const names = compiled(template, 'a prompt template', () => compileTemplate(source.text).names) ?? [];
  const known = new Set([...bound, ...ALWAYS]);
  const unknown = new Set(names.filter((name) => !known.has(name)));
  if (unknown.size === 0) return;
  const listed = [...known].slice(0, LISTED).join(', ');
  for (const word of scanTemplate(source.text).plain) {
    if (!unknown.has(word.name) || source.report.full()) continue;
    const near = nearest(word.name, [...known].slice(0, COMPARED));
    const hint = near === null ? `bind it in "with", or use one of ${listed}` : `did you mean "${near}"?`;
    complain(
      template,
      { expected: 'a name bound in "with"', found: shown(word.name), hint },
      placeOf(source.text, word.at),
    );
  }
}

/** The text of a file as one value that begins at its start. */
function wholeFile(source: Source): At {
  const size = { keys: 0, characters: source.text.length, depth: 0 };
  const place = { line: 1, column: 1 };
  return {
    source,
    path: '',
    tree: { kind: 'scalar', place, value: source.text, written: source.text, inside: place, size },
  };
}
