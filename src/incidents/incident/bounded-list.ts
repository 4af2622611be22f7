/** Most entries of one list of an incident. */
export const MAX_LIST_ENTRIES = 500;

/** Entries in order of time, at most so many: those of the beginning, and the latest; the middle is left out. */
export class BoundedList<T> {
  readonly #limit: number;
  readonly #entries: { readonly at: number; value: T }[] = [];
  #leftOut = 0;

  constructor(limit: number = MAX_LIST_ENTRIES) {
    this.#limit = limit;
  }

  /** Adds `value`, after what happened at the same time or before. */
  add(at: number, value: T): void {
    let place = this.#entries.length;
    while (place > 0 && (this.#entries[place - 1]?.at ?? at) > at) place -= 1;
    this.#entries.splice(place, 0, { at, value });
    if (this.#entries.length <= this.#limit) return;
    this.#entries.splice(Math.floor(this.#limit / 2), 1);
    this.#leftOut += 1;
  }

  find(matches: (value: T) => boolean): T | undefined {
    return this.#entries.find(({ value }) => matches(value))?.value;
  }

  /** Puts what `update` makes of the latest entry that matches in its place. Whether there was one. */
  update(matches: (value: T) => boolean, update: (value: T) => T): boolean {
    const entry = this.#entries.findLast(({ value }) => matches(value));
    if (entry === undefined) return false;
    entry.value = update(entry.value);
    return true;
  }

  /** Takes out what matches; it does not count as left out. */
  remove(matches: (value: T) => boolean): void {
    const kept = this.#entries.filter(({ value }) => !matches(value));
    this.#entries.splice(0, this.#entries.length, ...kept);
  }

  get leftOut(): number {
    return this.#leftOut;
  }

  toJSON(): readonly T[] {
    return this.#entries.map(({ value }) => value);
  }
}
