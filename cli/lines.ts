/** Bytes that come in pieces, as lines. */
import { Refusal } from './refusal.ts';

/** No entry of a ledger is near to this; something that is no ledger may be one endless line. */
const LONGEST_LINE = 64 * 1024 * 1024;

/**
 * Splits UTF-8 into lines at line feeds alone: JSON text may hold other separators.
 * @throws {Refusal} for other bytes, and for a line without end
 */
export async function* readLines(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let begun: string[] = [];
  let length = 0;
  for await (const piece of pieces) {
    const [head = '', ...rest] = decode(decoder, piece).split('\n');
    begun.push(head);
    length += head.length;
    for (const next of rest) {
      yield begun.join('');
      begun = [next];
      length = next.length;
    }
    if (length > LONGEST_LINE) throw new Refusal(`expected lines of at most ${LONGEST_LINE} characters`);
  }
  begun.push(decode(decoder));
  const last = begun.join('');
  if (last !== '') yield last;
}

function decode(decoder: InstanceType<typeof TextDecoder>, piece?: Uint8Array): string {
  try {
    return piece === undefined ? decoder.decode() : decoder.decode(piece, { stream: true });
  } catch {
    throw new Refusal('expected text in UTF-8, found other bytes');
  }
}
