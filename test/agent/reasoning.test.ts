import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { runReact } from '../../agent/react.ts';
import { anthropic, local } from './protocols.ts';
import type { ProviderServer } from './provider-server.ts';
import { startProvider } from './provider-server.ts';
import { called, providerRun, submitted } from './provider-runs.ts';

const event = (value: object): string => `data: ${JSON.stringify(value)}\n\n`;

describe('the reasoning of a model', () => {
  let server: ProviderServer;
  before(async () => {
    server = await startProvider();
  });
  after(() => server.close());

  it('of anthropic is recorded with its signature, and given back with the next turn, also after a crash', async () => {
    const [start = '', ping = '', ...rest] = anthropic.turn({
      text: 'I look.',
      ...called('read', '{"n": 1}'),
    });
    const block = (index: number, value: object): object => ({ index, ...value });
    const thinking = [
      block(7, { type: 'content_block_start', content_block: { type: 'thinking', thinking: '' } }),
      block(7, { type: 'content_block_delta', delta: { type: 'thinking_delta', thinking: 'Bees first.' } }),
      block(7, { type: 'content_block_delta', delta: { type: 'signature_delta', signature: 'signed' } }),
      block(7, { type: 'content_block_stop' }),
    ].map(event);
    const done = { events: anthropic.turn(submitted({ a: 1 })) };
    server.answers.push({ events: [start, ping, ...thinking, ...rest] }, done);
    const { run, entries } = providerRun(anthropic, server);
    await runReact(run);
    assert.deepEqual(entries[0]?.['reasoning'], [
      { text: 'Bees first.', metadata: { anthropic: { signature: 'signed' } } },
    ]);
    server.answers.push(done);
    await runReact(providerRun(anthropic, server, { transcript: entries.slice(0, 2) }).run);
    for (const request of server.requests.slice(1)) {
      const [, assistant] = request.body.messages;
      assert.deepEqual(assistant.content[0], {
        type: 'thinking',
        thinking: 'Bees first.',
        signature: 'signed',
      });
    }
  });

  it('of a local server is given back, and the mark of a call as well', async () => {
    const first = event({
      id: 'c',
      created: 1,
      model: 'm',
      choices: [
        {
          index: 0,
          delta: {
            role: 'assistant',
            reasoning_content: 'Bees first.',
            tool_calls: [
              {
                index: 0,
                id: 'x',
                function: { name: 'read', arguments: '{"n": 1}' },
                extra_content: { google: { thought_signature: 'mark' } },
              },
            ],
          },
          finish_reason: 'tool_calls',
        },
      ],
    });
    server.requests.length = 0;
    server.answers.push({ events: [first, 'data: [DONE]\n\n'] }, { events: local.turn(submitted({ a: 1 })) });
    await runReact(providerRun(local, server).run);
    const assistant = server.requests[1]?.body.messages[2];
    assert.equal(assistant.reasoning_content, 'Bees first.');
    assert.match(JSON.stringify(assistant.tool_calls), /mark/);
  });
});
