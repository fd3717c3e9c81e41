/**
 * The file of an issues server: one JSON document with the issues of one repository, their comments, and which
 * calls were served and undone. A person may edit it: it is read again at every call, and what a person leaves
 * out has a default.
 *
 * Invariants: 1. The file is replaced in one step on the disk, so that a reader sees all of a change or nothing.
 * 2. An effect and the idempotency key of its call are in the same replacement: a server killed at whatever
 * point leaves both or neither. 3. What cannot be read is never written over. 4. Who writes holds the lock
 * (issues-server.ts). `served` grows with every call that has a key, so this is for trying things out.
 */
import { readFileSync, realpathSync, renameSync, writeFileSync } from 'node:fs';
import { z } from 'zod';

/** A call that cannot be done as asked; the message is for whoever called. Nothing took effect. */
export class IssueRefused extends Error {
  override name = 'IssueRefused';
}

export const states = ['open', 'closed'] as const;
export const stateReasons = ['completed', 'not_planned', 'duplicate', 'reopened'] as const;

const time = z.string().default('2026-01-01T00:00:00Z');
const commentShape = z.strictObject({
  id: z.int().positive(),
  user: z.string().default('ghost'),
  body: z.string(),
  created_at: time,
});
/** What `update_issue` can change. */
const fieldsShape = z.strictObject({
  title: z.string().min(1),
  body: z.string().default(''),
  state: z.enum(states).default('open'),
  state_reason: z.enum(stateReasons).nullable().default(null),
  duplicate_of: z.int().positive().nullable().default(null),
  labels: z.array(z.string()).default([]),
  assignees: z.array(z.string()).default([]),
});
const issueShape = z.strictObject({
  number: z.int().positive(),
  ...fieldsShape.shape,
  user: z.string().default('ghost'),
  created_at: time,
  updated_at: time,
  comments: z.array(commentShape).default([]),
});
const changedFields = z.strictObject({
  title: z.string().optional(),
  body: z.string().optional(),
  state: z.enum(states).optional(),
  state_reason: z.enum(stateReasons).nullable().optional(),
  duplicate_of: z.int().nullable().optional(),
  labels: z.array(z.string()).optional(),
  assignees: z.array(z.string()).optional(),
});
const changeShape = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('comment'), issue: z.int(), comment: z.int() }),
  z.strictObject({ kind: z.literal('fields'), issue: z.int(), before: changedFields, after: changedFields }),
  z.strictObject({ kind: z.literal('undo') }),
]);
const servedShape = z.strictObject({
  tool: z.string(),
  key: z.string(),
  change: changeShape,
  result: z.record(z.string(), z.unknown()),
});
const trackerShape = z
  .strictObject({
    repository: z.strictObject({ owner: z.string().min(1), name: z.string().min(1) }),
    issues: z.array(issueShape),
    next_comment_id: z.int().positive().default(1),
    served: z.array(servedShape).default([]),
    undone: z.array(z.string()).default([]),
  })
  .refine(({ issues }) => new Set(issues.map(({ number }) => number)).size === issues.length, {
    error: 'two issues have the same number',
  });

export type Tracker = z.infer<typeof trackerShape>;
export type Issue = z.infer<typeof issueShape>;
export type IssueFields = z.infer<typeof changedFields>;
/** What a call did, so that it can be taken back. */
export type Change = z.infer<typeof changeShape>;

export interface IssuesFile {
  /** As it is now; the caller may change what it gets. Throws `IssueRefused` when it cannot be read. */
  read(): Tracker;
  write(tracker: Tracker): void;
}

/** Nothing is read before it is asked for: a file that is missing is told to whoever calls. */
export function openIssuesFile(file: string): IssuesFile {
  return {
    read: () => parseTracker(readText(file), file),
    write: (tracker) => {
      // What a link leads to is replaced, not the link.
      const place = realpathSync(file);
      // There is one writer at a time, so one left by a server that was killed is simply replaced.
      const temporary = `${place}.tmp`;
      writeFileSync(temporary, `${JSON.stringify(tracker, null, 2)}\n`);
      renameSync(temporary, place);
    },
  };
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new IssueRefused(
      `expected a file with issues, copy config/issues.json there to begin with: ${reason}`,
    );
  }
}

function parseTracker(text: string, place: string): Tracker {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new IssueRefused(`${place} is not JSON (${reason}); correct it, or copy config/issues.json there`);
  }
  const parsed = trackerShape.safeParse(json);
  if (parsed.success) return parsed.data;
  throw new IssueRefused(`${place} cannot be used: ${z.prettifyError(parsed.error)}`);
}
