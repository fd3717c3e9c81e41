/** What can be done to the issues of a tracker, and how it is taken back. Pure: each function changes what it is given. */
import { IssueRefused } from './issues-file.ts';
import type { Change, Issue, IssueFields, Tracker } from './issues-file.ts';

type Result = Record<string, unknown>;
export interface Done {
  change: Change;
  result: Result;
}

/** Who writes through the server. */
const AUTHOR = 'triage-bot';

/** The issue with this number. Throws `IssueRefused`. */
export function findIssue(tracker: Tracker, number: number): Issue {
  const issue = tracker.issues.find((candidate) => candidate.number === number);
  if (issue !== undefined) return issue;
  throw new IssueRefused(`there is no issue ${number}; list_issues names those that exist`);
}

export function addComment(tracker: Tracker, number: number, body: string, at: string): Done {
  const issue = findIssue(tracker, number);
  const ids = tracker.issues.flatMap(({ comments }) => comments.map((comment) => comment.id + 1));
  const id = ids.reduce((highest, next) => Math.max(highest, next), tracker.next_comment_id);
  // An id is never given twice, also when its comment is deleted.
  tracker.next_comment_id = id + 1;
  issue.comments.push({ id, user: AUTHOR, body, created_at: at });
  issue.updated_at = at;
  return {
    change: { kind: 'comment', issue: number, comment: id },
    result: { id, issue_number: number, html_url: `${addressOf(issue)}#comment-${id}` },
  };
}

/** Sets the fields that are given. Throws `IssueRefused` when they do not go together. */
export function updateIssue(tracker: Tracker, number: number, given: IssueFields, at: string): Done {
  const issue = findIssue(tracker, number);
  const after: IssueFields = { ...given };
  if (after.duplicate_of !== undefined) checkDuplicate(tracker, issue, after);
  if (after.labels !== undefined) after.labels = [...new Set(after.labels)];
  if (after.assignees !== undefined) after.assignees = [...new Set(after.assignees)];
  // A reason belongs to a change of state; an issue that is opened again is no duplicate any more.
  if (after.state !== undefined) {
    after.state_reason ??= after.state === 'open' ? 'reopened' : 'completed';
    after.duplicate_of ??= null;
  } else delete after.state_reason;
  const before = pick(issue, after);
  Object.assign(issue, after, { updated_at: at });
  return { change: { kind: 'fields', issue: number, before, after }, result: briefly(issue) };
}

function checkDuplicate(tracker: Tracker, issue: Issue, after: IssueFields): void {
  if (after.state !== 'closed' || after.state_reason !== 'duplicate') {
    throw new IssueRefused('duplicate_of goes with state "closed" and state_reason "duplicate"');
  }
  if (after.duplicate_of === issue.number) throw new IssueRefused('an issue is no duplicate of itself');
  findIssue(tracker, after.duplicate_of ?? 0);
}

/**
 * Takes back what the call with `forward` did, if `tool` did it; from then on that key is refused. Only what is
 * still as that call left it is put back: what somebody changed since stays, and is named in `left`.
 */
export function takeBack(tracker: Tracker, tool: string, forward: string, at: string): Done {
  const undo = (restored: string[], left: string[] = []): Done => ({
    change: { kind: 'undo' },
    result: { restored, left },
  });
  const calls = tracker.served.filter(({ key, change }) => key === forward && change.kind !== 'undo');
  const other = calls.find((call) => call.tool !== tool);
  if (other !== undefined) throw new IssueRefused(`the call with that key was ${other.tool}, not ${tool}`);
  if (tracker.undone.includes(forward)) return undo([]);
  tracker.undone.push(forward);
  const change = calls[0]?.change;
  // Never arrived, and will be refused should it still do so.
  if (change === undefined || change.kind === 'undo') return undo([]);
  const issue = tracker.issues.find(({ number }) => number === change.issue);
  if (issue === undefined) return undo([]);
  const { restored, left } =
    change.kind === 'comment' ? deleteComment(issue, change.comment) : putBack(issue, change);
  if (restored.length > 0) issue.updated_at = at;
  return undo(restored, left);
}

function deleteComment(issue: Issue, id: number): { restored: string[]; left: string[] } {
  const there = issue.comments.some((comment) => comment.id === id);
  issue.comments = issue.comments.filter((comment) => comment.id !== id);
  return { restored: there ? [`comment ${id}`] : [], left: [] };
}

function putBack(issue: Issue, { before, after }: { before: IssueFields; after: IssueFields }) {
  const restored: string[] = [];
  const left: string[] = [];
  const earlier: IssueFields = {};
  const note = (name: string, changed: boolean): void => void (changed ? restored : left).push(name);
  const now = pick(issue, after);
  for (const name of ['labels', 'assignees'] as const) {
    const was = before[name];
    const became = after[name];
    if (was === undefined || became === undefined || same(was, became)) continue;
    earlier[name] = withoutChange(now[name] ?? [], was, became);
    note(name, true);
  }
  // State, reason and duplicate are one thing.
  const groups = [['title'], ['body'], ['state', 'state_reason', 'duplicate_of']] as const;
  for (const group of groups) {
    if (group.every((name) => same(before[name], after[name]))) continue;
    const untouched = group.every((name) => same(now[name], after[name]));
    if (untouched) for (const name of group) Object.assign(earlier, { [name]: before[name] });
    note(group[0], untouched);
  }
  Object.assign(issue, earlier);
  return { restored, left };
}

/** A list as it is now, without what a call added and with what it took away. */
function withoutChange(now: string[], was: string[], became: string[]): string[] {
  const kept = now.filter((item) => was.includes(item) || !became.includes(item));
  const missing = was.filter((item) => !became.includes(item) && !kept.includes(item));
  return [...kept, ...missing];
}

function same(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** Those fields of an issue that `like` has. */
function pick(issue: Issue, like: IssueFields): IssueFields {
  const { title, body, state, state_reason, duplicate_of, labels, assignees } = issue;
  const fields = { title, body, state, state_reason, duplicate_of, labels, assignees };
  return Object.fromEntries(Object.entries(fields).filter(([name]) => Object.hasOwn(like, name)));
}

export function addressOf(issue: Issue): string {
  return `https://lantern.example/issues/${issue.number}`;
}

/** An issue as tools answer it, without its body. */
export function briefly(issue: Issue): Result {
  const { body, comments, ...rest } = issue;
  void body;
  return { ...rest, comments: comments.length, html_url: addressOf(issue) };
}
