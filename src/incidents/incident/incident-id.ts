import { randomBytes } from 'node:crypto';

/**
 * Makes ids such as `INC-20260204-001-9f3a01bc`: the UTC date, the count of that day, and a suffix of this
 * instance's own, new at each start, so that neither a replica nor the same process started again makes the same.
 * A wall clock that goes back repeats no id: the count goes on under the later date.
 */
export class IncidentIds {
  readonly #suffix: string;
  #date = '';
  #count = 0;

  constructor(suffix: string = randomBytes(4).toString('hex')) {
    this.#suffix = suffix;
  }

  /** @param at wall-clock time in milliseconds since the epoch */
  next(at: number): string {
    const date = new Date(at).toISOString().slice(0, 10).replaceAll('-', '');
    if (date > this.#date) {
      this.#date = date;
      this.#count = 0;
    }
    this.#count += 1;
    return `INC-${this.#date}-${String(this.#count).padStart(3, '0')}-${this.#suffix}`;
  }
}
