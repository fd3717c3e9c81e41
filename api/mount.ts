/**
 * Carries routes to Express and their answers to the client, with what all routes share: methods, a deadline,
 * problems. No error of a route reaches Express.
 */
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Express, Request, Response } from 'express';
import { readText } from './limits.ts';
import { refusal, refusalOf, unavailable, type Log, type Refusal } from './problem.ts';
import type { Reply, Route } from './route.ts';

/** Longer than any transaction may wait for a lock, and short enough for a client that waits for its answer. */
const DEADLINE_MS = 20_000;

/** Puts routes into an app. What a path does not offer is 405 and says what it does. */
export function mount(app: Express, routes: readonly Route[], log: Log): void {
  const paths = new Map<string, Route[]>();
  for (const route of routes) paths.set(route.path, [...(paths.get(route.path) ?? []), route]);
  for (const [path, offered] of paths) {
    const place = app.route(path.replaceAll(/\{(\w+)\}/g, ':$1'));
    for (const route of offered) {
      place[route.method]((request: Request, response: Response) => serve(route, request, response, log));
    }
    const allow = offered.map((route) => (route.method === 'get' ? 'GET, HEAD' : 'POST')).join(', ');
    place.all((request: Request, response: Response) => {
      const said = `expected ${allow}, got ${request.method}`;
      sendRefusal(response, refusal(405, said, {}, { allow }));
    });
  }
}

async function serve(route: Route, request: Request, response: Response, log: Log): Promise<void> {
  const about = { method: request.method, path: route.path };
  try {
    const text = route.method === 'post' ? await readText(request) : '';
    const contentType = request.headers['content-type'] ?? '';
    const asked = { params: request.params, query: request.query, text, contentType };
    await send(response, route.status, await withDeadline(route.handle(asked)));
  } catch (error) {
    if (response.headersSent) {
      // The client sees that the answer was cut off, instead of taking a part for the whole.
      response.destroy();
      if (!hasLeft(error)) log.error({ ...about, err: error }, 'the answer was cut off');
      return;
    }
    sendRefusal(response, refusalOf(error, log, about));
  }
}

/** The client closed the connection before the answer was whole. */
function hasLeft(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_STREAM_PREMATURE_CLOSE';
}

async function withDeadline(work: Promise<Reply>): Promise<Reply> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      const said = `no answer from the store within ${DEADLINE_MS / 1000} s; whether it happened is not known`;
      reject(unavailable(`${said}: read the saga, then ask again`));
    }, DEADLINE_MS);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

async function send(response: Response, status: number, reply: Reply): Promise<void> {
  response.status(status);
  if (reply.kind === 'json') {
    response.type('application/json').send(JSON.stringify(reply.body));
    return;
  }
  if (reply.kind === 'content') {
    const { type, body, securityPolicy } = reply.content;
    if (securityPolicy !== undefined) response.setHeader('content-security-policy', securityPolicy);
    response.type(type).send(body);
    return;
  }
  response.setHeader('content-type', reply.type);
  await pipeline(Readable.from(reply.lines), response);
}

/** Answers with a problem. */
export function sendRefusal(response: Response, { body, headers }: Refusal): void {
  response.status(body.status).set(headers).type('application/problem+json').send(JSON.stringify(body));
}
