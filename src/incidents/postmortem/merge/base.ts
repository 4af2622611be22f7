import { createHash } from 'node:crypto';

const OPEN =
  '<!-- breakwater: the lines that were generated, by which edits are told from them. Leave this as it is.';
/** The comment stands at the end, but for what people added after it. */
const TRAILER = /(?:^|\n)<!-- breakwater: the lines that were generated[^\n]*\n([0-9a-f\s]*)-->/g;
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

/**
 * A document's lines and the marks of those that were generated; `undefined` where it does not say. What stands after
 * the comment that says so is taken for people's lines.
 */
export function readBase(markdown: string): {
  readonly lines: readonly string[];
  readonly generated: readonly string[] | undefined;
} {
  const text = markdown.replace(/\r\n?/g, '\n');
  // Where there are several, a copy of another document stands below this one's own.
  const [found] = text.matchAll(TRAILER);
  if (found === undefined) return { lines: linesOf(text), generated: undefined };
  const [comment, marks = ''] = found;
  const before = linesOf(text.slice(0, found.index));
  const after = linesOf(text.slice(found.index + comment.length).replace(TRAILER, ''));
  const first = after.findIndex((line) => line.trim() !== '');
  return {
    lines: first < 0 ? before : [...before, '', ...after.slice(first)],
    generated: marks.split(/\s+/).filter((mark) => mark !== ''),
  };
}

function linesOf(text: string): readonly string[] {
  const lines = text.split('\n');
  while (lines.at(-1)?.trim() === '') lines.pop();
  return lines;
}
