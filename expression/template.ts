/**
 * Jinja templates: prompts and the values of mock scripts. One without `{{` or `{%` is sent as it is.
 * Undefined prints empty; an attribute of undefined is an error.
 */
import type { Json, JsonObject } from '../domain/json.ts';
import { ExpressionError, placeOf } from './error.ts';
import { withEngine } from './template-engine.ts';
import { scanTemplate } from './template-scan.ts';
import type { Scan, Word } from './template-scan.ts';

export interface CompiledTemplate {
  /** Top-level names used plainly (`{{ name }}`, `{{ name.attr }}`) and not set in the template, each once. */
  names: readonly string[];
  /** Throws {@link ExpressionError} for what fails only now, e.g. an attribute of undefined. */
  render(variables: JsonObject): string;
}

const FILTERS = new Set(
  (
    'abs attr batch bool capitalize chain count d default dictsort e escape filesizeformat first float ' +
    'groupby indent int items join last length lines list lower map max min pluralize pprint reject ' +
    'rejectattr replace reverse round safe select selectattr slice sort split string striptags sum title ' +
    'tojson trim truncate unique upper'
  ).split(' '),
);
const TESTS = new Set(
  (
    'boolean defined divisibleby endingwith eq equalto escaped even false filter float ge greaterthan gt in ' +
    'int integer iterable le lessthan lower lt mapping ne none number odd safe sameas sequence startingwith ' +
    'string test true undefined upper'
  ).split(' '),
);
const FUNCTIONS = new Set(['range', 'dict', 'namespace', 'cycler', 'joiner', 'caller', 'loop', 'super']);
const INSTEAD: Readonly<Record<string, string>> = {
  center: 'indent',
  forceescape: 'escape',
  format: 'replace',
  random: 'first',
  urlencode: 'replace',
  urlize: 'string',
  wordcount: 'split and then length',
  wordwrap: 'truncate',
  xmlattr: 'items',
};
const OTHER_TEMPLATES = new Set(['include', 'import', 'from', 'extends']);
/** The library recurses over what it is given; deeper values would break it. */
const MAX_DEPTH = 400;

/** Throws {@link ExpressionError} with the line for bad syntax and for whatever the template library lacks. */
export function compileTemplate(source: string): CompiledTemplate {
  if (!isTemplate(source)) return { names: [], render: () => source };
  withEngine((environment) => {
    environment.addTemplate('<template>', source);
    environment.removeTemplate('<template>');
  });
  const scan = scanTemplate(source);
  refuseLacking(source, scan);
  const names = new Set(scan.plain.map((word) => word.name).filter((name) => !scan.declared.has(name)));
  return {
    names: [...names],
    render: (variables) => withEngine((environment) => environment.renderStr(source, bounded(variables))),
  };
}

/**
 * The value with each string in it rendered. A string that is one `{{ expr }}` alone becomes the value of the
 * expression; undefined becomes the empty string. Throws {@link ExpressionError}.
 */
export function renderValue(value: Json, variables: JsonObject): Json {
  if (typeof value === 'string') return renderText(value, variables);
  if (Array.isArray(value)) return value.map((item) => renderValue(item, variables));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, renderValue(item, variables)]));
}

function renderText(source: string, variables: JsonObject): Json {
  if (!isTemplate(source)) return source;
  const expression = scanTemplate(source).alone;
  if (expression === null) return compileTemplate(source).render(variables);
  const value = withEngine((environment): unknown => environment.evalExpr(expression, bounded(variables)));
  return value === undefined ? '' : plain(value);
}

function isTemplate(source: string): boolean {
  return source.includes('{{') || source.includes('{%');
}

function refuseLacking(source: string, scan: Scan): void {
  const refuse = (word: Word, message: string): never => {
    throw new ExpressionError(message, placeOf(source, word.at));
  };
  for (const word of scan.statements) {
    if (OTHER_TEMPLATES.has(word.name))
      refuse(word, `{% ${word.name} %} is not available: a prompt is one file`);
  }
  for (const word of scan.filters) {
    if (FILTERS.has(word.name)) continue;
    const instead = Object.hasOwn(INSTEAD, word.name) ? INSTEAD[word.name] : undefined;
    const hint = instead === undefined ? `use one of ${[...FILTERS].join(', ')}` : `use ${instead} instead`;
    refuse(word, `the filter ${word.name} is not available: ${hint}`);
  }
  for (const word of scan.tests) {
    if (TESTS.has(word.name)) continue;
    refuse(word, `the test "is ${word.name}" is not available: use one of ${[...TESTS].join(', ')}`);
  }
  for (const word of scan.functions) {
    if (FUNCTIONS.has(word.name) || scan.declared.has(word.name)) continue;
    refuse(word, `the function ${word.name} is not available: use one of ${[...FUNCTIONS].join(', ')}`);
  }
}

function bounded(variables: JsonObject): JsonObject {
  let level: Json[] = [variables];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > MAX_DEPTH) {
      throw new ExpressionError(`expected values nested at most ${MAX_DEPTH} deep, found deeper ones`);
    }
    level = level.flatMap((value) =>
      value !== null && typeof value === 'object' ? Object.values(value) : [],
    );
  }
  return variables;
}

/** The library answers maps and bigints. */
function plain(value: unknown): Json {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (typeof value === 'bigint') return Number(value);
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof Map) {
    return Object.fromEntries(Array.from(value, ([key, item]) => [String(key), plain(item)]));
  }
  if (typeof value === 'object') {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
  }
  return null;
}
