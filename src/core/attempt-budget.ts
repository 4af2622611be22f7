import type { z } from 'zod';
import { OUT_OF_ORDER_MS } from './clock.ts';
import { countOrZero, durationMs, options, ratio } from './options.ts';

/** Limits of a policy's budget of extra attempts: retries, hedges and failovers. */
export interface AttemptBudgetOptions {
  /** Extra attempts per call, above 0 and up to 1. Default 0.2. */
  readonly ratio?: number | undefined;
  /** Extra attempts per period, however few calls there are; 0 or more. Default 10. */
  readonly floor?: number | undefined;
  /** The period in milliseconds. Default 10 000. */
  readonly periodMs?: number | undefined;
}

const DEFAULT_LIMITS = { ratio: 0.2, floor: 10, periodMs: 10_000 } as const;

/** Checks what a user gives for a budget, and fills in its defaults. */
export const attemptBudgetSchema = options({
  ratio: ratio.default(DEFAULT_LIMITS.ratio),
  floor: countOrZero.default(DEFAULT_LIMITS.floor),
  periodMs: durationMs.default(DEFAULT_LIMITS.periodMs),
});

/** Limits of a budget, none left out. */
export type AttemptBudgetLimits = z.output<typeof attemptBudgetSchema>;

/** A period is cut into so many slices. */
const SLICES = 10;
/** So many are kept: one more, which the period may reach into. */
const KEPT = SLICES + 1;

/**
 * How many extra attempts (retries, hedges, failovers) a policy may make, so that an outage does not become a
 * storm: at most `ratio` of the calls of the last period, and at least `floor` per period. The idea is the retry
 * budget of Finagle and of the Google SRE book, chapter "Handling Overload".
 *
 * What it guarantees: in any window from `a` to `b`, at most `ratio` times the calls from `a - periodMs` to `b` are
 * taken, plus `floor` for each period that the window starts, which are `floor((b - a) / periodMs) + 1`.
 *
 * Why: time is cut into slices of a tenth of a period. An extra attempt is remembered for at least a whole period, by
 * eleven slices; a call for at most one, by ten. So whenever one is taken at `t`, those taken in `(t - periodMs, t]`,
 * itself among them, are at most the larger of `floor` and `ratio` times the calls of that same stretch. Now take the
 * last extra attempt of a window, and all that lie less than a period before it; then the last one of those that are
 * left, and so on. Each such stretch holds at most `floor` more than its share of its own calls, no two stretches
 * overlap, none reaches further back than a period before `a`, and as their ends lie a period or more apart, there are
 * no more of them than the window starts periods.
 *
 * An attempt counts when it is decided on. A retry that then waits is made that much later, so that for the attempts
 * themselves the window begins earlier by the longest wait. A clock that is set back starts the count afresh.
 */
export class AttemptBudget {
  #ratio: number;
  #floor: number;
  #sliceMs: number;
  /** Calls of each slice, then extra attempts of each. */
  readonly #counts: number[] = new Array(2 * KEPT).fill(0);
  #slice = Number.NEGATIVE_INFINITY;
  /** The slice's index, and when it begins and ends. */
  #slot = 0;
  #sliceStart = Number.POSITIVE_INFINITY;
  #sliceEnd = Number.NEGATIVE_INFINITY;
  #callsInPeriod = 0;
  #extrasInPeriod = 0;

  constructor(limits: AttemptBudgetLimits = DEFAULT_LIMITS) {
    this.#ratio = limits.ratio;
    this.#floor = limits.floor;
    this.#sliceMs = limits.periodMs / SLICES;
  }

  /** Notes a call, which earns its share of extra attempts. */
  callStarted(now: number): void {
    const slot = this.#slotAt(now);
    this.#count(slot);
    this.#callsInPeriod += 1;
  }

  /** Whether an extra attempt is left. */
  allows(now: number): boolean {
    this.#slotAt(now);
    return this.#extrasInPeriod + 1 <= Math.max(this.#floor, this.#ratio * this.#callsInPeriod);
  }

  /** Spends one extra attempt, or says that there is none left. */
  take(now: number): boolean {
    if (!this.allows(now)) return false;
    this.#count(KEPT + this.#slot);
    this.#extrasInPeriod += 1;
    return true;
  }

  /** Its limits now. */
  get limits(): AttemptBudgetLimits {
    return { ratio: this.#ratio, floor: this.#floor, periodMs: this.#sliceMs * SLICES };
  }

  /**
   * Changes its limits, and keeps what was spent. With another period, what was spent counts as spent just now, and the
   * calls so far earn nothing more.
   */
  adjust(limits: AttemptBudgetLimits, now: number): void {
    this.#ratio = limits.ratio;
    this.#floor = limits.floor;
    const sliceMs = limits.periodMs / SLICES;
    if (sliceMs === this.#sliceMs) return;
    this.#slotAt(now);
    this.#sliceMs = sliceMs;
    this.#counts.fill(0);
    this.#callsInPeriod = 0;
    this.#enter(Math.floor(now / sliceMs));
    this.#counts[KEPT + this.#slot] = this.#extrasInPeriod;
  }

  /** The index of the slice of `now`. */
  #slotAt(now: number): number {
    if (now >= this.#sliceEnd || now < this.#sliceStart - OUT_OF_ORDER_MS) this.#advance(now);
    return this.#slot;
  }

  /** Moves to the slice of `now` and forgets what has aged out. */
  #advance(now: number): void {
    const slice = Math.floor(now / this.#sliceMs);
    const steps = slice - this.#slice;
    if (steps < 0 || steps >= KEPT) {
      // All of it is older, or the clock went back (fake timers, a restored machine).
      this.#counts.fill(0);
      this.#callsInPeriod = 0;
      this.#extrasInPeriod = 0;
    } else for (let step = 1; step <= steps; step += 1) this.#age(this.#slice + step);
    this.#enter(slice);
  }

  #enter(slice: number): void {
    this.#slice = slice;
    this.#slot = slotOf(slice);
    this.#sliceStart = slice * this.#sliceMs;
    this.#sliceEnd = (slice + 1) * this.#sliceMs;
  }

  /** A new slice begins: calls are remembered by the ten latest, extra attempts by the eleven latest. */
  #age(slice: number): void {
    const oldCalls = slotOf(slice - SLICES);
    this.#callsInPeriod -= this.#counts[oldCalls] ?? 0;
    this.#counts[oldCalls] = 0;
    const oldExtras = KEPT + slotOf(slice);
    this.#extrasInPeriod -= this.#counts[oldExtras] ?? 0;
    this.#counts[oldExtras] = 0;
  }

  #count(at: number): void {
    this.#counts[at] = (this.#counts[at] ?? 0) + 1;
  }
}

function slotOf(slice: number): number {
  return ((slice % KEPT) + KEPT) % KEPT;
}
