/** The ledger of one saga as auditors read it, for tests. */
import type { SealedEntry } from '../../ledger/entry.ts';
import { isJsonObject } from '../../domain/json.ts';
import type { Stack } from '../support/stack.ts';

/** All entries of a saga in order. */
export async function entriesOf({ http }: Pick<Stack, 'http'>, traceId: string): Promise<SealedEntry[]> {
  const text = await (await http.exportLedger({ trace_id: traceId })).text();
  return text.split('\n').flatMap((line) => {
    if (line === '') return [];
    const entry: SealedEntry = JSON.parse(line);
    return [entry];
  });
}

/** The entries of decisions, whoever took them. */
export async function decisionsOf(stack: Pick<Stack, 'http'>, traceId: string): Promise<SealedEntry[]> {
  return (await entriesOf(stack, traceId)).filter((entry) => entry.type.startsWith('decision.'));
}

/** Why something was refused, in order. */
export async function refusalsOf(stack: Pick<Stack, 'http'>, traceId: string): Promise<string[]> {
  return (await entriesOf(stack, traceId))
    .filter((entry) => entry.type === 'refusal')
    .map((entry) => String(isJsonObject(entry.data) ? entry.data['message'] : entry.data));
}
