import { ErrorTally } from '../../core/error-tally.ts';
import type { FailureMark, FailureOnset } from '../../core/failure-onset.ts';

/** Adds a failure to the mark given, or makes one that begins with it. */
export type NoteFailure = (mark: FailureMark | undefined) => FailureMark;

/** How many kinds of errors an onset tells apart. */
const MAX_KINDS = 50;

interface Entry {
  readonly slot: number;
  readonly mark: FailureMark;
}

/**
 * Where in a window its failures began. A window is forgotten slot by slot, so there is a mark for the first failure
 * of each slot, and one for the first of those in a row, which may be older than the window. At most two a slot.
 */
export class FailureMarks {
  readonly #note: NoteFailure;
  #entries: Entry[] = [];
  /** The first failure of those in a row. */
  #row: Entry | undefined = undefined;

  constructor(note: NoteFailure) {
    this.#note = note;
  }

  /** The mark that the next failure of its slot is added to. */
  get newest(): FailureMark | undefined {
    return this.#entries.at(-1)?.mark;
  }

  /**
   * Notes a failure.
   *
   * @param beginsRow whether those in a row begin with it
   */
  note(slot: number, oldestSlot: number, beginsRow: boolean): void {
    this.#forget(slot, oldestSlot);
    const last = this.#entries.at(-1);
    if (last?.slot === slot && !beginsRow) {
      this.#note(last.mark);
      return;
    }
    const before = this.#entries.at(-2);
    if (last !== undefined && last.slot === slot && before?.slot === slot) {
      before.mark.errors.merge(last.mark.errors);
      this.#entries.pop();
    }
    const entry = { slot, mark: this.#note(undefined) };
    this.#entries.push(entry);
    if (beginsRow) this.#row = entry;
  }

  /** Those in a row are over. */
  endRow(): void {
    this.#row = undefined;
  }

  /**
   * Where the failures began.
   *
   * @param ofRow whether those in a row count only
   */
  onset(slot: number, oldestSlot: number, ofRow: boolean): FailureOnset | undefined {
    this.#forget(slot, oldestSlot);
    const from = ofRow && this.#row !== undefined ? this.#entries.indexOf(this.#row) : 0;
    const counted = this.#entries.slice(Math.max(0, from));
    const [first] = counted;
    if (first === undefined) return undefined;
    const errors = new ErrorTally(MAX_KINDS);
    for (const { mark } of counted) errors.merge(mark.errors);
    return { since: first.mark.since, counts: first.mark.counts, errors };
  }

  clear(): void {
    this.#entries = [];
    this.#row = undefined;
  }

  /** Forgets what the window has forgotten; of those in a row the first remains, with the errors of the others. */
  #forget(slot: number, oldestSlot: number): void {
    const isKept = (entry: Entry): boolean => entry.slot >= oldestSlot && entry.slot <= slot;
    const [first] = this.#entries;
    if (first === undefined || (isKept(first) && this.#entries.every(isKept))) return;
    const row = this.#row;
    const from = row === undefined ? Number.POSITIVE_INFINITY : this.#entries.indexOf(row);
    this.#entries = this.#entries.filter((entry, at) => {
      if (isKept(entry) || entry === row) return true;
      if (row !== undefined && at > from) row.mark.errors.merge(entry.mark.errors);
      return false;
    });
  }
}
