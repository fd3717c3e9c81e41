/** A model provider at the edge of HTTP: it keeps the requests that came, and answers them as it was told. */
import { createServer } from 'node:http';
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';

export interface ProviderRequest {
  /** When it had come, in milliseconds of a clock that is never set. */
  at: number;
  path: string;
  headers: IncomingHttpHeaders;
  body: ReturnType<typeof JSON.parse>;
}

export type Answer =
  | { status: number; headers?: Record<string, string>; body: string }
  /** Server-sent events; `end`: how the answer ends after the last of them. */
  | { events: readonly string[]; end?: 'complete' | 'reset' | 'open'; headers?: Record<string, string> };

export interface ProviderServer {
  /** `http://127.0.0.1:<port>/v1` */
  url: string;
  requests: ProviderRequest[];
  /** The answers of the next requests, in order; a request after them is answered with status 418. */
  answers: Answer[];
  close(): Promise<void>;
}

export async function startProvider(): Promise<ProviderServer> {
  const requests: ProviderRequest[] = [];
  const answers: Answer[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = JSON.parse(Buffer.concat(chunks).toString('utf8'));
      requests.push({ at: performance.now(), path: request.url ?? '', headers: request.headers, body });
      send(response, answers.shift() ?? { status: 418, body: 'no answer was prepared' });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('expected the server to have a port');
  return {
    url: `http://127.0.0.1:${address.port}/v1`,
    requests,
    answers,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function send(response: ServerResponse, answer: Answer): void {
  response.on('error', () => undefined);
  if ('status' in answer) {
    response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers });
    response.end(answer.body);
    return;
  }
  response.writeHead(200, { 'content-type': 'text/event-stream', ...answer.headers });
  response.flushHeaders();
  for (const event of answer.events) response.write(event);
  switch (answer.end ?? 'complete') {
    case 'complete':
      response.end();
      break;
    case 'reset':
      // After what was written has left.
      response.write(': \n', () => setImmediate(() => response.socket?.resetAndDestroy()));
      break;
    case 'open':
      break;
  }
}
