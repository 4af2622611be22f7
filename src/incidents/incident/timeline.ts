import type { IncidentChange } from './changes/change.ts';

/** One line of an incident's timeline. */
export interface TimelineEntry {
  /** When, in milliseconds since the epoch. */
  readonly at: number;
  readonly kind: IncidentChange['type'] | 'left-out';
  readonly text: string;
}

/**
 * A timeline that holds at most `limit` entries: how it began, the latest, and between them how many were left
 * out.
 */
export class Timeline {
  readonly #headLimit: number;
  readonly #tailLimit: number;
  readonly #head: TimelineEntry[] = [];
  readonly #tail: TimelineEntry[] = [];
  #leftOut = 0;
  #lastLeftOutAt = 0;

  /** @param limit at least 3 */
  constructor(limit: number) {
    this.#headLimit = Math.floor((limit - 1) / 2);
    this.#tailLimit = limit - 1 - this.#headLimit;
  }

  add(entry: TimelineEntry): void {
    if (this.#head.length < this.#headLimit) {
      this.#head.push(entry);
      return;
    }
    this.#tail.push(entry);
    if (this.#tail.length <= this.#tailLimit) return;
    const dropped = this.#tail.shift();
    if (dropped === undefined) return;
    this.#leftOut += 1;
    this.#lastLeftOutAt = dropped.at;
  }

  /** How many entries were left out. */
  get leftOut(): number {
    return this.#leftOut;
  }

  /** In order of time; of the same time, as they came. */
  entries(): readonly TimelineEntry[] {
    const missing = this.#leftOut === 0 ? [] : [leftOutEntry(this.#leftOut, this.#lastLeftOutAt)];
    return [...this.#head, ...missing, ...this.#tail].sort((a, b) => a.at - b.at);
  }
}

/** Stands where entries are missing. */
export function leftOutEntry(count: number, at: number): TimelineEntry {
  return { at, kind: 'left-out', text: `${count} ${count === 1 ? 'entry' : 'entries'} left out` };
}
