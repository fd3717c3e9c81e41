/** The whole ledger, exported and verified; each decision that was promised is in it exactly once. */
import { readExportLine } from '../../ledger/export-line.ts';
import { createVerifier } from '../../ledger/verify.ts';
import type { Cluster } from '../support/cluster.ts';
import { insist, type Person } from './person.ts';

export async function judgeLedger({ http }: Cluster, { journal, plans }: Person): Promise<string[]> {
  const text = await insist(async () => (await http.exportLedger()).text());
  const verifier = createVerifier();
  const decided = new Map<string, number>();
  for (const line of text.split('\n')) {
    verifier.feed(line);
    const read = readExportLine(line);
    if (read.kind !== 'entry' || !read.entry.type.startsWith('decision.')) continue;
    const trace = read.entry.trace_id ?? '';
    decided.set(trace, (decided.get(trace) ?? 0) + 1);
  }
  const { problem } = verifier.finish();
  const chain = problem === null ? [] : [`the ledger does not verify: ${JSON.stringify(problem)}`];
  const counts = [...plans.keys()].flatMap((trace) => {
    const [promised, written] = [journal.accepted.get(trace) ?? 0, decided.get(trace) ?? 0];
    return promised === written
      ? []
      : `saga ${trace}: ${promised} decisions were accepted, the ledger has ${written}`;
  });
  return [...chain, ...counts];
}
