import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { Json, JsonObject } from '../../domain/json.ts';
import { ExpressionError } from '../../expression/error.ts';
import { compileTemplate, renderValue } from '../../expression/template.ts';
import { withEngine } from '../../expression/template-engine.ts';

const render = (source: string, variables: JsonObject = {}) => compileTemplate(source).render(variables);
const fails = (act: () => unknown, message: RegExp, line?: number) =>
  assert.throws(act, (error) => {
    assert.ok(error instanceof ExpressionError, String(error));
    assert.match(error.message, message);
    if (line !== undefined) assert.equal(error.line, line);
    return true;
  });

describe('a template', () => {
  it('without {{ or {% is sent as it is', () => {
    const source = 'Braces { } # and {# no comment #} stay.\n';
    assert.equal(render(source), source);
  });

  it('prints undefined empty; an attribute of undefined fails', () => {
    assert.equal(render('[{{ a }}][{{ a.b }}]', { a: {} }), '[{}][]');
    assert.equal(render('[{{ nothing }}]'), '[]');
    fails(() => render('\n{{ nothing.b }}'), /undefined/, 2);
    fails(() => render('{{ a.b.c }}', { a: {} }), /undefined/);
  });

  it('prints text as it is, also what looks like HTML or like a template', () => {
    assert.equal(render('{{ a }}', { a: '<b>{{ x }}</b>' }), '<b>{{ x }}</b>');
  });

  it('has loops, conditions, filters and the methods of Python', () => {
    const source =
      '{% for n in list if n > 1 %}{{ n }};{% else %}none{% endfor %}{{ s.upper() | replace("A", "b") }}';
    assert.equal(render(source, { list: [1, 2, 3], s: 'a' }), '2;3;b');
  });

  it('names what it uses plainly and does not set itself', () => {
    const source = `{{ a }} {{ b.c }} {% set d = 1 %}{{ d }} {% for e in f %}{{ e }}{% endfor %} {{ a }} {# {{ g }} #}
      {% raw %}{{ h }}{% endraw %} {{ i | upper }} {{ true }} {{ "j" }}`;
    assert.deepEqual(compileTemplate(source).names, ['a', 'b']);
  });

  it('of a hundred thousand parts is compiled in one pass', () => {
    assert.deepEqual(compileTemplate('{{ a }} '.repeat(100_000)).names, ['a']);
  });
});

describe('a construct that the template library lacks is refused at deploy', () => {
  it('a filter, naming the one to use instead', () => {
    fails(
      () => compileTemplate('\n  {{ a | wordwrap(10) }}'),
      /wordwrap is not available: use truncate instead/,
      2,
    );
    fails(() => compileTemplate('{% if a | nosuch %}{% endif %}'), /nosuch is not available: use one of abs/);
    fails(() => compileTemplate('{% filter nosuch %}{% endfilter %}'), /nosuch is not available/);
  });

  it('a test, a function, another template, bad syntax', () => {
    fails(() => compileTemplate('{{ a is nosuch }}'), /the test "is nosuch" is not available/);
    fails(() => compileTemplate('{{ lipsum(5) }}'), /the function lipsum is not available/);
    fails(() => compileTemplate('{% include "other" %}'), /a prompt is one file/);
    fails(() => compileTemplate('a\n{% if %}'), /syntax error/, 2);
    fails(() => compileTemplate('{{ a'), /syntax error/);
  });

  it('but not what only looks like one', () => {
    compileTemplate(
      '{{ "a | nosuch" }} {% raw %}{{ a | nosuch }}{% endraw %} {# {{ a | nosuch }} #} {{ a["is nosuch"] }}',
    );
  });
});

describe('a hostile template or value', () => {
  it('that does not end runs out of fuel, and the next one renders', () => {
    fails(
      () => render('{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}'),
      /fuel/,
    );
    fails(() => render('{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}'), /recursion/);
    assert.equal(render('{{ a }}', { a: 1 }), '1');
  });

  it('nested too deep is refused before it reaches the library', () => {
    let deep: Json = 1;
    for (let level = 0; level < 100_000; level += 1) deep = [deep];
    fails(() => render('{{ a }}', { a: deep }), /nested at most 400 deep/);
    fails(() => renderValue('{{ a }}', { a: deep }), /nested at most 400 deep/);
    fails(() => render(`{{ ${'['.repeat(5_000)}${']'.repeat(5_000)} }}`), /recursion limit/);
  });

  it('of two megabytes, with halves of surrogate pairs and NULs, renders', () => {
    assert.equal(render('{{ a }}', { a: 'x'.repeat(2 ** 21) }).length, 2 ** 21);
    assert.equal(render('{{ a }}', { a: '\ud800\0' }), '\ufffd\0');
  });

  it('that makes the library panic costs the others nothing', () => {
    assert.throws(() =>
      withEngine(() => {
        throw new Error('unreachable');
      }),
    );
    assert.equal(render('{{ a }}', { a: 1 }), '1');
  });
});

describe('a value of a mock script', () => {
  const variables = { n: 5, map: { list: [1, null, 'x'] }, text: 'words' };

  it('that is one {{ expr }} alone keeps its type', () => {
    const value = {
      a: '{{ n }}',
      b: ['{{ map.list }}', ' {{ map }} '],
      c: '{{ n + 1 }}',
      d: '{{ n > 4 }}',
      e: 7,
    };
    assert.deepEqual(renderValue(value, variables), {
      a: 5,
      b: [[1, null, 'x'], { list: [1, null, 'x'] }],
      c: 6,
      d: true,
      e: 7,
    });
  });

  it('that is more than that is text', () => {
    assert.equal(renderValue('{{ n }} {{ text }}', variables), '5 words');
    assert.equal(renderValue('no expression', variables), 'no expression');
  });

  it('that is undefined is empty', () => {
    assert.deepEqual(renderValue(['{{ nothing }}', '{{ map.nothing }}'], variables), ['', '']);
    fails(() => renderValue('{{ nothing.deeper }}', variables), /undefined/);
  });
});
