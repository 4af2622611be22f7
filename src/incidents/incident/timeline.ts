import type { IncidentChange } from './changes/change.ts';

/** One line of an incident's timeline. */
export interface TimelineEntry {
  /** When, in milliseconds since the epoch. */
  readonly at: number;
  readonly kind: IncidentChange['type'] | 'left-out';
  readonly text: string;
}

/**
 * A timeline that holds at most `limit` entries: how it began, the latest, and between them how many were left out. What
 * people wrote is left out last: nobody can find it out again.
 */
export class Timeline {
  readonly #headLimit: number;
  readonly #tailLimit: number;
  readonly #head: TimelineEntry[] = [];
  readonly #tail: { readonly entry: TimelineEntry; readonly byPerson: boolean }[] = [];
  #leftOut = 0;
  #lastLeftOutAt = 0;

  /** @param limit at least 3 */
  constructor(limit: number) {
    this.#headLimit = Math.floor((limit - 1) / 2);
    this.#tailLimit = limit - 1 - this.#headLimit;
  }

  /** @param byPerson whether a person did or wrote it */
  add(entry: TimelineEntry, byPerson = false): void {
    if (this.#head.length < this.#headLimit) {
      this.#head.push(entry);
      return;
    }
    this.#tail.push({ entry, byPerson });
    if (this.#tail.length <= this.#tailLimit) return;
    // The one that has just come stays: it says how things are.
    const place = this.#tail.slice(0, -1).findIndex((kept) => !kept.byPerson);
    const [dropped] = this.#tail.splice(Math.max(0, place), 1);
    if (dropped === undefined) return;
    this.#leftOut += 1;
    this.#lastLeftOutAt = Math.max(this.#lastLeftOutAt, dropped.entry.at);
  }

  /** How many entries were left out. */
  get leftOut(): number {
    return this.#leftOut;
  }

  /** In order of time; of the same time, as they came. */
  entries(): readonly TimelineEntry[] {
    const missing = this.#leftOut === 0 ? [] : [leftOutEntry(this.#leftOut, this.#lastLeftOutAt)];
    const tail = this.#tail.map(({ entry }) => entry);
    return [...this.#head, ...missing, ...tail].sort((a, b) => a.at - b.at);
  }
}

/** Stands where entries are missing. */
export function leftOutEntry(count: number, at: number): TimelineEntry {
  return { at, kind: 'left-out', text: `${count} ${count === 1 ? 'entry' : 'entries'} left out` };
}
