/** Writes docs/http.md from the OpenAPI document as it was built: `npm run build && node scripts/http-reference.mjs`. */
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/**
 * The reference of the HTTP interface: every route with its parameters, body, answer and errors, then the shapes.
 *
 * @param {object} document OpenAPI 3.1, as `describeInterface` makes it
 * @returns {string} Markdown
 */
export function httpReferenceOf(document) {
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, ...operation })),
  );
  return [
    introductionOf(document),
    errorsOf(operations),
    ...operations.map((operation) => routeOf(operation, everywhere(operations))),
    '## Shapes',
    'Of a request, members that are not named here are ignored. Inside `{ }`, `?` marks what may be absent.',
    ...Object.entries(document.components.schemas).map(([name, schema]) => shapeOf(name, schema)),
  ].join('\n\n');
}

function introductionOf({ info }) {
  return `# The HTTP interface

Made from the OpenAPI document by \`node scripts/http-reference.mjs\`; do not edit it by hand. A running server has the
document at \`/v1/openapi.json\`, and a page to try it at \`/docs\`.

${info.description}`;
}

/** Statuses that every operation may answer. */
function everywhere(operations) {
  const [first, ...others] = operations.map(({ responses }) => errorStatuses(responses));
  return first.filter((status) => others.every((each) => each.includes(status)));
}

function errorStatuses(responses) {
  return Object.keys(responses).filter((status) => Number(status) >= 400);
}

function errorsOf(operations) {
  const meanings = new Map(
    operations.flatMap(({ responses }) =>
      errorStatuses(responses).map((status) => [status, responses[status].description]),
    ),
  );
  const rows = [...meanings]
    .sort(([a], [b]) => Number(a) - Number(b))
    .map(([status, meaning]) => `| ${status} | ${inCell(meaning)} |`);
  const common = everywhere(operations).join(', ');
  return `## Errors

${['| status | means |', '|---|---|', ...rows].join('\n')}

Any route may answer ${common}; of each route only the others are named, and those of these with a shape of their own.`;
}

function routeOf({ path, method, summary, parameters = [], requestBody, responses }, common) {
  const parts = [`## \`${method.toUpperCase()} ${path}\``, `${summary}.`];
  if (parameters.length > 0) parts.push(parametersOf(parameters));
  const facts = [];
  if (requestBody !== undefined) {
    const absent = requestBody.required ? '' : '; may be absent';
    facts.push(`- Body: ${contentOf(requestBody.content)}${absent}`);
  }
  for (const [status, response] of Object.entries(responses)) {
    if (Number(status) < 400) facts.push(`- Answer: ${status}, ${contentOf(response.content)}`);
  }
  const errors = errorStatuses(responses).flatMap((status) => {
    const shape = contentOf(responses[status].content, false);
    if (shape === linkTo('Problem')) return common.includes(status) ? [] : [status];
    return [`${status} ${shape}`];
  });
  if (errors.length > 0) facts.push(`- Errors: ${errors.join(', ')}`);
  return [...parts, facts.join('\n')].join('\n\n');
}

function parametersOf(parameters) {
  const rows = parameters.map(({ name, in: place, required, schema }) => {
    const must = place === 'query' && required ? ', required' : '';
    return `| \`${name}\` | ${place}${must} | ${inCell(typeOf(schema))} |`;
  });
  return ['| parameter | in | is |', '|---|---|---|', ...rows].join('\n');
}

function contentOf(content, withMedia = true) {
  const shapes = Object.entries(content).map(([media, { schema }]) =>
    withMedia && media !== 'application/json' ? `${typeOf(schema)} as \`${media}\`` : typeOf(schema),
  );
  return shapes.join(', or ');
}

function shapeOf(name, schema) {
  const { properties, required = [], description, examples = [] } = schema;
  const parts = [`### ${name}`];
  if (description !== undefined) parts.push(`${description}.`);
  if (properties === undefined) return [...parts, typeOf(schema)].join('\n\n');
  const rows = Object.entries(properties).map(([member, each]) => {
    const must = required.includes(member) ? 'required' : '';
    const means = each.description === undefined ? '' : `. ${each.description}`;
    return `| \`${member}\` | ${must} | ${inCell(typeOf(each) + means)} |`;
  });
  parts.push(['| member | | is |', '|---|---|---|', ...rows].join('\n'));
  const [example] = examples;
  if (example !== undefined) parts.push(`For example \`${JSON.stringify(example)}\`.`);
  return parts.join('\n\n');
}

/** A schema in words. */
function typeOf(schema) {
  if (schema.$ref !== undefined) return linkTo(schema.$ref.split('/').at(-1));
  const choices = schema.oneOf ?? schema.anyOf;
  if (choices !== undefined) return withFallback(choices.map(typeOf).join(' or '), schema);
  if (schema.allOf !== undefined) return withFallback(schema.allOf.map(typeOf).join(' and '), schema);
  const values = schema.enum ?? (schema.const === undefined ? undefined : [schema.const]);
  if (values !== undefined) return withFallback(valuesOf(values), schema);
  const types = [schema.type ?? 'anything'].flat();
  const words = types.map((type) => wordOf(type, schema)).join(' or ');
  return withFallback(words, schema);
}

function valuesOf(values) {
  const texts = values.map((value) => `\`${JSON.stringify(value)}\``);
  return texts.length > 2 ? `one of ${texts.join(', ')}` : texts.join(' or ');
}

function wordOf(type, schema) {
  if (type === 'array') return schema.items === undefined ? 'list' : `list of ${itemOf(schema.items)}`;
  if (type === 'object' && schema.properties !== undefined) return membersOf(schema);
  if (type === 'string') return [schema.format ?? 'string', ...limitsOf(schema)].join(', ');
  if (type === 'integer' || type === 'number') return [type, ...rangeOf(schema)].join(' ');
  return type;
}

function itemOf(items) {
  const text = typeOf(items);
  return text.includes(' or ') ? `(${text})` : text;
}

function membersOf({ properties, required = [] }) {
  const members = Object.entries(properties).map(
    ([name, schema]) => `\`${name}\`${required.includes(name) ? '' : '?'}: ${typeOf(schema)}`,
  );
  return `{ ${members.join(', ')} }`;
}

function limitsOf({ pattern, minLength, maxLength, format: named }) {
  // A format says more than the expression behind it.
  if (pattern !== undefined && named === undefined) return [`\`${pattern}\``];
  if (maxLength !== undefined) return [`${minLength ?? 0} to ${maxLength} characters`];
  return minLength === undefined ? [] : [`at least ${minLength} characters`];
}

function rangeOf({ minimum, maximum }) {
  const bounded = maximum !== undefined && maximum < 2 ** 31 - 1;
  if (minimum === undefined) return bounded ? [`up to ${maximum}`] : [];
  return [bounded ? `from ${minimum} to ${maximum}` : `from ${minimum}`];
}

function withFallback(text, schema) {
  return schema.default === undefined ? text : `${text}; left out: \`${JSON.stringify(schema.default)}\``;
}

function linkTo(name) {
  return `[${name}](#${name.toLowerCase()})`;
}

function inCell(text) {
  return text.replaceAll('|', '\\|');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { createRoutes } = await import(join(root, 'dist', 'api', 'app.js'));
  const { describeInterface } = await import(join(root, 'dist', 'api', 'openapi.js'));
  // No route is asked, so nothing of what they are handed is needed.
  const text = httpReferenceOf(describeInterface(createRoutes({})));
  const file = join(root, 'docs', 'http.md');
  writeFileSync(file, await format(text, { ...(await resolveConfig(file)), parser: 'markdown' }));
}
