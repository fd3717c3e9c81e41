import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { compileCel } from '../../expression/cel.ts';
import { patternSize } from '../../expression/pattern.ts';

const numbers = Array.from({ length: 5_000 }, (_, n) => n);
const text = 'y'.repeat(1_000_000);
const members = () => Object.fromEntries(numbers.map((n) => [`k${n}`, n]));
const input = {
  list: numbers,
  same: [...numbers],
  map: members(),
  other: members(),
  text,
  last: `${text.slice(1)}z`,
  digits: '9'.repeat(1_000_000),
  half: `${'y'.repeat(250_000)}z${'y'.repeat(250_000)}`,
};

function evaluate(source: string) {
  return compileCel(source, ['input']).evaluate({ input });
}

function value(source: string): unknown {
  const outcome = evaluate(source);
  assert.equal(outcome.kind, 'value', JSON.stringify(outcome));
  return outcome.kind === 'value' ? outcome.value : undefined;
}

describe('an evaluation of CEL that takes too long is an error', () => {
  const costly = {
    'a text looked at for each item': [
      'input.list.all(x, x < input.text.size())',
      'input.list.all(x, x < size(input.text))',
      'input.list.all(x, !input.text.contains("zzz"))',
      'input.list.all(x, !input.text.matches("(a|b)*zzz$"))',
      'input.list.all(x, input.text != input.last)',
      'input.list.all(x, input.text < input.last)',
      'input.list.all(x, input.text.startsWith(input.text))',
      'input.list.all(x, double(input.digits) > 0.0)',
      'input.list.all(x, size(bytes(input.text)) > 0)',
      'input.list.map(x, input.text + string(x)).size() > 0',
    ],
    'a list or a map compared for each item': [
      'input.list.all(x, input.list == input.same)',
      'input.list.all(x, input.map == input.other)',
      'input.list.all(x, x in (input.list + input.same))',
      'input.list.all(x, [input.list].exists(y, y == input.same))',
    ],
    'loops in loops': [
      'input.list.all(x, input.list.all(y, x + y >= 0))',
      'input.list.all(x, input.map.all(y, y != ""))',
      '[input.list.map(x, x)].all(m, m.all(a, m.all(b, true)))',
      `[${'1,'.repeat(500)}1].all(a, [${'1,'.repeat(500)}1].all(b, [${'1,'.repeat(500)}1].all(c, true)))`,
      `input.list.all(x, ${Array.from({ length: 300 }, (_, n) => `x != -${n + 1}`).join(' && ')})`,
    ],
    'one call': ['int(input.digits) > 0', 'input.text.matches("(y?){500}y{500}z")'],
  };
  for (const [what, sources] of Object.entries(costly)) {
    it(what, () => {
      for (const source of sources) {
        const outcome = evaluate(source);
        assert.match(outcome.kind === 'error' ? outcome.message : '', /take at most 5000000 steps/, source);
      }
    });
  }

  it('whatever the expression makes of the error', () => {
    for (const source of [
      'input.list.all(x, x < input.text.size()) || true',
      'true || false ? true || input.list.all(x, input.list.all(y, x + y >= 0)) : false',
      '[1].exists(z, input.list.all(x, input.text != input.last)) || true',
    ]) {
      const outcome = evaluate(source);
      if (source.startsWith('true')) assert.deepEqual(outcome, { kind: 'value', value: true });
      else assert.equal(outcome.kind, 'error', source);
    }
  });

  it('and costs the next one nothing', () => {
    assert.equal(evaluate('input.list.all(x, x < input.text.size())').kind, 'error');
    assert.equal(value('input.list.all(x, x >= 0)'), true);
  });
});

describe('a large value in CEL', () => {
  it('is looked at whole once', () => {
    assert.equal(value('input.text.size()'), 1_000_000);
    assert.equal(value('input.text.matches("z$") || input.last.matches("z$")'), true);
    assert.equal(value('input.list == input.same && input.map == input.other'), true);
    assert.equal(value('input.text != input.last && input.text < input.last'), true);
    assert.equal(value('4999 in input.list && !(5000 in input.list) && !(1 in input.map)'), true);
  });

  it('contains a text of any length, or not', () => {
    assert.equal(value('input.text.contains(input.half)'), false);
    assert.equal(value('(input.text + input.half + input.text).contains(input.half)'), true);
  });

  it('may be mapped and filtered however many items it has', () => {
    assert.equal(value('input.list.map(x, x + 1).all(x, x > 0)'), true);
    assert.equal(value('input.list.filter(x, x % 2 == 0).map(x, x / 2).size()'), 2_500);
    assert.equal(value('input.list.map(x, x) == input.same'), true);
  });
});

describe('lists that were added to', () => {
  it('stay as they were', () => {
    const source =
      '[input.list.map(x, x)].all(m, (m + [1]) != (m + [2]) && (m + [1]).size() == m.size() + 1)';
    assert.equal(value(source), true);
    assert.equal(
      value('[[1] + [2]].all(m, m + [3] == [1, 2, 3] && m + [4] == [1, 2, 4] && m == [1, 2])'),
      true,
    );
  });
});

describe('texts in CEL', () => {
  const letters = fc.string({ unit: fc.constantFrom('a', 'b', '😀'), maxLength: 200 });

  it('contain what they contain', () => {
    const contains = compileCel('input.text.contains(input.part)', ['input']);
    fc.assert(
      fc.property(letters, letters, letters, (before, part, after) => {
        const whole = contains.evaluate({ input: { text: before + part + after, part } });
        assert.deepEqual(whole, { kind: 'value', value: true });
        const found = contains.evaluate({ input: { text: before + after, part } });
        assert.deepEqual(found, { kind: 'value', value: (before + after).includes(part) });
      }),
    );
  });

  it('have as many characters as code points', () => {
    const size = compileCel('input.size()', ['input']);
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 50 }), (each) => {
        assert.deepEqual(size.evaluate({ input: each }), { kind: 'value', value: [...each].length });
      }),
    );
  });
});

describe('the size of a pattern', () => {
  it('grows with what its repetitions repeat', () => {
    const sizes = { abc: 3, '[a-z\\]]+\\d': 3, '(ab){10}': 30, '((a{2}){3}){4}': 40, '\\(a{3,5}': 6, '': 0 };
    for (const [pattern, size] of Object.entries(sizes)) assert.equal(patternSize(pattern), size, pattern);
    assert.equal(patternSize('((a{1000}){1000}){1000}'), 1_000_000);
  });
});
