import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import type { Json } from '../../domain/json.ts';
import { compileCel } from '../../expression/cel.ts';
import { ExpressionError } from '../../expression/error.ts';

const NAMES = ['input', 'arguments', 'steps', 'output'];

function evaluate(source: string, input: Json = null) {
  return compileCel(source, NAMES).evaluate({ input });
}

function value(source: string, input: Json = null): unknown {
  const outcome = evaluate(source, input);
  assert.equal(outcome.kind, 'value', JSON.stringify(outcome));
  return outcome.kind === 'value' ? outcome.value : undefined;
}

function refused(source: string, message: RegExp, place?: { line: number; column: number }) {
  assert.throws(
    () => compileCel(source, NAMES),
    (error) => {
      assert.ok(error instanceof ExpressionError, String(error));
      assert.match(error.message, message);
      if (place) assert.deepEqual({ line: error.line, column: error.column }, place);
      return true;
    },
  );
}

describe('JSON numbers in CEL', () => {
  it('that are integral compare and add with int literals', () => {
    assert.equal(
      value('input.n > 0 && input.n + 1 == 6 && input.n == 5 && input.n % 2 == 1', { n: 5 }),
      true,
    );
    assert.equal(value('type(input.n) == int', { n: 5 }), true);
    assert.equal(value('[10, 20][input.n]', { n: 1 }), 20);
  });

  it('that are not integral add with ints, in both orders', () => {
    assert.equal(value('input.n + 1', { n: 1.5 }), 2.5);
    assert.equal(value('1 - input.n', { n: 0.5 }), 0.5);
    assert.equal(value('2 * input.n', { n: 1.25 }), 2.5);
    assert.equal(value('input.n / 2', { n: 2.5 }), 1.25);
    assert.equal(value('input.n < 2 && input.n > 1', { n: 1.5 }), true);
  });

  it('too large to be exact are doubles', () => {
    assert.equal(value('type(input.n) == double && input.n > 9007199254740991', { n: 2 ** 60 }), true);
  });

  it('come back as they were', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), (json) => {
        const plain: Json = JSON.parse(JSON.stringify(json));
        assert.deepEqual(value('input', plain), plain);
      }),
      { numRuns: 200 },
    );
  });

  it('overflow and division by zero are errors', () => {
    assert.equal(evaluate('9223372036854775807 + 1').kind, 'error');
    assert.equal(evaluate('1 / 0 == 1').kind, 'error');
  });
});

describe('members in CEL', () => {
  it('that are null are present', () => {
    assert.equal(value('has(input.a) && "a" in input && input.a == null', { a: null }), true);
    assert.equal(value('has(input.b) || "b" in input', { a: null }), false);
  });

  it('that are missing are an error when they are read', () => {
    assert.equal(evaluate('input.b == null', { a: 1 }).kind, 'error');
    assert.equal(evaluate('input.constructor == null', {}).kind, 'error');
    assert.equal(evaluate('input.__proto__ == null', {}).kind, 'error');
  });

  it('with any name are read in brackets', () => {
    assert.equal(value('input["post-comment"] == 1', { 'post-comment': 1 }), true);
  });
});

describe('an error in CEL', () => {
  it('is never a value, wherever it occurs', () => {
    const failing = [
      'input.x',
      '[input.x]',
      '{"a": input.x}',
      'input.x ? true : true',
      '!input.x',
      'input.x == input.x',
    ];
    failing.push('[1].all(i, input.x == i)', 'size([input.x]) == 1', 'input.x || false', 'input.x in [1]');
    for (const source of failing) assert.equal(evaluate(source, {}).kind, 'error', source);
  });

  it('of a binding that was not given is an error outcome, not an exception', () => {
    assert.equal(compileCel('output.data.ok', NAMES).evaluate({}).kind, 'error');
  });

  it('is absorbed only where the other side decides', () => {
    assert.equal(value('true || input.x', {}), true);
    assert.equal(value('false && input.x', {}), false);
  });
});

describe('what evaluation could only fail on is refused at deploy', () => {
  it('a syntax error, with its place', () => {
    refused('input.a && == 1', /not a CEL expression/, { line: 1, column: 9 });
    refused('', /not a CEL expression/);
  });

  it('an unknown name, and the known ones are listed', () => {
    refused('input.a == inputs.a', /one of the names input, arguments, steps, output, found inputs/, {
      line: 1,
      column: 12,
    });
    refused('[1].all(x,\n  y == 1)', /found y/, { line: 2, column: 3 });
    assert.equal(value('[1].all(input, input == 1)'), true);
  });

  it('an unknown function, also of the wrong shape', () => {
    refused('lower(input.a) == "x"', /function lower is not known/);
    refused('input.a.size(1, 2) == 1', /is not a method of 2 arguments/);
    refused('startsWith("a", "b", "c")', /is not a function of 3 arguments/);
  });

  it('a name with a hyphen, which reads as a subtraction', () => {
    refused('steps.post-comment.output.data.ok', /write \["post-comment"\]/, { line: 1, column: 11 });
    assert.equal(value('input.a - input.b', { a: 3, b: 1 }), 2);
  });

  it('a pattern that is none', () => {
    refused('input.a.matches("(?=x)")', /RE2/);
    assert.equal(evaluate('input.a.matches(input.p)', { a: 'x', p: '(' }).kind, 'error');
  });

  it('what is too long or too deep for the parser', () => {
    refused('1'.repeat(20_000), /at most 16384 characters/);
    for (const source of [
      `${'('.repeat(8_000)}1${')'.repeat(8_000)}`,
      `1${'+1'.repeat(8_000)}`,
      '-'.repeat(16_000),
    ]) {
      assert.throws(() => compileCel(source, NAMES), ExpressionError);
    }
  });
});

describe('large inputs of CEL', () => {
  const items = Array.from({ length: 2_000 }, (_, n) => n);

  it('are filtered whole', () => {
    assert.equal(value('input.filter(x, x >= 1000).size()', items), 1_000);
  });

  it('end a loop in a loop in a loop as an error', () => {
    const outcome = evaluate('input.all(x, input.all(y, input.all(z, x + y + z >= 0)))', items);
    assert.match(outcome.kind === 'error' ? outcome.message : '', /take at most 5000000 steps/);
    const map = Object.fromEntries(items.map((n) => [`k${n}`, n]));
    assert.equal(evaluate('input.all(x, input.all(y, input.all(z, true)))', map).kind, 'error');
  });

  it('with more than 200,000 values are an error, unless their name is not used', () => {
    const huge = Array.from({ length: 200_001 }, () => 0);
    assert.match(JSON.stringify(evaluate('size(input) > 0', huge)), /at most 200000 values/);
    assert.equal(
      compileCel('arguments.a == 1', NAMES).evaluate({ input: huge, arguments: { a: 1 } }).kind,
      'value',
    );
  });

  it('nested too deep are an error', () => {
    let deep: Json = 1;
    for (let level = 0; level < 50_000; level += 1) deep = [deep];
    assert.equal(evaluate('size(input) == 1', deep).kind, 'error');
  });

  it('are matched in linear time, whatever the pattern', () => {
    assert.equal(value('input.matches("^(a+)+$")', `${'a'.repeat(50_000)}b`), false);
  });
});
