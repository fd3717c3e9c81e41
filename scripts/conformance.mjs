/**
 * `npm run conformance`: runs the test of every rule and prints the rules with their results, section by section.
 * With `--write` the result becomes docs/conformance.md. Exit code 1 when a rule is not proved.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { format } from 'prettier';
import { root } from './dev-prepare.mjs';

const folder = mkdtempSync(join(tmpdir(), 'warden-conformance-'));
const file = join(folder, 'result.json');
const mocha = join(root, 'node_modules', 'mocha', 'bin', 'mocha.js');
const reporter = ['--reporter', join(root, 'scripts', 'conformance-reporter.cjs')];
const option = ['--reporter-option', `file=${file}`];
// Whether rules and tests are complete, and the page current, is another test's question.
const specs = ['--spec', 'test/conformance/*.test.ts', '--ignore', 'test/conformance/complete.test.ts'];
const { status } = spawnSync(process.execPath, [mocha, ...reporter, ...option, ...specs], {
  cwd: root,
  stdio: 'inherit',
});
try {
  const sections = JSON.parse(readFileSync(file, 'utf8'));
  const rules = sections.flatMap((section) => section.rules);
  const count = (result) => rules.filter((rule) => rule.result === result).length;
  for (const { title, rules: own } of sections) {
    console.log(`\n${title}`);
    for (const { id, text, result } of own) console.log(`  ${result.padEnd(6)}  ${id.padEnd(8)} ${text}`);
  }
  console.log(
    `\n${rules.length} rules: ${count('proved')} proved, ${count('failed')} failed, ${count('no run')} not run`,
  );
  if (process.argv.includes('--write')) {
    const text = await format(page(sections), { parser: 'markdown', printWidth: 110, proseWrap: 'preserve' });
    writeFileSync(join(root, 'docs', 'conformance.md'), text);
  }
  process.exitCode = status === 0 && count('proved') === rules.length ? 0 : 1;
} catch (error) {
  console.error(`the run left no result: ${error.message}`);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function page(sections) {
  const total = sections.reduce((sum, { rules }) => sum + rules.length, 0);
  const lines = [
    '# Conformance',
    '',
    `Made by \`npm run conformance -- --write\` from a run of \`test/conformance/\`: each of the ${total} rules has one test`,
    'that goes through the public HTTP interface, on a real Temporal server, the real store and real MCP servers.',
  ];
  for (const { title, rules } of sections) {
    lines.push('', `## ${title}`, '', '| rule | result |', '| --- | --- |');
    for (const { id, text, result } of rules)
      lines.push(`| ${id}: ${text.replaceAll('|', '\\|')} | ${result} |`);
  }
  return `${lines.join('\n')}\n`;
}
