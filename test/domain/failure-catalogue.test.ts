import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, it } from 'mocha';
import { format, resolveConfig } from 'prettier';
import ts from 'typescript';
import { FAILURE_CATALOGUE } from '../../domain/failure-catalogue.ts';
import { FAILURE_CODES } from '../../domain/failure.ts';
import { failuresReferenceOf } from '../../scripts/failures-reference.mjs';
import { repository } from '../support/processes.ts';

/** Where failures come from. */
const ROOMS = ['activities', 'agent', 'domain', 'expression', 'manifest', 'mcp', 'store', 'workflows'];
/** What only names the codes. */
const NAMING = /^domain\/(failure|failures-\w+|failure-\w+)\.ts$/;
/** Files that only look at codes that others give. */
const LOOKING = ['store/recover-undo.ts', 'store/recover-step.ts', 'workflows/canceled.ts'];

describe('the failure catalogue', () => {
  const sources = new Map<string, string>();
  const codes = Object.keys(FAILURE_CATALOGUE);

  before(async () => {
    for (const room of ROOMS) {
      for (const name of await readdir(join(repository, room), { recursive: true })) {
        const file = `${room}/${name}`;
        if (!name.endsWith('.ts') || NAMING.test(file) || LOOKING.includes(file)) continue;
        sources.set(file, await readFile(join(repository, file), 'utf8'));
      }
    }
    assert.ok(sources.size > 100);
  });

  it('has every code that a step, an undo or a saga may fail with, and no other', () => {
    assert.deepEqual(codes.toSorted(), [...FAILURE_CODES].sort());
  });

  it('has no code that no source gives', () => {
    const text = [...sources.values()].join('\n');
    const unused = codes.filter((code) => !text.includes(`'${code}'`));
    assert.deepEqual(unused, [], 'take them out of domain/failure.ts and of the catalogue, or give them');
  });

  it('names only members of error_details that a source writes', () => {
    const text = [...sources.values()].join('\n');
    for (const [code, { details }] of Object.entries(FAILURE_CATALOGUE)) {
      for (const member of Object.keys(details)) {
        // Of a reviewer: his own members, and those of his that have the names of ours.
        if (code === 'HUMAN_REJECTED') continue;
        assert.match(text, new RegExp(`\\b${member}\\b`), `${code}: ${member}`);
      }
    }
  });

  it('has each member of error_details that a source gives beside a code', () => {
    const found = [...sources].flatMap(([file, text]) => membersGiven(file, text));
    const known: Record<string, { details: object }> = FAILURE_CATALOGUE;
    for (const { file, code, member } of found) {
      assert.ok(Object.hasOwn(known[code]?.details ?? {}, member), `${file}: ${code} has ${member} as well`);
    }
    assert.ok(found.length > 40, `${found.length} members were found`);
  });

  it('says of each code what it means, whether it is tried again, and what a person can do', () => {
    for (const [code, meaning] of Object.entries(FAILURE_CATALOGUE)) {
      for (const text of [meaning.means, meaning.retried, meaning.todo]) assert.match(text, /^\S.*\.$/, code);
    }
  });

  it('is docs/failures.md', async () => {
    const file = join(repository, 'docs', 'failures.md');
    const text = await format(failuresReferenceOf(FAILURE_CATALOGUE), {
      ...(await resolveConfig(file)),
      parser: 'markdown',
    });
    const advice = 'npm run build && npm run docs:failures';
    assert.equal(await readFile(file, 'utf8'), text, `docs/failures.md is out of date: ${advice}`);
    for (const code of FAILURE_CODES) assert.ok(text.includes(`\n## ${code}\n`), code);
  });
});

/** Of `failed('CODE', message, {…})`, `new StepFailed('CODE', …)` and `{ code: 'CODE', …, details: {…} }`: the members. */
function membersGiven(file: string, text: string) {
  const given: { file: string; code: string; member: string }[] = [];
  const add = (code: string | null, details: ts.Node | undefined) => {
    if (code === null || details === undefined || !ts.isObjectLiteralExpression(details)) return;
    for (const each of details.properties) {
      if (each.name) given.push({ file, code, member: each.name.getText() });
    }
  };
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) || ts.isNewExpression(node)) {
      const [code, , details] = node.arguments ?? [];
      add(codeOf(code), details);
    }
    if (ts.isObjectLiteralExpression(node)) add(codeOf(valueOf(node, 'code')), valueOf(node, 'details'));
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, text, ts.ScriptTarget.ES2022, true));
  return given;
}

function codeOf(node: ts.Node | undefined): string | null {
  if (node === undefined || !ts.isStringLiteral(node)) return null;
  return Object.hasOwn(FAILURE_CATALOGUE, node.text) ? node.text : null;
}

function valueOf(object: ts.ObjectLiteralExpression, name: string): ts.Node | undefined {
  const member = object.properties.find((each) => each.name?.getText() === name);
  return member !== undefined && ts.isPropertyAssignment(member) ? member.initializer : undefined;
}
