import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import {
  getCheckingSuite,
  getComprehensionSuite,
  getParsingSuite,
} from '@bufbuild/cel-spec/testdata/tests.js';
import type { IncrementalTestSuite } from '@bufbuild/cel-spec/testdata/tests.js';
import { describe, it } from 'mocha';
import { compileCel } from '../../expression/cel.ts';
import type { CelOutcome } from '../../expression/cel.ts';
import { ExpressionError } from '../../expression/error.ts';
import { specCases } from './cel-spec-cases.ts';
import type { SpecCase } from './cel-spec-cases.ts';
import { CEL_EXCEPTIONS } from './cel-spec-exceptions.ts';

type Running = Extract<SpecCase, { kind: 'runs' }>;

function outcomeOf({ source, names, bindings }: Running): CelOutcome {
  try {
    return compileCel(source, names).evaluate(bindings);
  } catch (error) {
    assert.ok(error instanceof ExpressionError, `${source}: ${String(error)}`);
    return { kind: 'error', message: error.message };
  }
}

/** Null when the rule answers what the specification says. */
function difference(each: Running): string | null {
  const { expected, name, source } = each;
  const found = outcomeOf(each);
  const fits =
    expected.kind === 'error'
      ? found.kind === 'error'
      : found.kind === 'value' && isDeepStrictEqual(found.value, expected.value);
  return fits ? null : `${name}: ${source}: expected ${shown(expected)}, found ${shown(found)}`;
}

function shown(value: unknown): string {
  return JSON.stringify(value, (_key, each: unknown) => (typeof each === 'bigint' ? `${each}` : each));
}

function sources(suite: IncrementalTestSuite): string[] {
  return [...suite.tests.map((test) => test.original.expr), ...suite.suites.flatMap(sources)];
}

describe('the conformance suite of CEL', () => {
  const cases = specCases();
  const running = cases.filter((each) => each.kind === 'runs');
  const excepted = new Set(CEL_EXCEPTIONS.flatMap((group) => group.cases));

  it('has one case for each name that is listed', () => {
    for (const name of excepted) {
      assert.equal(cases.filter((each) => each.name === name).length, 1, name);
    }
  });

  it('is passed, but for the listed cases, and those are not', () => {
    const unlisted: string[] = [];
    const failed = new Set<string>();
    for (const each of running) {
      const problem = difference(each);
      if (problem === null) continue;
      failed.add(each.name);
      if (!excepted.has(each.name)) unlisted.push(problem);
    }
    assert.deepEqual(unlisted, [], 'these cases fail and are not listed');
    const passing = [...excepted].filter((name) => !failed.has(name));
    assert.deepEqual(passing, [], 'these cases are listed and do not fail (or do not run)');
    console.log(
      `      CEL: ${running.length} run, ${running.length - failed.size} passed, ${failed.size} excepted`,
    );
  });

  it('is left out only where JSON or the standard functions cannot say the case', () => {
    const reasons = new Map<string, number>();
    for (const each of cases) {
      if (each.kind === 'inapplicable') reasons.set(each.reason, (reasons.get(each.reason) ?? 0) + 1);
    }
    for (const [reason, count] of reasons) console.log(`      not applicable: ${count} ${reason}`);
    assert.ok(running.length > 1_000, `only ${running.length} cases run`);
  });

  it('and the suites without results hold nothing that compiling answers with another error', () => {
    const all = [getParsingSuite(), getCheckingSuite(), getComprehensionSuite()].flatMap(sources);
    assert.ok(all.length > 300, `only ${all.length} expressions`);
    let compiled = 0;
    for (const source of all) {
      try {
        compileCel(source, ['x', 'y', 'a', 'b', 'c', 'm', 'l', 'list']);
        compiled += 1;
      } catch (error) {
        assert.ok(error instanceof ExpressionError, `${source}: ${String(error)}`);
      }
    }
    console.log(`      without results: ${compiled} compiled, ${all.length - compiled} refused`);
  });
});
