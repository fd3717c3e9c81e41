/**
 * The tools of the issues server. Names and arguments are those of the GitHub MCP server, as far as it has such
 * tools; the two that undo are our own.
 */
import { z } from 'zod';
import { addComment, addressOf, briefly, findIssue, takeBack, updateIssue } from './issues-changes.ts';
import type { Done } from './issues-changes.ts';
import { IssueRefused, stateReasons, states } from './issues-file.ts';
import type { Tracker } from './issues-file.ts';
import { found, listed, pageOf } from './issues-search.ts';

type Result = Record<string, unknown>;
/** What is to be done with arguments that were checked. */
type Work =
  | { kind: 'read'; answer(tracker: Tracker): Result }
  | { kind: 'act'; act(tracker: Tracker, at: string): Done; undoes: string | null };

export interface IssueTool {
  name: string;
  description: string;
  reads: boolean;
  inputSchema: { type: 'object'; [key: string]: unknown };
  /** Throws `IssueRefused` for arguments that do not fit. */
  prepare(args: unknown): Work;
}

/** As much as GitHub takes. */
const BODY_LIMIT = 65_536;

const owner = z.string().min(1).max(200).describe('Repository owner');
const repo = z.string().min(1).max(200).describe('Repository name');
const issue_number = z.int().positive().describe('The number of the issue');
const names = z.array(z.string().min(1).max(100)).max(100);
const page = z.int().min(1).max(1_000_000).optional().describe('Page number, from 1');
const perPage = z.int().min(1).max(100).optional().describe('Results per page, 30 when left out');
const one = z.strictObject({ owner, repo, issue_number });
const forward = z.strictObject({
  forward_key: z.string().min(1).max(1000).describe('idempotency key of the call to undo'),
});

export function issueTools(): IssueTool[] {
  return [...readingTools(), ...findingTools(), ...actingTools(), ...undoingTools()];
}

function readingTools(): IssueTool[] {
  return [
    reading('get_issue', 'Reads one issue, without its comments.', one, (tracker, input) => {
      const issue = findIssue(tracker, input.issue_number);
      return { ...briefly(issue), body: issue.body };
    }),
    reading(
      'get_issue_comments',
      'Reads the comments of one issue, oldest first.',
      one.extend({ page, perPage }),
      (tracker, input) => {
        const issue = findIssue(tracker, input.issue_number);
        const comments = pageOf(issue.comments, input).map((comment) => ({
          ...comment,
          html_url: `${addressOf(issue)}#comment-${comment.id}`,
        }));
        return { total_count: issue.comments.length, comments };
      },
    ),
  ];
}

function findingTools(): IssueTool[] {
  return [
    reading(
      'list_issues',
      'Lists issues, newest first.',
      z.strictObject({
        owner,
        repo,
        state: z.enum(states).optional(),
        labels: names.optional(),
        page,
        perPage,
      }),
      (tracker, input) => {
        const all = listed(tracker.issues, input);
        return { total_count: all.length, issues: pageOf(all, input).map(briefly) };
      },
    ),
    reading(
      'search_issues',
      'Searches titles and texts of issues by words, best match first. Takes is:open, is:closed and label:name.',
      z.strictObject({
        query: z.string().max(1000),
        owner: owner.optional(),
        repo: repo.optional(),
        page,
        perPage,
      }),
      (tracker, input) => {
        const all = found(tracker.issues, input.query);
        return { total_count: all.length, items: pageOf(all, input) };
      },
    ),
  ];
}

function actingTools(): IssueTool[] {
  const update = one.extend({
    title: z.string().min(1).max(256).optional().describe('New title'),
    body: z.string().max(BODY_LIMIT).optional().describe('New description'),
    state: z.enum(states).optional().describe('New state'),
    state_reason: z.enum(stateReasons).optional().describe('Reason for the change of state'),
    duplicate_of: z.int().positive().optional().describe('The issue that this one is a duplicate of'),
    labels: names.optional().describe('New labels, in place of all that it has'),
    assignees: names.optional().describe('New assignees, in place of all that it has'),
  });
  return [
    acting(
      'add_issue_comment',
      'Adds a comment to an issue, once for each idempotency key.',
      one.extend({ body: z.string().min(1).max(BODY_LIMIT).describe('Comment content') }),
      (tracker, input, at) => addComment(tracker, input.issue_number, input.body, at),
    ),
    acting(
      'update_issue',
      'Changes fields of an issue, once for each idempotency key.',
      update,
      (tracker, { issue_number: number, owner: _owner, repo: _repo, ...fields }, at) =>
        updateIssue(tracker, number, fields, at),
    ),
  ];
}

function undoingTools(): IssueTool[] {
  const late = 'When that call never took effect nothing changes, and should it still arrive it is refused.';
  return [
    undoing(
      'delete_issue_comment',
      `Deletes the comment that the call with this key added. ${late}`,
      'add_issue_comment',
    ),
    undoing(
      'restore_issue',
      `Puts back the fields that the call with this key changed. ${late}`,
      'update_issue',
    ),
  ];
}

interface InRepository {
  owner?: string | undefined;
  repo?: string | undefined;
}

function reading<Input extends InRepository>(
  name: string,
  description: string,
  shape: z.ZodType<Input>,
  answer: (tracker: Tracker, input: Input) => Result,
): IssueTool {
  return tool(name, description, true, shape, (input) => ({
    kind: 'read',
    answer: (tracker) => {
      checkRepository(tracker, input);
      return answer(tracker, input);
    },
  }));
}

function acting<Input extends InRepository>(
  name: string,
  description: string,
  shape: z.ZodType<Input>,
  act: (tracker: Tracker, input: Input, at: string) => Done,
): IssueTool {
  return tool(name, description, false, shape, (input) => ({
    kind: 'act',
    undoes: null,
    act: (tracker, at) => {
      checkRepository(tracker, input);
      return act(tracker, input, at);
    },
  }));
}

function undoing(name: string, description: string, undone: string): IssueTool {
  return tool(name, description, false, forward, ({ forward_key: key }) => ({
    kind: 'act',
    undoes: key,
    act: (tracker, at) => takeBack(tracker, undone, key, at),
  }));
}

function tool<Input>(
  name: string,
  description: string,
  reads: boolean,
  shape: z.ZodType<Input>,
  work: (input: Input) => Work,
): IssueTool {
  const { $schema, ...schema } = z.toJSONSchema(shape);
  void $schema;
  return {
    name,
    description,
    reads,
    inputSchema: { ...schema, type: 'object' },
    prepare: (args) => {
      const parsed = shape.safeParse(args);
      if (!parsed.success) throw new IssueRefused(`arguments of ${name}: ${z.prettifyError(parsed.error)}`);
      return work(parsed.data);
    },
  };
}

function checkRepository({ repository }: Tracker, { owner: asked, repo: name }: InRepository): void {
  const same = (one: string | undefined, other: string): boolean =>
    one === undefined || one.toLowerCase() === other.toLowerCase();
  if (same(asked, repository.owner) && same(name, repository.name)) return;
  throw new IssueRefused(
    `there is no repository ${asked ?? repository.owner}/${name ?? repository.name} here; ` +
      `this server has the issues of ${repository.owner}/${repository.name}`,
  );
}
