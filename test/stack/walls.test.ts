import assert from 'node:assert/strict';
import { join } from 'node:path';
import { ESLint } from 'eslint';
import { describe, it } from 'mocha';
import tseslint from 'typescript-eslint';
import { walls } from '../../scripts/lint-walls.mjs';
import { repository } from '../support/processes.ts';

// The project's own configuration; without types, so that a source needs no file on disk.
const eslint = new ESLint({
  cwd: repository,
  overrideConfig: [
    {
      ...tseslint.configs.disableTypeChecked,
      languageOptions: { parserOptions: { projectService: false, project: false } },
    },
  ],
});

/** The names of the rules that a source breaks as a file of the project. */
async function broken(file: string, source: string): Promise<(string | null)[]> {
  const results = await eslint.lintText(source, { filePath: join(repository, file) });
  const messages = results.flatMap((result) => result.messages);
  return messages.filter(({ ruleId }) => !ruleId?.endsWith('no-unused-vars')).map(({ ruleId }) => ruleId);
}

async function refused(file: string, source: string, rule = 'warden/walls'): Promise<void> {
  assert.deepEqual(await broken(file, source), [rule], `${file}: ${source}`);
}

async function allowed(file: string, source: string): Promise<void> {
  assert.deepEqual(await broken(file, source), [], `${file}: ${source}`);
}

const table: Record<string, readonly string[]> = {
  domain: [],
  ledger: ['domain'],
  expression: ['domain'],
  manifest: ['domain', 'ledger', 'expression'],
  store: ['domain', 'ledger'],
  agent: ['domain', 'expression'],
  mcp: ['domain', 'expression'],
  workflows: ['domain'],
  activities: ['domain', 'ledger', 'expression', 'store', 'agent', 'mcp'],
  delivery: ['domain', 'store'],
  api: ['domain', 'ledger', 'expression', 'manifest', 'store', 'delivery'],
  cli: ['manifest', 'ledger'],
  servers: [],
  settings: [],
  processes: ['domain', 'store', 'mcp', 'agent', 'activities', 'delivery', 'api', 'settings'],
};

describe('the walls between rooms', () => {
  it('are declared for every room of the design', () => {
    assert.deepEqual(Object.keys(walls).sort(), Object.keys(table).sort());
  });

  for (const [room, others] of Object.entries(table)) {
    const file = room === 'settings' ? 'settings.ts' : `${room}/thing.ts`;
    const to = room === 'settings' ? '.' : '..';
    it(`let ${room} import ${others.join(', ') || 'no other room'}, and nothing else`, async () => {
      for (const other of Object.keys(table)) {
        if (other === room) continue;
        const source = `import { a } from '${to}/${other === 'settings' ? 'settings' : `${other}/other`}.ts';\n`;
        if (others.includes(other)) await allowed(file, source);
        else await refused(file, source);
      }
      if (room !== 'settings') await allowed(file, `import { a } from './other.ts';\n`);
    });
  }

  it('hold however an import is written', async () => {
    await refused('domain/thing.ts', `import type { A } from '../store/other.ts';\n`);
    await refused('domain/thing.ts', `export { a } from '../store/other.ts';\n`);
    await refused('domain/thing.ts', `export * from './../store/other.ts';\n`);
    await refused('domain/thing.ts', `export const a = await import('../store/other.ts');\n`);
    await refused('domain/thing.ts', `export type A = import('../store/other.ts').A;\n`);
    await refused('domain/thing.ts', `import '../store/other.ts';\n`);
    await refused('domain/nested/thing.ts', `import { a } from '../../store/other.ts';\n`);
  });

  it('let workflows import only types of activities, domain and the SDK', async () => {
    await allowed('workflows/thing.ts', `import type { A } from '../activities/create.ts';\n`);
    await refused('workflows/thing.ts', `import { a } from '../activities/create.ts';\n`);
    await allowed('workflows/thing.ts', `import { sleep } from '@temporalio/workflow';\n`);
    for (const library of ['zod', 'node:crypto', 'crypto', '@temporalio/client', '@temporalio/activity'])
      await refused('workflows/thing.ts', `import { a } from '${library}';\n`);
  });

  it('let delivery import only the messages of workflows, and cli only the client of the API', async () => {
    await allowed('delivery/thing.ts', `import { SIGNALS } from '../workflows/messages.ts';\n`);
    await refused('delivery/thing.ts', `import { saga } from '../workflows/saga.ts';\n`);
    await allowed('cli/thing.ts', `import { createClient } from '../api/client.ts';\n`);
    await refused('cli/thing.ts', `import { createApp } from '../api/app.ts';\n`);
  });

  it('keep each library in its room', async () => {
    for (const library of ['zod', 'node:fs', 'yaml'])
      await refused('domain/thing.ts', `import { a } from '${library}';\n`);
    await refused('api/thing.ts', `import pg from 'pg';\n`);
    await refused('cli/thing.ts', `import pg from 'pg';\n`);
    await refused('activities/thing.ts', `import { Client } from '@temporalio/client';\n`);
    await refused('store/thing.ts', `import { Client } from '@temporalio/client';\n`);
    await refused('delivery/thing.ts', `import express from 'express';\n`);
  });

  it('are open to process entries and tests, which nothing imports', async () => {
    for (const entry of ['worker.ts', 'standalone.ts']) {
      await allowed(entry, `import { a } from './store/store.ts';\nimport pg from 'pg';\n`);
      await refused('api/thing.ts', `import { a } from '../${entry}';\n`);
    }
    await allowed('api/server.ts', `import { a } from '../workflows/messages.ts';\n`);
    await allowed('cli/warden.ts', `import { a } from '../settings.ts';\n`);
    await refused('api/thing.ts', `import { a } from './server.ts';\n`);
    await refused('api/thing.ts', `import { a } from '../test/support/ports.ts';\n`);
    await allowed('test/stack/thing.test.ts', `import { a } from '../../store/store.ts';\n`);
  });

  it('refuse a file that is in no room', async () => {
    await refused('utils/thing.ts', `import { a } from './other.ts';\n`);
    await refused('thing.ts', `import { a } from './domain/other.ts';\n`);
  });
});

