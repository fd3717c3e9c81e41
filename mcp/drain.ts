/**
 * Reads a stream of text to its end and hands it on line by line, clipped. Nothing is kept but the line that is
 * being read, and of that no more than would be shown: a server that prints without end costs no memory and is
 * never made to wait.
 */
import type { Readable } from 'node:stream';
import type { Mask } from './secrets.ts';

const LINE_LIMIT = 500;

/**
 * Starts reading; `line` gets each non-empty line, masked, cut to 500 characters with a note when something is
 * missing.
 */
export function drainLines(stream: Readable, line: (text: string) => void, mask: Mask): void {
  let kept = '';
  let dropped = 0;
  const finish = (): void => {
    const text = mask(kept.trimEnd(), { cut: dropped > 0 });
    if (text !== '') line(dropped > 0 ? `${text} … (${dropped} more characters)` : text);
    kept = '';
    dropped = 0;
  };
  const add = (text: string): void => {
    const room = LINE_LIMIT - kept.length;
    kept += text.slice(0, room);
    dropped += Math.max(0, text.length - room);
  };
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    const [first = '', ...rest] = chunk.split('\n');
    add(first);
    for (const text of rest) {
      finish();
      add(text);
    }
  });
  stream.on('error', finish);
  stream.on('end', finish);
}
