/** How the connection to a tool source is opened: what is started or connected to, and with which secrets. */
import type { ToolSource } from '../domain/definition.ts';
import { createHttpTransport } from './http.ts';
import type { SourceRules } from './source.ts';
import { launchOf } from './source.ts';
import { createSseTransport } from './sse.ts';
import { createStdioTransport } from './stdio.ts';
import { targetOf } from './target.ts';
import type { ServerTransport, TransportHooks } from './transport.ts';

export interface Opening {
  /** What is at the other end. */
  kind: 'process' | 'address';
  /** Values that belong into no log and no message. */
  secrets: readonly string[];
  transport(hooks: TransportHooks): ServerTransport;
}

/** Resolves variables and checks what the source names; nothing is started. Throws `SourceRefused`. */
export function openingOf(source: ToolSource, rules: SourceRules): Opening {
  if (source.transport === 'stdio') {
    const launch = launchOf(source, rules);
    return {
      kind: 'process',
      secrets: launch.secrets,
      transport: ({ onStderr }) => createStdioTransport(launch, onStderr),
    };
  }
  const target = targetOf(source, rules);
  const create = source.transport === 'http' ? createHttpTransport : createSseTransport;
  return { kind: 'address', secrets: target.secrets, transport: (hooks) => create(target, hooks) };
}
