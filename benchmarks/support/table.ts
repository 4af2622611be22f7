import { type Cell, isMet, type Size, type SubjectResult, type Target } from './result.ts';

/**
 * Two tables: what was measured, and the targets beside the figures that are held to them. A short run does not say
 * whether they are met.
 */
export function asText(result: SubjectResult, size: Size = 'full'): string {
  const rows = result.targets.map(targetRow);
  const targets =
    size === 'full'
      ? textTable(targetColumns, rows)
      : textTable(
          targetColumns.slice(0, -1),
          rows.map((row) => row.slice(0, -1)),
        );
  const parts = [
    result.title,
    textTable(result.columns, result.rows),
    ...(result.details ?? []).flatMap(({ title, columns, rows }) => [`  ${title}`, textTable(columns, rows)]),
    ...(result.targets.length === 0 ? [] : [targets]),
    ...result.notes.map((note) => `  ${note}`),
  ];
  return `${parts.join('\n\n')}\n`;
}

/** The same as Markdown. */
export function asMarkdown(result: SubjectResult): string {
  const parts = [
    `### ${result.subject}`,
    `${result.title}.`,
    markdownTable(result.columns, result.rows),
    ...(result.details ?? []).flatMap(({ title, columns, rows }) => [
      `${title}:`,
      markdownTable(columns, rows),
    ]),
    ...(result.targets.length === 0 ? [] : [markdownTable(targetColumns, result.targets.map(targetRow))]),
    ...result.notes,
  ];
  return parts.join('\n\n');
}

const targetColumns = ['figure', 'measured', 'target', ''];

function targetRow(target: Target): readonly Cell[] {
  const unit = target.unit === '' ? '' : ` ${target.unit}`;
  return [
    target.figure,
    `${shown(target.measured)}${unit}`,
    `${target.limit} ${shown(target.bound)}${unit}`,
    isMet(target) ? 'met' : 'missed',
  ];
}

/** A number with three significant digits, and whole from 1 000 on. */
export function shown(cell: Cell): string {
  if (typeof cell === 'string') return cell;
  if (!Number.isFinite(cell)) return 'never';
  if (Number.isInteger(cell) || Math.abs(cell) >= 1_000) return String(Math.round(cell));
  if (Math.abs(cell) < 0.001) return cell.toFixed(4);
  return String(Number(cell.toPrecision(3)));
}

function textTable(columns: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const widths = columns.map((column, at) =>
    Math.max(column.length, ...rows.map((row) => shown(row[at] ?? '').length)),
  );
  const line = (cells: readonly Cell[]): string =>
    cells
      .map((cell, at) => {
        const width = widths[at] ?? 0;
        return typeof cell === 'number' ? shown(cell).padStart(width) : cell.padEnd(width);
      })
      .join('  ')
      .trimEnd();
  const rule = widths.map((width) => '-'.repeat(width)).join('  ');
  return [line(columns), rule, ...rows.map(line)].map((each) => `  ${each}`).join('\n');
}

function markdownTable(columns: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const numeric = columns.map((_, at) => rows.some((row) => typeof row[at] === 'number'));
  return [
    line(columns),
    line(numeric.map((is) => (is ? '---:' : '---'))),
    ...rows.map((row) => line(row.map(shown).map((cell) => cell.replaceAll('|', '\\|')))),
  ].join('\n');
}
