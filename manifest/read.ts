/**
 * A manifest's text into the definition that is deployed: everything that it names is inside, everything that
 * it contains compiles. YAML and JSON go through one reader, because JSON is a part of YAML 1.2.
 */
import type { Definition } from '../domain/definition.ts';
import { findUnstorable } from '../domain/json.ts';
import { readDocument } from './document.ts';
import { notYet, openFields } from './fields.ts';
import { createNamedFiles } from './named-files.ts';
import type { NamedFiles, Roots } from './named-files.ts';
import { createReport } from './problem.ts';
import type { Problem } from './problem.ts';
import { referencesOf } from './references.ts';
import type { WorkerReference } from './references.ts';
import { readSaga } from './saga.ts';
import { readWord } from './scalar.ts';
import type { At } from './tree.ts';
import { complain, joinPath } from './tree.ts';
import { UNSTORABLE } from './yaml-tree.ts';
import { readWorker } from './worker.ts';

export { describeProblem } from './problem.ts';
export type { Problem } from './problem.ts';
export type { Roots } from './named-files.ts';
export type { WorkerReference } from './references.ts';

export interface ManifestOptions {
  /** Named in the problems; null when the text came without one. */
  file: string | null;
  roots: Roots;
  /** Commands that a `stdio` tool source may name. */
  stdioAllow: readonly string[];
}

export type ManifestReading =
  | { kind: 'definition'; definition: Definition; references: WorkerReference[] }
  /** What could be read of the workers that it names is there all the same, so that all problems are told at once. */
  | { kind: 'problems'; problems: Problem[]; namespace: string; references: WorkerReference[] };

const MOST_UNSTORABLE = 50;
const KINDS = ['worker', 'saga', 'project'];

/**
 * Reads one manifest. Never throws: all that is wrong with it and with the files that it names is answered at
 * once. Whether the workers in `references` are deployed is for the caller to look up.
 */
export function readManifest(text: string, options: ManifestOptions): ManifestReading {
  const report = createReport();
  const root = readDocument({ file: options.file, text, report });
  const definition = root && readKind(root, createNamedFiles(options.roots), options.stdioAllow);
  if (root !== null && definition !== null) refuseUnstorable(root, definition);
  const problems = report.list();
  if (root === null || definition === null)
    return { kind: 'problems', problems, namespace: '', references: [] };
  const references = referencesOf(root, definition);
  if (problems.length === 0) return { kind: 'definition', definition, references };
  return { kind: 'problems', problems, namespace: definition.namespace, references };
}

/** What was refused where it is written is not told again; what came another way has no line. */
function refuseUnstorable({ source: { file, report } }: At, definition: Definition): void {
  if (report.list().length > 0) return;
  for (const { path, kind } of findUnstorable(definition, MOST_UNSTORABLE)) {
    const where = path.reduce<string>(
      (inside, part) => (typeof part === 'number' ? `${inside}[${part}]` : joinPath(inside, part)),
      '',
    );
    report.add(file, null, where, UNSTORABLE[kind]);
  }
}

function readKind(at: At, files: NamedFiles, stdioAllow: readonly string[]): Definition | null {
  const kind = openFields(at, null, 'a manifest, which is a map').required('kind', 'worker or saga');
  const word = kind && readWord(kind, KINDS);
  if (word === 'worker') return readWorker(at, files, stdioAllow);
  if (word === 'saga') return readSaga(at, files);
  if (kind && word !== null) complain(kind, notYet(`the kind ${word}`));
  return null;
}
