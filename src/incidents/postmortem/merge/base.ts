import { createHash } from 'node:crypto';

const OPEN =
  '<!-- breakwater: the lines that were generated, by which edits are told from them. Leave this as it is.';
const TRAILER = /(?:^|\n)<!-- breakwater: the lines that were generated[^\n]*\n([0-9a-f\s]*)-->\s*$/;
/** Hashes in one line of the comment. */
const PER_LINE = 10;
/** Characters of a hash: 40 bits, enough to tell some thousand lines of a document apart. */
const HASH_LENGTH = 10;

/** A line's mark. White space at its end is what editors change unasked. */
export function lineHash(line: string): string {
  return createHash('sha256').update(line.trimEnd()).digest('hex').slice(0, HASH_LENGTH);
}

/** The lines as a document that says at its end what was generated. */
export function withBase(
  lines: readonly string[],
  generated: readonly string[] = lines.map(lineHash),
): string {
  const rows: string[] = [];
  for (let at = 0; at < generated.length; at += PER_LINE) {
    rows.push(generated.slice(at, at + PER_LINE).join(' '));
  }
  return `${[...lines, '', OPEN, ...rows, '-->'].join('\n')}\n`;
}

/** A document's lines and the marks of those that were generated; `undefined` where it does not say. */
export function readBase(markdown: string): {
  readonly lines: readonly string[];
  readonly generated: readonly string[] | undefined;
} {
  const text = markdown.replace(/\r\n?/g, '\n');
  const found = TRAILER.exec(text);
  if (found === null) return { lines: linesOf(text), generated: undefined };
  const [, marks = ''] = found;
  return {
    lines: linesOf(text.slice(0, found.index)),
    generated: marks.split(/\s+/).filter((mark) => mark !== ''),
  };
}

function linesOf(text: string): readonly string[] {
  const lines = text.split('\n');
  while (lines.at(-1)?.trim() === '') lines.pop();
  return lines;
}
