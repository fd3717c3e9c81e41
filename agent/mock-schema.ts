/** A mock model without a script: it calls each allowed tool once, then submits what the schemas ask for. */
import type { Json, JsonObject } from '../domain/json.ts';
import { ExpressionError } from '../expression/error.ts';
import { compileSchema } from '../expression/schema.ts';
import { members } from '../expression/schema-shape.ts';
import { clip } from './clip.ts';
import { inventText, inventValue } from './mock-values.ts';
import type { Fill } from './mock-values.ts';
import type { Said } from './mock.ts';
import type { ModelRequest } from './model.ts';
import { READ_RESOURCE } from './resources.ts';
import { SUBMIT } from './submit.ts';
import type { AgentTask } from './task.ts';

export interface SchemaInput {
  step: AgentTask;
  /** The step's arguments, without what only the prompt sees. */
  bound: JsonObject;
  guidance: string | null;
  wantedKeys: readonly string[];
}

/** A quotation shows that input flowed through; all of it would drown the rest. */
const QUOTE_LIMIT = 200;

/** This turn: a structured completion as text; else the calls of the tools, and after them the submit. */
export function schemaTurn(input: SchemaInput, request: ModelRequest): Said {
  const quote = quotation(input);
  if (request.outputSchema !== null) return { text: JSON.stringify(output(input, quote)), calls: [] };
  const tools = request.tools.filter(({ name }) => name !== SUBMIT && name !== READ_RESOURCE);
  if (request.turn > 0 || tools.length === 0) {
    return { text: '', calls: [{ tool: SUBMIT, arguments: output(input, quote) }] };
  }
  const calls = tools.map(({ name, inputSchema }) => ({
    tool: name,
    arguments: toolArguments(inputSchema, input.bound, quote),
  }));
  return { text: '', calls };
}

function toolArguments(schema: JsonObject, bound: JsonObject, quote: string): Json {
  const known = Object.fromEntries(
    Object.keys(members(schema)).flatMap((name) => {
      const value = Object.hasOwn(bound, name) ? (bound[name] ?? null) : null;
      return value === null ? [] : [[name, value]];
    }),
  );
  const make = (fill: Fill): Json => {
    const made = inventValue(schema, { quote, fill });
    return typeof made === 'object' && made !== null && !Array.isArray(made) ? { ...made, ...known } : known;
  };
  return firstValid(schema, [make('required'), make('all')]);
}

function output({ step, wantedKeys }: SchemaInput, quote: string): Json {
  const schema = step.output_schema;
  if (schema === null) {
    const keys = [...new Set(['summary', ...wantedKeys])];
    return Object.fromEntries(keys.map((key) => [key, inventText(key, quote)]));
  }
  return firstValid(schema, [
    inventValue(schema, { quote, fill: 'all' }),
    inventValue(schema, { quote, fill: 'required' }),
  ]);
}

/** The first value that the schema takes; the first of all when it takes none, so that its problems are seen. */
function firstValid(schema: JsonObject, values: [Json, Json]): Json {
  try {
    const check = compileSchema(schema);
    return values.find((value) => check(value).length === 0) ?? values[0];
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    return values[0];
  }
}

function quotation({ bound, guidance }: SchemaInput): string {
  const [first] = Object.values(bound);
  const shown = typeof first === 'string' ? first : first === undefined ? '' : JSON.stringify(first);
  const asked = guidance === null ? '' : ` (asked: ${clip(guidance, QUOTE_LIMIT)})`;
  return `${clip(shown, QUOTE_LIMIT)}${asked}`;
}
