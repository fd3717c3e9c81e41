/** Tables as text: columns side by side, two spaces between them, no borders. */
import { printable } from './printable.ts';

/** One row of a table: a text for each column. */
export type Row = readonly string[];

/** The lines of a table, the first of which has the names of its columns. Cells are made printable. */
export async function layOut(columns: readonly string[], rows: readonly Row[]): Promise<string[]> {
  const { default: Table } = await import('cli-table3');
  const table = new Table({
    head: [...columns],
    chars: NO_BORDERS,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  });
  table.push(...rows.map((row) => row.map(printable)));
  const lines = table.toString().split('\n');
  return lines.map((line) => line.trimEnd());
}

const NO_BORDERS = {
  ...{ top: '', 'top-mid': '', 'top-left': '', 'top-right': '' },
  ...{ bottom: '', 'bottom-mid': '', 'bottom-left': '', 'bottom-right': '' },
  ...{ left: '', 'left-mid': '', mid: '', 'mid-mid': '', right: '', 'right-mid': '', middle: '  ' },
};
