import stringWidth from 'string-width';
import { printable } from '../slo/spec/problems.ts';
import { type Style, styled, type Terminal } from './terminal.ts';

/** One cell of a table. */
export interface Cell {
  readonly text: string;
  readonly style?: Style | undefined;
}

/** A column: its title, and to which side its cells keep. */
export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right' | undefined;
}

const GAP = '  ';
/** The last column is not folded to less than this. */
const NARROWEST = 24;

/**
 * A table as lines of text, without borders. The last column is folded where the terminal is too narrow for it; what
 * could not be seen, or would move the cursor, is written as an escape.
 */
export function table(
  terminal: Terminal,
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
): string {
  const header = columns.map(({ title }): Cell => ({ text: title, style: 'bold' }));
  const cells = [header, ...rows].map((row) =>
    columns.map((_, at) => ({ ...row[at], text: printable(row[at]?.text ?? '') })),
  );
  const widths = columns.map((_, at) => Math.max(...cells.map((row) => stringWidth(row[at]?.text ?? ''))));
  const before = widths.slice(0, -1).reduce((sum, width) => sum + width + GAP.length, 0);
  const room =
    terminal.columns === undefined
      ? Number.POSITIVE_INFINITY
      : Math.max(NARROWEST, terminal.columns - before);
  return cells
    .flatMap((row) => lines(terminal, columns, row, widths, room))
    .map((line) => `${line.trimEnd()}\n`)
    .join('');
}

function lines(
  terminal: Terminal,
  columns: readonly Column[],
  row: readonly Cell[],
  widths: readonly number[],
  room: number,
): readonly string[] {
  const last = row.at(-1);
  const folded = fold(last?.text ?? '', room);
  return folded.map((text, line) =>
    columns
      .map(({ align }, at) => {
        const isLast = at === columns.length - 1;
        const shown = isLast ? text : line === 0 ? (row[at]?.text ?? '') : '';
        const space = ' '.repeat(Math.max(0, (widths[at] ?? 0) - stringWidth(shown)));
        const content = styled(terminal, row[at]?.style, shown);
        return align === 'right' ? space + content : isLast ? content : content + space;
      })
      .join(GAP),
  );
}

/** `text` in lines of at most `room` characters, between words where there are any. */
export function fold(text: string, room: number): readonly string[] {
  const done: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (stringWidth(longer) <= room) {
      line = longer;
      continue;
    }
    if (line !== '') done.push(line);
    const [rest = '', ...full] = pieces(word, room).reverse();
    done.push(...full.reverse());
    line = rest;
  }
  return [...done, line];
}

/** A word in pieces that fit. */
function pieces(word: string, room: number): string[] {
  const found: string[] = [];
  let piece = '';
  for (const character of word) {
    if (piece !== '' && stringWidth(piece + character) > room) {
      found.push(piece);
      piece = '';
    }
    piece += character;
  }
  return [...found, piece];
}
