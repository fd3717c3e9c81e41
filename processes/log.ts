/** The log of a process: one JSON line an event on standard output; no payload and no secret is ever logged. */
import { pino, type Logger } from 'pino';
import type { LogLevel } from '../settings.ts';

export function createLog(name: string, level: LogLevel): Logger {
  return pino({ level, base: { process: name }, timestamp: pino.stdTimeFunctions.isoTime });
}
