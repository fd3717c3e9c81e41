/** The conformance cases of the CEL specification, put as rules over JSON as far as they can be. */
import { getConformanceSuite } from '@bufbuild/cel-spec/testdata/tests.js';
import type { IncrementalTestSuite } from '@bufbuild/cel-spec/testdata/tests.js';
import type { SimpleTest } from '@bufbuild/cel-spec/cel/expr/conformance/test/simple_pb.js';
import type { Value } from '@bufbuild/cel-spec/cel/expr/value_pb.js';
import type { Json, JsonObject } from '../../domain/json.ts';

type Expected = { kind: 'value'; value: unknown } | { kind: 'error' };

/** Either a rule to run, or why the case says nothing about rules over JSON. */
export type SpecCase = { name: string; source: string } & (
  | { kind: 'runs'; names: string[]; bindings: JsonObject; expected: Expected }
  | { kind: 'inapplicable'; reason: string }
);

/** Suites of libraries that an implementation may offer; rules have the standard functions and macros only. */
const EXTENSIONS = new Set([
  ...['bindings_ext', 'block_ext', 'encoders_ext', 'macros2', 'math_ext', 'network_ext', 'optionals'],
  'string_ext',
]);

const MESSAGES =
  /\bTestAllTypes\b|\bgoogle\.protobuf\.|\bcel\.expr\.|\bproto\.(?:get|has)Ext\b|\bGlobalEnum\b/;

class Inapplicable extends Error {}

/** Every case that ships, by its name `file/section/case`. */
export function specCases(): SpecCase[] {
  return getConformanceSuite().suites.flatMap((suite) => casesOf(suite, suite.name, suite.name));
}

function casesOf(suite: IncrementalTestSuite, file: string, path: string): SpecCase[] {
  const own = suite.tests.map((test) => specCase(file, `${path}/${test.name}`, test.original));
  return [...own, ...suite.suites.flatMap((inner) => casesOf(inner, file, `${path}/${inner.name}`))];
}

function specCase(file: string, name: string, test: SimpleTest): SpecCase {
  const source = test.expr;
  try {
    if (EXTENSIONS.has(file)) throw new Inapplicable('extension library');
    if (MESSAGES.test(source)) throw new Inapplicable('protobuf messages or their enumerations');
    if (test.container !== '') throw new Inapplicable('container');
    if (test.disableMacros) throw new Inapplicable('macros switched off');
    const bindings = Object.fromEntries(
      Object.entries(test.bindings).map(([key, bound]): [string, Json] => {
        if (bound.kind.case !== 'value') throw new Inapplicable('binding that is an error or unknown');
        return [key, bindable(bound.kind.value)];
      }),
    );
    const declared = test.typeEnv.filter((each) => each.declKind.case === 'ident').map((each) => each.name);
    const names = [...new Set([...Object.keys(bindings), ...declared])];
    for (const each of names) if (!/^\w+$/.test(each)) throw new Inapplicable('binding of a qualified name');
    return { kind: 'runs', name, source, names, bindings, expected: expectedOf(test) };
  } catch (error) {
    if (!(error instanceof Inapplicable)) throw error;
    return { kind: 'inapplicable', name, source, reason: error.message };
  }
}

function expectedOf(test: SimpleTest): Expected {
  const matcher = test.resultMatcher;
  switch (matcher.case) {
    case 'value':
      return { kind: 'value', value: comparable(matcher.value) };
    case 'evalError':
    case 'anyEvalErrors':
      return { kind: 'error' };
    case 'typedResult':
      if (test.checkOnly || matcher.value.result === undefined) throw new Inapplicable('static type only');
      return { kind: 'value', value: comparable(matcher.value.result) };
    case undefined:
      // The specification: a case without a result expects true.
      return { kind: 'value', value: true };
    default:
      throw new Inapplicable('result that is unknown');
  }
}

/** A value that JSON can say, and that is the same CEL value when a rule reads it from JSON. */
function bindable(value: Value): Json {
  const kind = value.kind;
  switch (kind.case) {
    case 'nullValue':
      return null;
    case 'boolValue':
    case 'stringValue':
      return kind.value;
    case 'int64Value':
      if (!Number.isSafeInteger(Number(kind.value))) throw new Inapplicable('binding of an int beyond 2^53');
      return Number(kind.value);
    case 'doubleValue':
      if (!Number.isFinite(kind.value)) throw new Inapplicable('binding of a double that JSON has not');
      if (Number.isSafeInteger(kind.value)) throw new Inapplicable('binding of an integral double');
      return kind.value;
    case 'listValue':
      return kind.value.values.map(bindable);
    case 'mapValue':
      return Object.fromEntries(
        kind.value.entries.map((entry): [string, Json] => {
          if (entry.key?.kind.case !== 'stringValue')
            throw new Inapplicable('binding of a map without text keys');
          return [entry.key.kind.value, bindable(present(entry.value))];
        }),
      );
    default:
      throw new Inapplicable(`binding that is ${kind.case ?? 'missing'}`);
  }
}

/** What a rule answers for this value: numbers of every kind, keys as text. */
function comparable(value: Value): unknown {
  const kind = value.kind;
  switch (kind.case) {
    case 'nullValue':
      return null;
    case 'int64Value':
    case 'uint64Value':
      return Number.isSafeInteger(Number(kind.value)) ? Number(kind.value) : kind.value;
    case 'boolValue':
    case 'stringValue':
    case 'doubleValue':
    case 'bytesValue':
      return kind.value;
    case 'listValue':
      return kind.value.values.map(comparable);
    case 'mapValue':
      return Object.fromEntries(
        kind.value.entries.map((entry) => [
          String(comparable(present(entry.key))),
          comparable(present(entry.value)),
        ]),
      );
    default:
      throw new Inapplicable(`result that is ${kind.case ?? 'missing'}`);
  }
}

function present(value: Value | undefined): Value {
  if (value === undefined) throw new Inapplicable('missing value');
  return value;
}
