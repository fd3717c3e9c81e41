/**
 * The idempotency key of one call among several of an undo: made of what is called, so that the same call has the
 * same key in every attempt, and a tool that honours keys never does it twice.
 */
import type { Json } from '../domain/json.ts';
import { readTranscript, type Call, type ToolEntry } from '../agent/transcript.ts';
import { digest } from '../ledger/canonical.ts';

const HASH_LENGTH = 16;

/**
 * `<hash of tool and arguments>:<n>`: `n` from 1, one more for each such call that succeeded before it in its loop. One
 * that failed or was lost is the same call when it is made again.
 * @param transcript with the turn that the call belongs to
 */
export function callKey(transcript: readonly Json[], callId: string): string {
  const calls = readTranscript(transcript).flatMap(({ calls: made, results }) =>
    made.map((call) => ({ call, result: results.get(call.id) })),
  );
  const at = calls.findIndex(({ call }) => call.id === callId);
  const own = calls[at];
  if (own === undefined) throw new Error(`expected the call ${callId} in the transcript, found none`);
  const hash = hashOf(own.call);
  const before = calls
    .slice(0, at)
    .filter(({ call, result }) => succeeded(result) && hashOf(call) === hash).length;
  return `${hash}:${before + 1}`;
}

function succeeded(result: ToolEntry | undefined): boolean {
  return result !== undefined && result.answered && !result.is_error;
}

function hashOf({ tool, arguments: args }: Call): string {
  return digest([tool, args]).slice(0, HASH_LENGTH);
}
