/** The one canonical JSON (RFC 8785) and the one hash (SHA-256, lower-case hex) of the project. */
import { createHash } from 'node:crypto';
import canonicalizeJson from 'canonicalize';

/** RFC 8785 text of a JSON value. Throws `TypeError` for what JSON cannot hold (NaN, undefined at the top). */
export function canonical(value: unknown): string {
  const text = canonicalizeJson(value);
  if (text === undefined) throw new TypeError('expected a JSON value, got undefined or a function');
  return text;
}

export function sha256(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex');
}

/** Hash of a JSON value: definitions' digests, payload hashes, ledger entries. */
export function digest(value: unknown): string {
  return sha256(canonical(value));
}
