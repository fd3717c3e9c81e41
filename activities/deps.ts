/** What the activities are given by the process entry that makes them. */
import type { Models } from '../agent/model.ts';
import type { ToolServers } from '../mcp/servers.ts';
import type { SignalTrust } from '../store/trust.ts';
import type { Store } from '../store/store.ts';

/** Where a test ends the process in the middle of an activity. */
export type ActivityCrashPoint =
  | 'review-opened-not-reported'
  | 'calling-not-called'
  | 'effect-not-recorded'
  | 'recorded-not-reported'
  | 'undo-not-recorded';

export interface ActivityDeps {
  store: Store;
  trust: SignalTrust;
  tools: ToolServers;
  llmRetry: { enabled: boolean; maxAttempts: number; baseDelayMs: number; maxDelayMs: number };
  models: Models;
  /** Total tokens of a step whose definition has no limit; null: none. */
  maxStepTokens: number | null;
  /** Characters of a tool's text that a model is shown; 0: all. */
  toolMessageLimit: number;
  undoRetry: { baseDelayMs: number; maxDelayMs: number };
  /** Ends this process with SIGKILL where a test asked for it. */
  crash(point: ActivityCrashPoint): void;
  log: { warn(fields: object, message: string): void };
}
