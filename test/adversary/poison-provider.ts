/** A provider whose first answer about a subject is the poison of that number; later turns are right. */
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { local } from '../agent/protocols.ts';
import type { PoisonTurn } from './poison-models.ts';

export const RIGHT = '{"summary":"right"}';

/** Starts on a free port of the loopback address. The worker asks about `poison-<index in the table>`. */
export async function startPoisonProvider(table: readonly PoisonTurn[]) {
  const right = local.turn({ calls: [{ tool: '_submit', arguments: RIGHT }] }).join('');
  const server = createServer((request, response) => {
    response.on('error', () => undefined);
    void textOf(request).then((text) => answer(text, response));
  });

  function answer(text: string, response: ServerResponse): void {
    const poison = table[Number(/poison-(\d+)/.exec(text)?.[1])]?.answer;
    if (poison === undefined || text.includes('"role":"assistant"')) {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).end(right);
    } else if ('status' in poison) {
      response.writeHead(poison.status, { 'content-type': 'application/json' }).end(poison.body);
    } else {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(poison.events.join(''));
      if (poison.end === 'reset') setImmediate(() => response.socket?.resetAndDestroy());
      else response.end();
    }
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('expected the server to have a port');
  return {
    url: `http://127.0.0.1:${address.port}/v1`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}
