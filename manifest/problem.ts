/** What is wrong with a manifest, or with a file that it names, and where. */

/** From 1, in UTF-16 units, as editors count. */
export interface Place {
  line: number;
  column: number;
}

export interface Problem {
  /** The manifest's file as it was given, or the named file; null when the text came without one. */
  file: string | null;
  line: number | null;
  column: number | null;
  /** `steps[1].with.body`; empty for the document itself. */
  path: string;
  expected: string;
  found: string;
  message: string;
}

export interface Complaint {
  expected: string;
  found: string;
  /** What to do; added to the message. */
  hint?: string;
  /** Instead of "expected …, found …". */
  message?: string;
}

/** Collects all problems of one manifest. */
export interface Report {
  add(file: string | null, place: Place | null, path: string, complaint: Complaint): void;
  /** Whether there are already more than will be listed. */
  full(): boolean;
  /** Each once: the manifest's own first, then file by file; in the order of the text. */
  list(): Problem[];
}

/** A hostile document must not make an answer that is larger than itself many times over. */
const MAX_LISTED = 500;
const SHOWN = 80;

export function createReport(): Report {
  const problems: Problem[] = [];
  const seen = new Set<string>();
  let unlisted = false;
  return {
    add: (file, place, path, complaint) => {
      const problem = toProblem(file, place, path, complaint);
      const key = JSON.stringify(problem);
      if (seen.has(key)) return;
      if (problems.length >= MAX_LISTED) {
        unlisted = true;
        return;
      }
      seen.add(key);
      problems.push(problem);
    },
    full: () => unlisted,
    list: () => {
      const ordered = inOrder(problems);
      if (unlisted) ordered.push(MORE);
      return ordered;
    },
  };
}

function toProblem(file: string | null, place: Place | null, path: string, complaint: Complaint): Problem {
  const { expected, found, hint } = complaint;
  const message = complaint.message ?? `expected ${expected}, found ${found}`;
  return {
    file,
    line: place?.line ?? null,
    column: place?.column ?? null,
    path,
    expected,
    found,
    message: oneLine(hint === undefined ? message : `${message}: ${hint}`),
  };
}

function inOrder(problems: readonly Problem[]): Problem[] {
  const files = [...new Set(problems.map((problem) => problem.file))];
  return [...problems].sort(
    (a, b) =>
      files.indexOf(a.file) - files.indexOf(b.file) ||
      (a.line ?? 0) - (b.line ?? 0) ||
      (a.column ?? 0) - (b.column ?? 0),
  );
}

const MORE: Problem = {
  file: null,
  line: null,
  column: null,
  path: '',
  expected: `at most ${MAX_LISTED} problems`,
  found: 'more',
  message: `only the first ${MAX_LISTED} problems found are listed: correct these first`,
};

/** `file:line:column: path: message`, leaving out what is not known. */
export function describeProblem(problem: Problem): string {
  const { file, line, column, path, message } = problem;
  const place = line === null ? '' : column === null ? `${line}` : `${line}:${column}`;
  const where = [file ?? '', place].filter((part) => part !== '').join(':');
  return [where, path, message].filter((part) => part !== '').join(': ');
}

/** Text of a manifest inside a message: quoted, on one line, cut visibly. */
export function shown(text: string): string {
  return JSON.stringify(text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text);
}

function oneLine(text: string): string {
  return text.replace(/\s*[\r\n]+\s*/g, ' ');
}
