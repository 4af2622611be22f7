import { OUT_OF_ORDER_MS } from '../../core/clock.ts';
import { priorities } from '../../core/priority.ts';
import type { ThrottleSettings } from './options.ts';

/** The window is forgotten in so many steps. */
export const SLICES = 24;

const RANKS = priorities.length;
/** Requests of each priority, then what was accepted of each. */
const FIELDS = 2 * RANKS;

/** No slice: what it was counted in is forgotten, or it has been settled. */
export const NO_SLICE = -1;

/** A request that was let through: it carries where it was counted. */
export interface ThrottledRequest {
  /** The slice of its admission. */
  slice: number;
  /** How often the count had been begun anew until then. */
  era: number;
}

/** What a machine reads of its options, each time anew. */
export type ThrottleRule = Pick<ThrottleSettings, 'multiplier' | 'maxProbability'>;

/**
 * Client-side adaptive throttling, from the chapter "Handling Overload" of the Google SRE book (Beyer and others,
 * 2016): a request is turned away with the probability `max(0, (requests - K * accepts) / (requests + 1))`, where
 * `requests` counts all that wanted to go, those turned away here among them, and `accepts` what the dependency took.
 *
 * Both are counted over all priorities, and what is too much, `requests - K * accepts`, is turned away from the least
 * important upward: of a class only as much as is left when all of the less important are turned away.
 *
 * Both sides are counted at admission, in one slice of time: what is let through is taken for accepted until it turns
 * out not to be. So neither a burst nor slow answers look like refusals, and what is forgotten is forgotten of both.
 *
 * It decides and runs nothing: time and chance are arguments.
 */
export class ThrottleMachine {
  readonly #rule: () => ThrottleRule;
  readonly #sliceMs: number;
  readonly #slices: number[] = new Array(SLICES * FIELDS).fill(0);
  /** The sums over all slices. */
  readonly #sums: number[] = new Array(FIELDS).fill(0);
  #slice = 0;
  #era = 0;
  #sliceStart = 0;
  #sliceEnd = 0;

  constructor(windowMs: number, rule: () => ThrottleRule) {
    this.#sliceMs = windowMs / SLICES;
    this.#rule = rule;
  }

  /** The requests of a priority that the window holds. */
  requests(rank: number, now: number): number {
    this.#advance(now);
    return this.#sums[rank] ?? 0;
  }

  /** Those of them that the dependency accepted, or may still accept. */
  accepts(rank: number, now: number): number {
    this.#advance(now);
    return this.#sums[RANKS + rank] ?? 0;
  }

  /**
   * The share of requests of a priority that is turned away now: where only that one calls, as the formula says, and
   * never less than that of a more important one.
   */
  probability(rank: number, now: number): number {
    this.#advance(now);
    const { multiplier, maxProbability } = this.#rule();
    let requests = 0;
    let accepts = 0;
    for (let at = 0; at < RANKS; at += 1) {
      requests += this.#sums[at] ?? 0;
      accepts += this.#sums[RANKS + at] ?? 0;
    }
    let surplus = requests - multiplier * accepts;
    // What the less important take of it, as much as may be turned away of them.
    for (let at = RANKS - 1; at > rank; at -= 1) surplus -= maxProbability * (this.#sums[at] ?? 0);
    if (surplus <= 0) return 0;
    const share = surplus / ((this.#sums[rank] ?? 0) + 1);
    return Math.min(share, requests / (requests + 1), maxProbability);
  }

  /**
   * Counts a request that wants to go, and decides about it.
   *
   * @param request is told where it was counted, if it may go
   * @param chance gives a number from 0, below 1; asked only where some are turned away
   * @returns the probability with which it was turned away; 0 when it may go
   */
  ask(request: ThrottledRequest, rank: number, now: number, chance: () => number): number {
    const probability = this.probability(rank, now);
    const isTurnedAway = probability > 0 && chance() < probability;
    this.#count(this.#slice, rank, 1);
    if (isTurnedAway) return probability;
    this.#count(this.#slice, RANKS + rank, 1);
    request.slice = this.#slice;
    request.era = this.#era;
    return 0;
  }

  /** The dependency did not accept a request that was let through. */
  notAccepted(request: ThrottledRequest, rank: number, now: number): void {
    if (this.#spend(request, now)) this.#count(request.slice, RANKS + rank, -1);
    request.slice = NO_SLICE;
  }

  /** Nobody can say what the dependency made of a request that was let through: as if it had never been. */
  forget(request: ThrottledRequest, rank: number, now: number): void {
    if (this.#spend(request, now)) {
      this.#count(request.slice, rank, -1);
      this.#count(request.slice, RANKS + rank, -1);
    }
    request.slice = NO_SLICE;
  }

  /** Whether what a request was counted in is still remembered. */
  #spend(request: ThrottledRequest, now: number): boolean {
    this.#advance(now);
    return request.slice !== NO_SLICE && request.era === this.#era && request.slice > this.#slice - SLICES;
  }

  #advance(now: number): void {
    if (now >= this.#sliceStart - OUT_OF_ORDER_MS && now < this.#sliceEnd) return;
    const slice = Math.max(0, Math.floor(now / this.#sliceMs));
    // A clock that went back (fake timers, a restored machine) starts the count afresh.
    if (slice < this.#slice || slice - this.#slice >= SLICES) this.#clear();
    else for (let old = this.#slice + 1; old <= slice; old += 1) this.#drop(old);
    this.#slice = slice;
    this.#sliceStart = slice * this.#sliceMs;
    this.#sliceEnd = (slice + 1) * this.#sliceMs;
  }

  #clear(): void {
    this.#slices.fill(0);
    this.#sums.fill(0);
    this.#era += 1;
  }

  #drop(slice: number): void {
    const from = (slice % SLICES) * FIELDS;
    for (let field = 0; field < FIELDS; field += 1) {
      this.#sums[field] = (this.#sums[field] ?? 0) - (this.#slices[from + field] ?? 0);
      this.#slices[from + field] = 0;
    }
  }

  #count(slice: number, field: number, amount: number): void {
    const at = (slice % SLICES) * FIELDS + field;
    this.#slices[at] = (this.#slices[at] ?? 0) + amount;
    this.#sums[field] = (this.#sums[field] ?? 0) + amount;
  }
}
