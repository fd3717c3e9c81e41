/** Lines of a stream of bytes, as they become whole. */

/** A line is longer than it may be: what follows cannot be read either. */
export class LineTooLong extends Error {
  override name = 'LineTooLong';
}

/**
 * Gives the lines that each chunk completes, without their ends; keeps the rest. Throws `LineTooLong` when a line
 * has more than `limit` bytes.
 */
export function createLines(limit: number): (chunk: Buffer) => string[] {
  let kept: Buffer[] = [];
  let size = 0;
  const keep = (part: Buffer): void => {
    if (part.length === 0) return;
    size += part.length;
    if (size > limit) throw new LineTooLong(`expected lines of at most ${limit} bytes, found a longer one`);
    kept.push(part);
  };
  return (chunk) => {
    const lines: string[] = [];
    let from = 0;
    for (let end = chunk.indexOf(0x0a); end !== -1; end = chunk.indexOf(0x0a, from)) {
      keep(chunk.subarray(from, end));
      lines.push(Buffer.concat(kept).toString('utf8').replace(/\r$/, ''));
      kept = [];
      size = 0;
      from = end + 1;
    }
    keep(chunk.subarray(from));
    return lines;
  };
}
