/** Follows log files of processes: new lines are handed on as they are written, JSON lines made readable. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';

const levels = { 10: 'trace', 20: 'debug', 30: 'info', 40: 'warn', 50: 'error', 60: 'fatal' };
const everyMs = 200;

/**
 * @param {{ name: string, log: string }[]} children
 * @param {(line: string) => void} say
 * @returns {() => void} ends the following, after what is there already was handed on
 */
export function followLogs(children, say) {
  const width = Math.max(...children.map(({ name }) => name.length));
  const followed = children.map(({ name, log }) =>
    followFile(log, (line) => say(`${name.padEnd(width)} │ ${readable(line)}`)),
  );
  const timer = setInterval(() => followed.forEach((file) => file.look()), everyMs);
  return () => {
    clearInterval(timer);
    followed.forEach((file) => file.close());
  };
}

function followFile(path, line) {
  const file = openSync(path, 'r');
  const decoder = new StringDecoder('utf8');
  const chunk = Buffer.alloc(64 * 1024);
  let position = 0;
  let rest = '';
  function look() {
    while (position < fstatSync(file).size) {
      const count = readSync(file, chunk, 0, chunk.length, position);
      if (count === 0) return;
      position += count;
      const lines = (rest + decoder.write(chunk.subarray(0, count))).split('\n');
      rest = lines.pop() ?? '';
      lines.forEach(line);
    }
  }
  return {
    look,
    close() {
      look();
      if (rest !== '') line(rest);
      closeSync(file);
    },
  };
}

/** A line of pino as `12:00:00 info message key=value`; any other as it is. */
export function readable(line) {
  if (!line.startsWith('{')) return line;
  let entry;
  try {
    entry = JSON.parse(line);
  } catch {
    return line;
  }
  const { level, time, msg, process, pid, hostname, name, ...fields } = entry;
  if (typeof msg !== 'string' || typeof level !== 'number') return line;
  void [process, pid, hostname, name];
  const clock = new Date(time).toTimeString().slice(0, 8);
  const shown = Object.entries(fields).map(
    ([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  return [clock, levels[level] ?? String(level), msg, ...shown].join(' ');
}
