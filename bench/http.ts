/** The client of both sides: node's own HTTP over one kept connection, so that it costs as little as possible. */
import { Agent, request } from 'node:http';
import { text } from 'node:stream/consumers';

export interface Http {
  /** Rejects unless the answer has the status expected. */
  send(method: 'GET' | 'POST', url: string, body: object | null, expected: number): Promise<unknown>;
  close(): void;
}

export function createHttp(): Http {
  const agent = new Agent({ keepAlive: true });
  return {
    send: async (method, url, body, expected) => {
      const { status, answer } = await exchange(agent, method, url, body);
      if (status !== expected)
        throw new Error(`${method} ${url}: expected ${expected}, got ${status}: ${answer.slice(0, 1000)}`);
      const parsed: unknown = JSON.parse(answer);
      return parsed;
    },
    close: () => agent.destroy(),
  };
}

function exchange(
  agent: Agent,
  method: string,
  url: string,
  body: object | null,
): Promise<{ status: number; answer: string }> {
  return new Promise((resolve, reject) => {
    const content = body === null ? '' : JSON.stringify(body);
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(content) };
    const asked = request(url, { agent, method, headers, timeout: 30_000 }, (response) => {
      text(response).then((answer) => resolve({ status: response.statusCode ?? 0, answer }), reject);
    });
    asked.once('timeout', () => asked.destroy(new Error(`${method} ${url} was not answered in 30 s`)));
    asked.once('error', reject);
    asked.end(content);
  });
}
