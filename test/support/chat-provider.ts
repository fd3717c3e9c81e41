/**
 * A model provider at the edge of HTTP that speaks OpenAI's chat completions, streamed. What it says follows from
 * what it is asked, never from how often, so that a turn asked again is answered as before. It keeps its own
 * record of every request that arrived.
 */
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { local, type Said } from '../agent/protocols.ts';

const body = z.object({ messages: z.array(z.object({ role: z.string(), content: z.unknown() })) });

export interface Asked {
  /** Of the prompt of think.md. */
  subject: string;
  /** From 1: the turns that the conversation has already, and this one. */
  turn: number;
}

export type ChatProvider = Awaited<ReturnType<typeof startChatProvider>>;

/** Starts on a free port of the loopback address; `say` answers a request, null cuts its connection. */
export async function startChatProvider(say: (asked: Asked) => Promise<Said | null>) {
  const asked: Asked[] = [];
  let open = 0;
  const server = createServer((request, response) => {
    // The worker process that asked may be killed at any moment.
    response.on('error', () => undefined);
    open += 1;
    void answer(request, response).finally(() => {
      open -= 1;
    });
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const read = readAsked(await textOf(request));
    asked.push(read);
    const said = await say(read);
    if (said === null) return void response.destroy();
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    await new Promise<void>((resolve) =>
      response.end(local.turn(said).join(''), resolve).on('close', resolve),
    );
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('expected the server to have a port');
  return {
    url: `http://127.0.0.1:${address.port}/v1`,
    /** Every request that arrived, in order. */
    asked,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      while (open > 0) await delay(10);
    },
  };
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

function readAsked(text: string): Asked {
  const { messages } = body.parse(JSON.parse(text));
  const prompt = messages.find(({ role }) => role === 'user')?.content;
  const subject = /Think about (\S+)\./.exec(JSON.stringify(prompt ?? ''))?.[1];
  if (subject === undefined)
    throw new Error(`expected the prompt of think.md, got ${JSON.stringify(prompt)}`);
  return { subject, turn: messages.filter(({ role }) => role === 'assistant').length + 1 };
}
