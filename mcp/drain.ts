/**
 * Reads a stream of text to its end and hands it on line by line, clipped, and no more lines than anybody reads.
 * Nothing is kept but the line that is being read, and of that no more than would be shown: a server that prints
 * without end costs no memory, does not fill the log, and is never made to wait.
 */
import type { Readable } from 'node:stream';
import type { Mask } from './secrets.ts';

const LINE_LIMIT = 500;
/** Lines handed on within one window; the rest of them is counted. */
const LINES = 200;
const WINDOW_MS = 10_000;

/**
 * Starts reading; `line` gets each non-empty line, masked, cut to 500 characters with a note when something is
 * missing. Of more than 200 lines in ten seconds it gets those, and how many were left out.
 */
export function drainLines(stream: Readable, line: (text: string) => void, mask: Mask): void {
  const few = createLimit(line);
  let kept = '';
  let dropped = 0;
  const finish = (): void => {
    const text = mask(kept.trimEnd(), { cut: dropped > 0 });
    if (text !== '') few.add(dropped > 0 ? `${text} … (${dropped} more characters)` : text);
    kept = '';
    dropped = 0;
  };
  const add = (text: string): void => {
    const room = LINE_LIMIT - kept.length;
    kept += text.slice(0, room);
    dropped += Math.max(0, text.length - room);
  };
  const end = (): void => {
    finish();
    few.end();
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
  stream.on('error', end);
  stream.on('end', end);
}

interface Limit {
  add(text: string): void;
  /** Says what was left out; nothing is added afterwards. */
  end(): void;
}

function createLimit(line: (text: string) => void): Limit {
  let shown = 0;
  let left = 0;
  let window: NodeJS.Timeout | null = null;
  const end = (): void => {
    if (window !== null) clearTimeout(window);
    window = null;
    if (left > 0) line(`… (${left} more lines were left out: more than ${LINES} in ${WINDOW_MS / 1000} s)`);
    shown = 0;
    left = 0;
  };
  return {
    add(text) {
      window ??= setTimeout(end, WINDOW_MS).unref();
      if (shown === LINES) {
        left += 1;
        return;
      }
      shown += 1;
      line(text);
    },
    end,
  };
}
