import { printable } from '../../../slo/spec/problems.ts';
import { type Cell, type Column, fold, table } from '../../table.ts';
import type { Terminal } from '../../terminal.ts';

/** A terminal must be so much wider than the other columns for the text to have one of its own. */
const ROOM_FOR_TEXT = 40;

/** A row with a text that may be long. */
export interface TextRow {
  readonly cells: readonly Cell[];
  readonly text: string;
}

/**
 * A table whose last column is a text. Where the terminal has no room for it, each text stands on lines of its own
 * beneath its row.
 */
export function textTable(
  terminal: Terminal,
  columns: readonly Column[],
  title: string,
  rows: readonly TextRow[],
): string {
  const { isTTY, colors, columns: room = Number.POSITIVE_INFINITY } = terminal;
  const endless: Terminal = { isTTY, colors, columns: undefined, write: (text) => terminal.write(text) };
  const plain: Terminal = { ...endless, colors: false };
  const cells = rows.map((row) => row.cells);
  const width = Math.max(
    ...table(plain, columns, cells)
      .split('\n')
      .map((line) => line.length),
  );
  if (room - width >= ROOM_FOR_TEXT) {
    return table(
      terminal,
      [...columns, { title }],
      rows.map((row) => [...row.cells, { text: row.text }]),
    );
  }
  const [header = '', ...lines] = table(endless, columns, cells).split('\n');
  const text = rows.flatMap((row, at) => [
    lines[at] ?? '',
    ...fold(printable(row.text), room - 2).map((part) => `  ${part}`),
  ]);
  return `${[header, ...text].join('\n')}\n`;
}
