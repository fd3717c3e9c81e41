/** Finding issues: lists by state and label, and a search by words. Pure. */
import { briefly } from './issues-changes.ts';
import type { Issue } from './issues-file.ts';

type Result = Record<string, unknown>;

export interface Page {
  page?: number | undefined;
  perPage?: number | undefined;
}

/** The part of a list that a page shows; pages count from 1. */
export function pageOf<Item>(items: readonly Item[], { page = 1, perPage = 30 }: Page): Item[] {
  return items.slice((page - 1) * perPage, page * perPage);
}

/** Newest first, as lists of issues are. */
export function listed(
  issues: readonly Issue[],
  wanted: { state?: 'open' | 'closed' | undefined; labels?: string[] | undefined },
): Issue[] {
  return issues
    .filter(({ state }) => wanted.state === undefined || state === wanted.state)
    .filter(({ labels }) => (wanted.labels ?? []).every((label) => labels.includes(label)))
    .sort((a, b) => b.number - a.number);
}

/**
 * Issues that have words of the query in title or body, best first. `score` is the share of the query's words
 * that were found. `is:open`, `is:closed` and `label:name` narrow the search; any other text is words.
 */
export function found(issues: readonly Issue[], query: string): Result[] {
  const states = Array.from(
    query.matchAll(/(?:^|\s)(?:is|state):(open|closed)(?=\s|$)/g),
    ([, state]) => state,
  );
  const labels = Array.from(query.matchAll(/(?:^|\s)label:(\S+)/g), ([, label = '']) => label);
  const words = wordsOf(query.replace(/(?:^|\s)(?:is|state|label|repo):\S+/g, ' '));
  return listed(issues, { labels })
    .filter(({ state }) => states.every((wanted) => wanted === state))
    .map((issue) => ({ issue, score: scoreOf(issue, words) }))
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score || b.issue.number - a.issue.number)
    .map(({ issue, score }) => ({ ...briefly(issue), score }));
}

function scoreOf(issue: Issue, words: ReadonlySet<string>): number {
  if (words.size === 0) return 1;
  const there = wordsOf(`${issue.title} ${issue.body}`);
  const matches = [...words].filter((word) => there.has(word)).length;
  return Math.round((matches / words.size) * 100) / 100;
}

/** Words of three letters or more; shorter ones are in every text. */
function wordsOf(text: string): Set<string> {
  return new Set(text.toLowerCase().match(/[\p{L}\p{N}]{3,}/gu) ?? []);
}
