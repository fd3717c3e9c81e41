/**
 * Text that a tool server wrote, on its way into a log, a message or the store: without the values of the
 * variables that it was given, without what no store can hold, and not longer than a person reads.
 */
import { storableText } from '../domain/json.ts';

/** Shorter values ("1", "true") are no secrets and would spoil every line. */
const SHORTEST = 6;
const TEXT_LIMIT = 2_000;

/** A cleaner for one server. A value of several lines is taken out line by line, as it is printed. */
export function createCleaner(secrets: readonly string[]): (text: string) => string {
  const parts = secrets
    .flatMap((secret) => [secret, ...secret.split('\n').map((line) => line.trim())])
    .filter((part) => part.length >= SHORTEST)
    // The longest first: one value may be a part of another.
    .sort((a, b) => b.length - a.length);
  return (text) => {
    let cleaned = text;
    for (const part of parts) cleaned = cleaned.replaceAll(part, '[secret]');
    const cut = cleaned.length > TEXT_LIMIT;
    return storableText(cut ? `${cleaned.slice(0, TEXT_LIMIT)} … (cut)` : cleaned);
  };
}
