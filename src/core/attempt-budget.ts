import { OUT_OF_ORDER_MS } from './clock.ts';

/** Limits of an attempt budget. */
export interface AttemptBudgetOptions {
  /** Extra attempts allowed per call, from 0 to 1. Default 0.2. */
  readonly ratio?: number | undefined;
  /** Extra attempts always allowed per period, however few calls there are. Default 10. */
  readonly floor?: number | undefined;
  /** The period, in milliseconds. Default 10 000. */
  readonly periodMs?: number | undefined;
}

const SLICES = 10;

/**
 * How many extra attempts (retries, hedges, failovers) a policy may make, so that an outage does not become a
 * storm: at most `ratio` of the calls of the last period, and at least `floor` per period. The idea is the retry
 * budget of Finagle and of the Google SRE book, chapter "Handling Overload".
 *
 * Time is cut into slices; what is older than a period is forgotten slice by slice.
 */
export class AttemptBudget {
  readonly #ratio: number;
  readonly #floor: number;
  readonly #sliceMs: number;
  /** Calls of each slice, then extra attempts of each. */
  readonly #counts: number[] = new Array(2 * SLICES).fill(0);
  #slice = Number.NEGATIVE_INFINITY;
  /** The slice's index, and when it begins and ends. */
  #slot = 0;
  #sliceStart = Number.POSITIVE_INFINITY;
  #sliceEnd = Number.NEGATIVE_INFINITY;
  #callsInPeriod = 0;
  #extrasInPeriod = 0;

  constructor({ ratio = 0.2, floor = 10, periodMs = 10_000 }: AttemptBudgetOptions = {}) {
    this.#ratio = ratio;
    this.#floor = floor;
    this.#sliceMs = periodMs / SLICES;
  }

  /** Notes a call, which earns its share of extra attempts. */
  callStarted(now: number): void {
    const slot = this.#slotAt(now);
    this.#count(slot);
    this.#callsInPeriod += 1;
  }

  /** Spends one extra attempt, or says that there is none left. */
  take(now: number): boolean {
    const slot = this.#slotAt(now);
    if (this.#extrasInPeriod + 1 > Math.max(this.#floor, this.#ratio * this.#callsInPeriod)) return false;
    this.#count(SLICES + slot);
    this.#extrasInPeriod += 1;
    return true;
  }

  /** The index of the slice of `now`. */
  #slotAt(now: number): number {
    if (now >= this.#sliceEnd || now < this.#sliceStart - OUT_OF_ORDER_MS) this.#advance(now);
    return this.#slot;
  }

  /** Moves to the slice of `now` and forgets what has aged out. */
  #advance(now: number): void {
    const slice = Math.floor(now / this.#sliceMs);
    // A clock that went back (fake timers, a restored machine) starts the count afresh.
    const steps = slice < this.#slice ? SLICES : Math.min(SLICES, slice - this.#slice);
    for (let step = 0; step < steps; step += 1) this.#forget(slotOf(slice - step));
    this.#slice = slice;
    this.#slot = slotOf(slice);
    this.#sliceStart = slice * this.#sliceMs;
    this.#sliceEnd = (slice + 1) * this.#sliceMs;
  }

  #count(at: number): void {
    this.#counts[at] = (this.#counts[at] ?? 0) + 1;
  }

  #forget(slot: number): void {
    this.#callsInPeriod -= this.#counts[slot] ?? 0;
    this.#extrasInPeriod -= this.#counts[SLICES + slot] ?? 0;
    this.#counts[slot] = 0;
    this.#counts[SLICES + slot] = 0;
  }
}

function slotOf(slice: number): number {
  return ((slice % SLICES) + SLICES) % SLICES;
}
