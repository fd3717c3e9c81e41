/** The first bad entry. `seq`, `chain` and `n` name it as far as can be told. */
export interface Problem {
  kind: 'changed' | 'data' | 'removed' | 'inserted' | 'swapped' | 'unreadable' | 'head';
  /** Where in the export it shows, counted from 1; null when the export ended too early. */
  line: number | null;
  seq: number | null;
  chain: string | null;
  n: number | null;
  expected: string;
  found: string;
}

/** One line for people: what is wrong with which entry. */
export function describeProblem(problem: Problem): string {
  const { kind, line, seq, chain, n, expected, found } = problem;
  const place = [
    ...(seq === null ? [] : [`seq ${seq}`]),
    ...(chain === null ? [] : [`chain ${chain}`]),
    ...(n === null ? [] : [`n ${n}`]),
  ].join(', ');
  const where = line === null ? 'at the end of the export' : `at line ${line}`;
  return `${WORDS[kind]}${place === '' ? '' : ` (${place})`} ${where}: expected ${expected}; found ${found}`;
}

const WORDS = {
  changed: 'an entry was changed',
  data: 'the data of an entry was removed',
  removed: 'an entry was removed',
  inserted: 'an entry was inserted',
  swapped: 'an entry is out of its place',
  unreadable: 'a line is not an entry',
  head: 'a known head is missing',
} as const;
