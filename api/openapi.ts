/** The OpenAPI 3.1 document of the interface, made from the routes and the schemas that validate. */
import {
  OpenAPIRegistry,
  OpenApiGeneratorV31,
  type ResponseConfig,
  type RouteConfig,
} from '@asteasolutions/zod-to-openapi';
import type { z } from 'zod';
import { plainProblem, validationFailure } from './contract-problem.ts';
import { linksOf } from './openapi-links.ts';
import { none, type Route } from './route.ts';

const DESCRIPTION = `Durable, human-approved work for AI agents.

Errors are \`application/problem+json\` (RFC 9457); \`detail\` has one problem per line, and of a 422 it is the list.
A request that is no HTTP is answered 400, one that takes longer than a minute 408, headers over 16 KiB 431; an
unknown path 404, and a method that a path does not offer 405, before any operation is looked at.`;

const SAID: Record<number, string> = {
  200: 'As asked',
  202: 'Accepted: it is recorded, and takes effect also when the worker process is away now',
  400: 'Malformed: an address or a body that cannot be read, or nested too deep',
  403: 'Not from the loopback address, or from a page of another origin',
  404: 'There is no such thing in the namespace',
  409: 'It cannot be done as things stand; the message says why',
  413: 'A body over 2 MiB',
  415: 'A body with a content encoding',
  422: 'Values that are not valid, each with its place',
  500: 'A fault of the server; its log has it under the id',
  503: 'The store, or what else is needed, is not available now: ask again',
};

/** What may be answered on any route, before or behind what it does. */
const EVERYWHERE = [400, 403, 500, 503];

type Document = ReturnType<OpenApiGeneratorV31['generateDocument']>;

export function describeInterface(routes: readonly Route[]): Document {
  const registry = new OpenAPIRegistry();
  for (const route of routes) registry.registerPath(describeRoute(route));
  return new OpenApiGeneratorV31(registry.definitions).generateDocument({
    openapi: '3.1.0',
    info: { title: 'Warden', version: '1', description: DESCRIPTION },
    servers: [{ url: '/' }],
  });
}

function describeRoute(route: Route): RouteConfig {
  const { method, path, summary, operation, params, query } = route;
  const body = bodyOf(route);
  return {
    method,
    path,
    summary,
    operationId: operation,
    tags: [tagOf(path)],
    request: {
      ...(isObject(params) ? { params } : {}),
      ...(isObject(query) ? { query } : {}),
      ...(body === null ? {} : { body }),
    },
    responses: responsesOf(route),
  };
}

type ParameterSchema = NonNullable<NonNullable<RouteConfig['request']>['params']>;

/** Parameters are an object's members; `none` has none. */
function isObject(schema: z.ZodType): schema is z.ZodType & ParameterSchema {
  return schema !== none;
}

function bodyOf({ body, media }: Route): NonNullable<RouteConfig['request']>['body'] | null {
  if (media !== undefined) return { required: true, content: { ...media } };
  if (body === none) return null;
  // One in which every member may be left out may be left out itself.
  const required = !body.safeParse({}).success;
  const schema = required ? body : body.nullable();
  return { required, content: { 'application/json': { schema } } };
}

function responsesOf(route: Route): Record<number, ResponseConfig> {
  const { method, params, query, body, status, answer, operation, refuses = {} } = route;
  const checks = [params, query, body].some((schema) => schema !== none);
  const statuses = [
    ...EVERYWHERE,
    ...(method === 'post' ? [413, 415] : []),
    ...(checks ? [422] : []),
    ...Object.keys(refuses).map(Number),
  ];
  const links = linksOf(operation);
  const good: ResponseConfig = {
    description: SAID[status] ?? 'As asked',
    content: { [answer.type]: { schema: answer.schema } },
    ...(links === null ? {} : { links }),
  };
  const bad = [...new Set(statuses)]
    .sort((a, b) => a - b)
    .map((each): [number, ResponseConfig] => {
      const schema = refuses[each] ?? (each === 422 ? validationFailure : plainProblem);
      return [
        each,
        { description: SAID[each] ?? 'Refused', content: { 'application/problem+json': { schema } } },
      ];
    });
  return { [status]: good, ...Object.fromEntries(bad) };
}

function tagOf(path: string): string {
  if (path.startsWith('/v1/reviews/')) return 'reviews';
  if (/\/(decision|approve|reject|retry|pending-review)$/.test(path)) return 'reviews';
  if (path.startsWith('/v1/sagas')) return 'sagas';
  if (/^\/v1\/(definitions|manifests)/.test(path)) return 'definitions';
  return path.startsWith('/v1/ledger') ? 'ledger' : 'server';
}
