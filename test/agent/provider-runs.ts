/** A run of a reason step on a provider that speaks its real protocol over HTTP. */
import { createModels } from '../../agent/providers.ts';
import type { AgentRun } from '../../agent/run.ts';
import type { Protocol, Said } from './protocols.ts';
import type { ProviderServer } from './provider-server.ts';
import { allowance, echo, echoTool, mockWorker, reasonStep, recordedRun } from './runs.ts';
import type { Recorded } from './runs.ts';

/** The step may call `read`, which answers with what it got. */
export function providerRun(
  protocol: Protocol,
  server: ProviderServer,
  more: Partial<AgentRun> = {},
): Recorded {
  return recordedRun(null, {
    step: reasonStep({ tools: [allowance('read')] }),
    tools: [echoTool('read', { type: 'object', properties: { n: { type: 'integer' } } })],
    call: echo,
    worker: mockWorker(null, {
      provider: protocol.provider,
      model_name: protocol.provider === 'anthropic' ? 'claude-sonnet-4-5' : 'gpt-4.1',
      temperature: 0.3,
    }),
    models: createModels(protocol.settings(server.url)),
    ...more,
  });
}

export const called = (tool: string, args: string): Said => ({ calls: [{ tool, arguments: args }] });
export const submitted = (output: unknown): Said => called('_submit', JSON.stringify(output));
