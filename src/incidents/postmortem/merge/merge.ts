import { align } from './align.ts';
import { lineHash, readBase, withBase } from './base.ts';

/** From this share of equal pairs of characters on, two lines are versions of one. */
const SAME_LINE = 0.6;

/** A line that people wrote where the generated text changed too. */
export interface KeptEdit {
  /** Line in the merged document, from 1. */
  readonly line: number;
  /** What people wrote, which was kept. */
  readonly kept: string;
  /** What would stand there without it. */
  readonly offered: string;
}

/** A post-mortem with what people wrote and what is newly known. */
export interface MergedPostmortem {
  readonly markdown: string;
  /**
   * Whether the facts are those of the regenerated one. `false` where the existing document does not say which of its
   * lines were generated (its last comment is gone): it is then left as it is.
   */
  readonly refreshed: boolean;
  /** Where both changed, and people's text was kept. */
  readonly kept: readonly KeptEdit[];
}

/**
 * Brings an existing post-mortem up to date and keeps everything that people wrote in it: a merge in three ways, line
 * by line. The common ancestor is what was generated before, which the document's last comment remembers as hashes of
 * lines. Lines that people left alone follow the regenerated text; lines that they wrote, changed, ticked or removed
 * stay as they left them, whatever the regenerated text says; what is newly generated is added beside them. The line
 * endings are those of the existing document.
 */
export function mergePostmortem(existing: string, regenerated: string): MergedPostmortem {
  const ours = readBase(existing);
  const theirs = readBase(regenerated);
  if (existing.trim() === '') return { markdown: regenerated, refreshed: true, kept: [] };
  if (ours.generated === undefined) return { markdown: existing, refreshed: false, kept: [] };
  const { lines, kept } = mergeLines(ours.generated, ours.lines, theirs.lines);
  const markdown = withBase(lines, theirs.lines.map(lineHash));
  return {
    markdown: existing.includes('\r\n') ? markdown.replaceAll('\n', '\r\n') : markdown,
    refreshed: true,
    kept,
  };
}

interface Merge {
  readonly lines: readonly string[];
  readonly kept: readonly KeptEdit[];
}

/** One side of the merge, by lines of the base. */
interface Side {
  /** The side's own line for each line of the base; `undefined` where it is gone. */
  readonly stays: readonly (string | undefined)[];
  /** Lines that the base has not, by the line of the base before which they stand; the last is the end. */
  readonly added: readonly (readonly string[])[];
}

function sideOf(base: readonly string[], lines: readonly string[]): Side {
  const partners = align(base, lines.map(lineHash));
  const added: (readonly string[])[] = [];
  let from = 0;
  // What was added where lines are gone stands before the first of them, so that it takes their place.
  let place = 0;
  partners.forEach((partner, index) => {
    if (partner < 0) return;
    added[place] = lines.slice(from, partner);
    from = partner + 1;
    place = index + 1;
  });
  added[place] = lines.slice(from);
  return {
    stays: partners.map((partner) => (partner < 0 ? undefined : lines[partner])),
    added: Array.from({ length: base.length + 1 }, (_, index) => added[index] ?? []),
  };
}

function mergeLines(
  base: readonly string[],
  ourLines: readonly string[],
  theirLines: readonly string[],
): Merge {
  const ours = sideOf(base, ourLines);
  const theirs = sideOf(base, theirLines);
  const lines: string[] = [];
  const kept: KeptEdit[] = [];
  let from = 0;
  // From one line that both sides have to the next.
  for (let to = 0; to <= base.length; to += 1) {
    const [our, their] = [ours.stays[to], theirs.stays[to]];
    if (to < base.length && (our === undefined || their === undefined)) continue;
    mergeStretch(ours, theirs, from, to, lines, kept);
    if (our !== undefined) lines.push(our);
    from = to + 1;
  }
  return { lines, kept };
}

/** Adds what stands between two lines that both sides have: all of ours, and of theirs what is new. */
function mergeStretch(
  ours: Side,
  theirs: Side,
  from: number,
  to: number,
  lines: string[],
  kept: KeptEdit[],
): void {
  let changedByBoth = false;
  for (let index = from; index < to; index += 1) {
    if (ours.stays[index] === undefined && theirs.stays[index] === undefined) changedByBoth = true;
  }
  const edits = changedByBoth
    ? ours.added
        .slice(from, to + 1)
        .flat()
        .filter(hasWords)
    : [];
  for (let index = from; index <= to; index += 1) {
    const own = ours.added[index] ?? [];
    const start = lines.length;
    lines.push(...own);
    for (const line of theirs.added[index] ?? []) {
      const twin = edits.findIndex((edit) => edit === line || isVersionOf(edit, line));
      const [edit] = twin < 0 ? [] : edits.splice(twin, 1);
      if (edit === undefined) lines.push(line);
      else if (edit !== line) {
        const at = lines.indexOf(edit, Math.max(0, start - own.length));
        kept.push({ line: at < 0 ? start + 1 : at + 1, kept: edit, offered: line });
      }
    }
  }
}

function hasWords(line: string): boolean {
  return /[\p{L}\p{N}]/u.test(line);
}

/** Whether two lines are versions of one: rows of a table with the same first cell, or mostly the same characters. */
function isVersionOf(edit: string, line: string): boolean {
  const cell = firstCell(line);
  if (cell !== undefined && cell === firstCell(edit)) return true;
  const [one, other] = [pairsOf(edit), pairsOf(line)];
  let shared = 0;
  for (const pair of one) if (other.has(pair)) shared += 1;
  return (2 * shared) / (one.size + other.size) >= SAME_LINE;
}

function firstCell(line: string): string | undefined {
  return /^\|([^|]*)\|/.exec(line)?.[1]?.trim();
}

/** Pairs of neighbouring characters, for Dice's coefficient; they need no spaces between words. */
function pairsOf(line: string): ReadonlySet<string> {
  const pairs = new Set<string>();
  for (let index = 1; index < line.length; index += 1) pairs.add(line.slice(index - 1, index + 1));
  return pairs;
}
