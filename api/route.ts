/**
 * One route: its method and path, the schemas of what it takes and answers, and what it does, in one place, so that
 * the document of the interface is made from what validates.
 */
import { z } from 'zod';
import { parseJson } from './limits.ts';
import { invalid } from './problem.ts';
import { check } from './validation.ts';

/** What came with a request, before any of it was validated. */
export interface Asked {
  params: unknown;
  query: unknown;
  /** The body as it was sent; empty without one. */
  text: string;
  contentType: string;
}

export type Reply =
  | { kind: 'json'; body: unknown }
  | { kind: 'lines'; type: string; lines: AsyncIterable<string> }
  | { kind: 'content'; content: Content };

/** An answer that is no JSON of a contract: a page, or one of its files. */
export interface Content {
  type: string;
  body: string | Buffer;
  /** In place of the policy of answers that are data. */
  securityPolicy?: string;
}

/** Where a route takes nothing, or reads the text of the body itself. */
export const none = z.unknown();

interface Shape<Params extends z.ZodType, Query extends z.ZodType, Body extends z.ZodType> {
  method: 'get' | 'post';
  /** As in OpenAPI: `/v1/sagas/{trace_id}/cancel`. */
  path: string;
  summary: string;
  /** What clients that are made from the document call it. */
  operation: string;
  /** Of the answer when all goes well. */
  status: number;
  /** Statuses that are answered beside {@link status} and those of every route, with their own schema. */
  refuses?: Readonly<Record<number, z.ZodType>>;
  /** Of a body that the route reads by itself. */
  media?: Readonly<Record<string, { schema: z.ZodType; example: unknown }>>;
  params: Params;
  query: Query;
  body: Body;
}

export interface Route extends Shape<z.ZodType, z.ZodType, z.ZodType> {
  /** What the answer is, and in which media type; for lines the schema of one of them. */
  answer: { type: string; schema: z.ZodType };
  /** Rejects with a `Refusal` to answer with an error. */
  handle(asked: Asked): Promise<Reply>;
}

interface Taken<Params extends z.ZodType, Query extends z.ZodType, Body extends z.ZodType> {
  params: z.output<Params>;
  query: z.output<Query>;
  body: z.output<Body>;
  asked: Asked;
}

/** A route that answers JSON of the shape `answer`. */
export function jsonRoute<
  Params extends z.ZodType,
  Query extends z.ZodType,
  Body extends z.ZodType,
  Answer extends z.ZodType,
>(
  spec: Shape<Params, Query, Body> & {
    answer: Answer;
    run(taken: Taken<Params, Query, Body>): Promise<z.output<Answer>>;
  },
): Route {
  return {
    ...spec,
    answer: { type: 'application/json', schema: spec.answer },
    handle: async (asked) => ({ kind: 'json', body: await spec.run(take(spec, asked)) }),
  };
}

/** A route that answers line by line. The first is awaited before the answer begins, so that it may still fail. */
export function lineRoute<Params extends z.ZodType, Query extends z.ZodType, Body extends z.ZodType>(
  spec: Shape<Params, Query, Body> & {
    type: string;
    line: z.ZodType;
    run(taken: Taken<Params, Query, Body>): AsyncIterable<string>;
  },
): Route {
  return {
    ...spec,
    answer: { type: spec.type, schema: spec.line },
    handle: async (asked) => ({
      kind: 'lines',
      type: spec.type,
      lines: await begun(spec.run(take(spec, asked))),
    }),
  };
}

/** A route that answers a page, or a file of one. */
export function contentRoute<Params extends z.ZodType>(
  spec: Pick<Route, 'path' | 'summary' | 'operation' | 'refuses'> & {
    params: Params;
    type: string;
    run(params: z.output<Params>): Promise<Content>;
  },
): Route {
  const shape = { ...spec, method: 'get', status: 200, query: none, body: none } as const;
  return {
    ...shape,
    answer: { type: spec.type, schema: z.string() },
    handle: async (asked) => ({ kind: 'content', content: await spec.run(take(shape, asked).params) }),
  };
}

function take<Params extends z.ZodType, Query extends z.ZodType, Body extends z.ZodType>(
  spec: Shape<Params, Query, Body>,
  asked: Asked,
): Taken<Params, Query, Body> {
  const params = check(spec.params, asked.params, 'path');
  const query = check(spec.query, asked.query, 'query');
  const schema: z.ZodType = spec.body;
  // An absent body, and null, are one in which every member is absent.
  const body = check(spec.body, schema === none ? null : (parseJson(asked.text) ?? {}), 'body');
  if (params.ok && query.ok && body.ok) {
    return { params: params.value, query: query.value, body: body.value, asked };
  }
  throw invalid([params, query, body].flatMap((each) => (each.ok ? [] : each.problems)));
}

async function begun(lines: AsyncIterable<string>): Promise<AsyncIterable<string>> {
  const iterator = lines[Symbol.asyncIterator]();
  const first = await iterator.next();
  return rest(first, iterator);
}

async function* rest(first: IteratorResult<string>, iterator: AsyncIterator<string>): AsyncGenerator<string> {
  try {
    for (let next = first; next.done !== true; next = await iterator.next()) yield next.value;
  } finally {
    await iterator.return?.();
  }
}
