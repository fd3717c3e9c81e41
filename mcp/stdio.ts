/**
 * The process of a tool server, and the lines of JSON between it and us (MCP over standard input and output).
 *
 * States: new → running → ending → gone. It ends when it exits by itself, or by `close()`: its input is closed,
 * then it is terminated, then killed. Invariants: 1. `onclose` is called once, when the process is gone, however
 * it ended. 2. It leads a process group, and what is left of the group ends with it; so a Ctrl-C in a terminal
 * does not reach it in the middle of a call. 3. `send` rejects with `NotSent` only when no byte of the message
 * was handed to the process.
 */
import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { getDefaultEnvironment } from '@modelcontextprotocol/sdk/client/stdio.js';
import { serializeMessage } from '@modelcontextprotocol/sdk/shared/stdio.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import type { JSONRPCMessage } from '@modelcontextprotocol/sdk/types.js';
import { drainLines } from './drain.ts';
import { createLines } from './lines.ts';
import { readMessages } from './messages.ts';
import { createMask } from './secrets.ts';
import type { Launch } from './source.ts';
import type { ServerTransport } from './transport.ts';
import { MESSAGE_LIMIT_BYTES, messageOf, NotSent } from './transport.ts';

/** How long a process may take to end after each of the three ways of asking. */
const GRACE_MS = 2_000;
/** How long the output of a process that exited is still read; a program that left its group may hold it open. */
const DRAIN_MS = 500;

/** A transport of the MCP client over one process; `onStderr` gets what the process prints, line by line. */
export function createStdioTransport(launch: Launch, onStderr: (line: string) => void): ServerTransport {
  let child: ChildProcessWithoutNullStreams | null = null;
  let ended: Promise<void> | null = null;
  let onGone = (): void => undefined;
  const gone = new Promise<void>((resolve) => {
    onGone = resolve;
  });

  async function start(): Promise<void> {
    const started = launchProcess(launch, () => {
      child = null;
      onGone();
      transport.onclose?.();
    });
    child = started;
    // Attached before anything is awaited: nothing that the process prints or fails at is missed.
    drainLines(started.stderr, onStderr, createMask(launch.secrets));
    hear(started.stdout, transport);
    // It closed its input and will never read a request again.
    started.stdin.on('error', () => void close());
    await new Promise<void>((resolve, reject) => {
      started.once('spawn', resolve);
      started.once('error', reject);
    });
  }

  async function send(message: JSONRPCMessage): Promise<void> {
    const text = serialized(message);
    const running = child;
    if (running === null || !isOpen() || !running.stdin.writable) {
      throw new NotSent('its process has ended or is ending');
    }
    await new Promise<void>((resolve, reject) => {
      running.stdin.write(text, (error) => (error ? reject(error) : resolve()));
    });
  }

  async function close(): Promise<void> {
    await (ended ??= child === null ? Promise.resolve() : endProcess(child, gone));
  }

  const isOpen = (): boolean => child !== null && ended === null;
  const transport: ServerTransport = {
    start,
    send,
    close,
    isOpen,
    // A pipe is heard to its end, and a process does not forget.
    isDoubtful: () => false,
    hearsChanges: () => true,
  };
  return transport;
}

function hear(stdout: Readable, transport: Transport): void {
  const linesOf = createLines(MESSAGE_LIMIT_BYTES);
  stdout.on('error', () => void transport.close());
  stdout.on('data', (chunk: Buffer) => {
    let lines: string[];
    try {
      lines = linesOf(chunk);
    } catch {
      stdout.destroy();
      void transport.close();
      return;
    }
    for (const line of lines) for (const message of readMessages(line)) transport.onmessage?.(message);
  });
}

/** Starts the program; `onGone` is called once, when it is gone or could not be started. */
function launchProcess(launch: Launch, onGone: () => void): ChildProcessWithoutNullStreams {
  let started: ChildProcessWithoutNullStreams;
  try {
    started = spawn(launch.command, launch.args, {
      cwd: launch.cwd ?? undefined,
      env: { ...getDefaultEnvironment(), ...launch.env },
      stdio: 'pipe',
      detached: true,
    });
  } catch (error) {
    onGone();
    throw error;
  }
  started.once('exit', () => {
    signalGroup(started, 'SIGKILL');
    const timer = setTimeout(() => {
      started.stdout.destroy();
      started.stderr.destroy();
    }, DRAIN_MS);
    started.once('close', () => clearTimeout(timer));
  });
  started.once('close', onGone);
  // Without a listener an error of a later signal would end this process.
  started.on('error', () => undefined);
  return started;
}

function serialized(message: JSONRPCMessage): string {
  try {
    return serializeMessage(message);
  } catch (error) {
    throw new NotSent(`it cannot be written as JSON: ${messageOf(error)}`);
  }
}

async function endProcess(child: ChildProcessWithoutNullStreams, gone: Promise<void>): Promise<void> {
  child.stdin.end();
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    if (await endsInTime(gone)) return;
    signalGroup(child, signal);
  }
  await endsInTime(gone);
}

async function endsInTime(gone: Promise<void>): Promise<boolean> {
  const stop = new AbortController();
  const late = delay(GRACE_MS, false, { signal: stop.signal }).catch(() => false);
  const inTime = await Promise.race([gone.then(() => true), late]);
  stop.abort();
  return inTime;
}

/** The process and what it started. */
function signalGroup(child: ChildProcessWithoutNullStreams, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // Nothing is left of the group.
  }
}
