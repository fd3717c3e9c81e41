/**
 * What a command says, and where: results on stdout, errors and hints on stderr, colour only on a terminal.
 * Everything that goes through here is made printable first.
 */
import pico from 'picocolors';
import { printableJson, printableLines } from './printable.ts';
import { createScreen, type Screen } from './screen.ts';
import { layOut, type Row } from './table.ts';

export type Keyword = 'SUCCESS' | 'OK' | 'INFO' | 'REGISTER';

export type Terminal = ReturnType<typeof createTerminal>;

const KEYWORD_WIDTH = 12;

/** @param colour whether a terminal may be coloured; files and pipes never are */
export function createTerminal(
  streams: Pick<NodeJS.Process, 'stdin' | 'stdout' | 'stderr'>,
  colour: boolean,
) {
  const { stdin, stdout, stderr } = streams;

  function paint(stream: NodeJS.WriteStream) {
    return pico.createColors(colour && stream.isTTY);
  }

  function say(
    stream: NodeJS.WriteStream,
    keyword: string,
    colour: 'green' | 'red' | 'yellow',
    text: string,
  ): void {
    const [first = '', ...others] = printableLines(text).split('\n');
    const head = paint(stream)[colour](keyword.padEnd(KEYWORD_WIDTH));
    const rest = others.map((line) => `${' '.repeat(KEYWORD_WIDTH + 1)}${line}\n`);
    stream.write(`${head} ${first}\n${rest.join('')}`);
  }

  return {
    /** A result line: the keyword padded to 12 characters, a space, the text. */
    result: (keyword: Keyword, text: string) => say(stdout, keyword, 'green', text),
    problem: (keyword: 'ERROR' | 'HINT', text: string) =>
      say(stderr, keyword, keyword === 'ERROR' ? 'red' : 'yellow', text),
    json: (value: unknown) => stdout.write(`${printableJson(JSON.stringify(value, null, 2))}\n`),
    line: (text: string) => stdout.write(`${printableLines(text)}\n`),
    /** A table with a line of column names; `(no rows)` when there is none. */
    async table(columns: readonly string[], rows: readonly Row[]): Promise<void> {
      if (rows.length === 0) {
        stdout.write('(no rows)\n');
        return;
      }
      const [head = '', ...lines] = await layOut(columns, rows);
      stdout.write([paint(stdout).bold(head), ...lines, ''].join('\n'));
    },
    /** Where a table can be drawn again in place; null when that is no terminal. */
    screen: (): Screen | null => (stdout.isTTY ? createScreen(stdout, paint(stdout)) : null),
    /** Raw text, waiting while whoever reads it is slower; escaped as JSON when that is a person. */
    async jsonText(text: string): Promise<void> {
      const written = stdout.isTTY ? printableJson(text) : text;
      if (!stdout.write(written)) await new Promise((resolve) => stdout.once('drain', resolve));
    },
    stdin: (): AsyncIterable<Uint8Array> => stdin,
  };
}
