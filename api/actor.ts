/** Who did it. Without authentication everyone may do everything, and is who they say. */
import type { Actor } from '../ledger/entry.ts';

/** The person that a body names as `decided_by`; nobody named: `local`. */
export function personOf(decidedBy: string | null): Actor {
  const named = decidedBy?.trim() ?? '';
  return { subject: named === '' ? 'local' : named, kind: 'person' };
}