describe('lint', () => {
  it('refuses the environment outside settings.ts', async () => {
    const rule = 'no-restricted-syntax';
    await refused('store/thing.ts', `export const a = process.env['A'];\n`, rule);
    await refused('store/thing.ts', `export const a = process['env'];\n`, rule);
    await refused('store/thing.ts', `const { env } = process;\nexport const a = env;\n`, rule);
    await refused('store/thing.ts', `import { env } from 'node:process';\n`, 'no-restricted-imports');
    await allowed('settings.ts', `export const a = process.env['A'];\n`);
  });

  it('refuses clocks, chance and the outside world in domain, and all but the replayed time in workflows', async () => {
    const syntax = 'no-restricted-syntax';
    for (const expression of ['Date.now()', 'new Date()', 'Date()', 'Math.random()'])
      await refused('domain/thing.ts', `export const a = ${expression};\n`, syntax);
    await allowed('domain/thing.ts', `export const a = new Date('2020-01-01');\n`);
    await refused('workflows/thing.ts', `export const a = Math.random();\n`, syntax);
    for (const room of ['domain', 'workflows'])
      for (const call of [`fetch('a')`, 'setTimeout(a, 1)', 'crypto.randomUUID()', 'performance.now()'])
        await refused(`${room}/thing.ts`, `export const a = () => ${call};\n`, 'no-restricted-globals');
  });

  it('refuses any, casts, "!", default exports and exemptions', async () => {
    const file = 'store/thing.ts';
    await refused(file, `export const a: any = 1;\n`, '@typescript-eslint/no-explicit-any');
    await refused(file, `export const b = a as string;\n`, '@typescript-eslint/consistent-type-assertions');
    await allowed(file, `export const b = ['a'] as const;\n`);
    await refused(file, `export const b = a!.c;\n`, '@typescript-eslint/no-non-null-assertion');
    await refused(file, `export default function a(): void {}\n`, 'no-restricted-syntax');
    const exempted = `// eslint-disable-next-line\nexport const a: any = 1;\n`;
    assert.ok((await broken(file, exempted)).includes('@typescript-eslint/no-explicit-any'));
  });

  it('refuses long files everywhere and long functions outside of tests', async () => {
    const lines = (count: number) => 'export {};\n'.repeat(count);
    await allowed('test/stack/thing.test.ts', lines(300));
    await refused('test/stack/thing.test.ts', lines(301), 'max-lines');
    const body = `export function a(): void {\n${'  a();\n'.repeat(49)}}\n`;
    await refused('store/thing.ts', body, 'max-lines-per-function');
    await allowed('test/stack/thing.test.ts', body);
  });
});

describe('lint with types', () => {
  it('refuses a promise that nobody waits for', async () => {
    const typed = new ESLint({ cwd: repository });
    const source = `async function later(): Promise<void> {}\nlater();\n[1].forEach(async () => later());\n`;
    // A source needs a file of the project to be typed as; this one's own.
    const [result] = await typed.lintText(source, { filePath: join(repository, 'domain', 'equal.ts') });
    const rules = result?.messages.map(({ ruleId }) => ruleId) ?? [];
    assert.ok(rules.includes('@typescript-eslint/no-floating-promises'), String(rules));
    assert.ok(rules.includes('@typescript-eslint/no-misused-promises'), String(rules));
  });
});
