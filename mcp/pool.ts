/**
 * The pool of connections: one for each distinct tool source. Callers that ask at the same time share one
 * attempt; an attempt that failed or a connection that broke is forgotten, so that the next caller starts anew.
 */
import type { ToolSource } from '../domain/definition.ts';
import type { Connection, Started } from './connection.ts';
import { connect } from './connection.ts';
import { openingOf } from './opening.ts';
import type { SourceRules } from './source.ts';
import { sourceKey } from './source.ts';

const CONNECT_TIMEOUT_MS = 10_000;

export interface Pool {
  /** An open connection. Rejects with the reason why the source cannot be reached. */
  connection(source: ToolSource): Promise<Connection>;
  close(): Promise<void>;
}

export interface PoolOptions extends SourceRules {
  log(message: string, fields?: object): void;
  connectTimeoutMs?: number;
}

export function createPool(options: PoolOptions): Pool {
  const current = new Map<string, Started>();
  // Also those that are no longer current but still end their calls.
  const alive = new Set<Started>();
  let closing = false;

  async function connection(source: ToolSource): Promise<Connection> {
    if (closing) throw new Error('the worker process is stopping');
    const key = sourceKey(source);
    const pooled = current.get(key);
    if (pooled === undefined) return await start(source, key).connection;
    const open = await pooled.connection;
    if (await open.isUsable()) return open;
    if (current.get(key) === pooled) current.delete(key);
    return await connection(source);
  }

  function start(source: ToolSource, key: string): Started {
    const forget = (): void => {
      if (current.get(key) === started) current.delete(key);
    };
    const started = connect(openingOf(source, options), {
      timeoutMs: options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
      onStderr: (line) => options.log('tool server says', { source: source.name, line }),
      onEnded: () => {
        if (!closing) options.log('tool server went away', { source: source.name });
        alive.delete(started);
        forget();
      },
    });
    current.set(key, started);
    alive.add(started);
    started.connection.catch(forget);
    return started;
  }

  async function close(): Promise<void> {
    closing = true;
    await Promise.all([...alive].map((started) => started.close()));
  }

  return { connection, close };
}
