/**
 * A table that is drawn again in place, below what the terminal showed before. It owns the lines that it drew, and
 * gives the terminal back as it was, also when Ctrl-C ends the process.
 */

export interface Drawing {
  /** The first has the names of the columns. */
  lines: readonly string[];
  /** Below the table: what is going on. */
  note: string;
}

export type Screen = ReturnType<typeof createScreen>;

interface Paint {
  bold(text: string): string;
  dim(text: string): string;
}

/** Without wrapping, a line of the table is a line of the terminal, however wide its characters are. */
const BEGIN = '\u001b[?25l\u001b[?7l';
const END = '\u001b[?7h\u001b[?25h';
const CLEAR_BELOW = '\r\u001b[J';

export function createScreen(
  stdout: Pick<NodeJS.WriteStream, 'write' | 'rows' | 'columns'>,
  { bold, dim }: Paint,
) {
  let drawn = 0;
  let open = false;
  const restore = () => {
    if (open) stdout.write(END);
    open = false;
  };

  function begin(): void {
    if (open) return;
    open = true;
    process.once('exit', restore);
    stdout.write(BEGIN);
  }

  function replace(lines: readonly string[]): void {
    const up = drawn === 0 ? '' : `\u001b[${drawn}A`;
    stdout.write(`${up}${CLEAR_BELOW}${lines.map((line) => `${line}\n`).join('')}`);
    drawn = lines.length;
  }

  return {
    /** Draws as much as the window holds, and says so when that is not all. */
    draw({ lines, note }: Drawing): void {
      begin();
      const { rows, columns } = windowOf(stdout);
      const [head = '', ...others] = fitRows(lines, rows - 2).map((line) => fitColumns(line, columns));
      replace([bold(head), ...others, dim(fitColumns(note, columns))]);
    },
    /** Leaves what is given, uncut, in place of what was drawn last. */
    end({ lines: [head = '', ...others] }: Pick<Drawing, 'lines'>): void {
      restore();
      process.off('exit', restore);
      replace([bold(head), ...others]);
    },
    /** Gives the terminal back and leaves what was drawn last. */
    leave(): void {
      restore();
      process.off('exit', restore);
    },
  };
}

/** A terminal that does not tell its size is taken to have the usual one. */
function windowOf({ rows, columns }: { rows: number; columns: number }): { rows: number; columns: number } {
  return { rows: Math.max(rows || 24, 4), columns: Math.max(columns || 80, 20) };
}

function fitRows(lines: readonly string[], rows: number): readonly string[] {
  if (lines.length <= rows) return lines;
  const shown = lines.slice(0, rows - 1);
  return [...shown, `… ${lines.length - shown.length} more rows; the window is too low for them`];
}

function fitColumns(line: string, columns: number): string {
  const characters = [...line];
  return characters.length <= columns ? line : `${characters.slice(0, columns - 1).join('')}…`;
}
