import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { Json } from '../../domain/json.ts';
import { readDocument } from '../../manifest/document.ts';
import { createReport, describeProblem } from '../../manifest/problem.ts';
import { toJson } from '../../manifest/tree.ts';

function read(text: string): { value: Json | undefined; problems: string[] } {
  const report = createReport();
  const at = readDocument({ file: null, text, report });
  return { value: at === null ? undefined : toJson(at.tree), problems: report.list().map(describeProblem) };
}

function refused(text: string): string {
  const { problems } = read(text);
  assert.equal(problems.length, 1, problems.join('\n'));
  return problems[0] ?? '';
}

describe('the text of a manifest', () => {
  it('is YAML with the booleans and merge keys of YAML 1.1, and nothing else of it', () => {
    const text =
      'a: yes\nb: off\nc: y\nd: 2024-01-01\ne: 1:30\nbase: &b {x: 1, y: 2}\nf:\n  <<: *b\n  x: 3\non: 1\n';
    const base = { x: 1, y: 2 };
    const value = { a: true, b: false, c: 'y', d: '2024-01-01', e: '1:30', base, f: { x: 3, y: 2 }, on: 1 };
    assert.deepEqual(read(text), { value, problems: [] });
    assert.deepEqual(read(`%YAML 1.1\n---\n${text}`), { value, problems: [] });
    assert.deepEqual(read('a: &a {x: 1}\nb: {x: 2, y: 2}\nc: {<<: [*a, {x: 9, z: 3}]}').value, {
      ...{ a: { x: 1 }, b: { x: 2, y: 2 } },
      c: { x: 1, z: 3 },
    });
  });

  it('may be JSON, with tabs and escapes', () => {
    const value = { kind: 'saga', list: [1, 2.5, null, { on: true }], text: '😀/"\n', '<<': 1 };
    assert.deepEqual(read(JSON.stringify(value, null, '\t')), { value, problems: [] });
    assert.deepEqual(read('{"text": "\\ud83d\\ude00\\/"}').value, { text: '😀/' });
  });

  it('is one document, without errors and without warnings', () => {
    assert.match(
      refused('a: 1\n---\nb: 2\n'),
      /^2:1: expected one document, found several: deploy each as a file/,
    );
    assert.match(refused(''), /expected a document, found nothing/);
    assert.match(refused('# only a comment\n'), /expected a document, found nothing/);
    assert.match(refused('a: !secret x\n'), /^1:4: not YAML: Unresolved tag: !secret/);
    assert.match(refused('a: !!binary aGk=\n'), /not YAML: Unresolved tag/);
    assert.deepEqual(
      read('a: [1\nb: "x\n').problems.map((problem) => problem.slice(0, 30)),
      ['2:1: not YAML: Flow sequence i', '3:1: not YAML: Missing closing'],
    );
  });

  it('has each key once, no reserved one, and texts as keys', () => {
    assert.match(
      refused('a:\n  b: 1\n  b: 2\n'),
      /^3:3: a\.b: expected each key once, found "b" a second time.*line 2/,
    );
    assert.match(refused('{"a": 1, "a": 2}'), /^1:10: a: expected each key once/);
    assert.match(refused('a: { __proto__: { x: 1 } }'), /^1:6: a\.__proto__: .*reserved key "__proto__"/);
    assert.match(refused('"__proto__": 1'), /reserved key/);
    assert.match(refused('[a]: 1'), /expected keys that are texts/);
  });

  it('holds only what JSON holds and a store can keep', () => {
    assert.match(refused('a: .inf'), /^1:4: a: expected a JSON value, found \.inf/);
    assert.match(refused('a: 12345678901234567890'), /exact number, found 12345678901234567890: .*in quotes/);
    assert.match(refused('a: "x\\0y"'), /text that can be stored, found a NUL/);
    assert.match(refused('{"a": "\\ud800"}'), /half a surrogate pair/);
  });

  it('is at most 2 MiB, 64 levels deep, of 200,000 words and marks', () => {
    assert.match(
      refused(`a: ${'x'.repeat(2 * 1024 * 1024)}`),
      /expected at most 2097152 bytes, found 2097155/,
    );
    assert.equal(read(`${'['.repeat(64)}${']'.repeat(64)}`).problems.length, 0);
    assert.match(
      refused(`${'['.repeat(65)}${']'.repeat(65)}`),
      /^1:65: expected values nested at most 64 deep/,
    );
    for (const deep of ['[', '- ', '? ', '{a: ']) {
      assert.match(refused(deep.repeat(20_000)), /nested at most 64 deep/, deep);
    }
    const keys = (count: number): string =>
      `{${Array.from({ length: count }, (_, i) => `k${i}: 1`).join(',')}}`;
    assert.deepEqual(read(keys(25_000)).problems, []);
    assert.deepEqual(read(`a: |\n${' text: [1, 2]\n'.repeat(130_000)}`).problems, []);
    for (const many of [
      ...['- \n'.repeat(600_000), '['.repeat(500_000), '\n'.repeat(1_500_000), ': '.repeat(1_000_000)],
      ...[
        '- &a *a\n'.repeat(250_000),
        keys(100_000),
        keys(100_000).replaceAll(',', ',\n'),
        '#\n'.repeat(900_000),
      ],
    ]) {
      const message = refused(many);
      assert.match(message, /at most 200000 words and marks of YAML, found more: move/, many.slice(0, 40));
    }
  });

  it('cannot grow without bounds by aliases', () => {
    const levels = Array.from({ length: 30 }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i}, *a${i}]`);
    assert.match(refused(`a0: &a0 [x]\n${levels.join('\n')}`), /with aliases written out, found more/);
    const wide = `a: &a ${'x'.repeat(500_000)}\nb: [${Array.from({ length: 20 }, () => '*a').join(', ')}]\n`;
    assert.match(refused(wide), /with aliases written out/);
    assert.match(
      refused('a: &a [1, *a]'),
      /^1:11: a\[1\]: expected an alias of an anchor that stands before it/,
    );
    const many = Array.from({ length: 1000 }, (_, i) => `k${i}: 1`).join(', ');
    assert.match(refused(`a: &a {${many}}\nb: {<<: [${'*a, '.repeat(50_000)}]}`), /with aliases written out/);
    assert.match(refused('a: *missing'), /an alias of an anchor that stands before it/);
    assert.deepEqual(read('a: &x [1]\nb: *x\n').value, { a: [1], b: [1] });
  });
});
