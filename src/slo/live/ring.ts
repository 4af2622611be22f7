import { OUT_OF_ORDER_MS } from '../../core/clock.ts';
import type { SliCounts } from '../../metrics/sli.ts';

/** A sliding window. */
export interface WindowShape {
  readonly lengthMs: number;
  /** Into how many slots it is divided: it forgets one slot at a time. */
  readonly slots: number;
}

/**
 * Good and bad events over several sliding windows, in bounded memory: 16 bytes a slot.
 *
 * Somebody else counts the events. When a tick (the shortest slot) is over, what has come to their counts since the
 * one before is put into the windows. Each window holds its current slot and those before it, together
 * never more than its length and never less than its length less one slot, give or take a tick.
 *
 * Time is the sum of the clock's steps forward. When the clock goes back, no time passes; nothing is lost, counted
 * twice or kept for ever.
 */
export class EventWindows {
  readonly #rings: readonly Ring[];
  readonly #tickMs: number;
  /** Start of the tick on the caller's clock; it begins with the first event. */
  #tickStart: number | undefined = undefined;
  #tickEnd = 0;
  /** Start of the tick in time passed since the first event. */
  #elapsedMs = 0;
  readonly #totals: SliCounts;
  /** The totals at the start of the tick. */
  #goodBefore: number;
  #badBefore: number;

  /** @param totals all events so far; live */
  constructor(shapes: readonly WindowShape[], totals: SliCounts) {
    this.#totals = totals;
    this.#goodBefore = totals.good;
    this.#badBefore = totals.bad;
    const store = new Float64Array(shapes.reduce((length, { slots }) => length + 2 * slots, 0));
    let at = 0;
    this.#rings = shapes.map(({ lengthMs, slots }) => {
      const ring = new Ring(store, at, slots, lengthMs / slots);
      at += 2 * slots;
      return ring;
    });
    this.#tickMs = Math.min(...this.#rings.map(({ slotMs }) => slotMs));
  }

  /** Start of the tick under way; `Infinity` before the first. */
  get tickStart(): number {
    return this.#tickStart ?? Number.POSITIVE_INFINITY;
  }

  /** End of the tick under way. */
  get tickEnd(): number {
    return this.#tickEnd;
  }

  /** What the window at `index` of the constructor's list holds at `now`. */
  counts(index: number, now: number): SliCounts {
    if (this.#tickStart !== undefined) this.turn(now);
    const ring = this.#rings[index];
    if (ring === undefined) return { good: 0, bad: 0 };
    ring.advance(this.#elapsedMs);
    const { good, bad } = this.#totals;
    return { good: ring.sum(0) + good - this.#goodBefore, bad: ring.sum(1) + bad - this.#badBefore };
  }

  /**
   * Ends the tick where it is over at `now`. To be called before an event is counted whose time lies outside the tick.
   *
   * @param now on a clock in milliseconds
   */
  turn(now: number): void {
    if (this.#tickStart === undefined) {
      this.#beginTick(now);
      return;
    }
    const passedMs = now - this.#tickStart;
    if (passedMs >= -OUT_OF_ORDER_MS && passedMs < this.#tickMs) return;
    const { good, bad } = this.#totals;
    for (const ring of this.#rings) ring.add(this.#elapsedMs, good - this.#goodBefore, bad - this.#badBefore);
    this.#goodBefore = good;
    this.#badBefore = bad;
    if (passedMs < 0) {
      this.#beginTick(now);
      return;
    }
    const wholeTicksMs = Math.floor(passedMs / this.#tickMs) * this.#tickMs;
    this.#elapsedMs += wholeTicksMs;
    this.#beginTick(this.#tickStart + wholeTicksMs);
  }

  #beginTick(start: number): void {
    this.#tickStart = start;
    this.#tickEnd = start + this.#tickMs;
  }
}

/** The slots of one window, in a store that it shares with others. */
class Ring {
  readonly slotMs: number;
  readonly #store: Float64Array;
  readonly #at: number;
  readonly #slots: number;
  /** Number of the current slot, from the beginning of time. */
  #current = 0;

  constructor(store: Float64Array, at: number, slots: number, slotMs: number) {
    this.#store = store;
    this.#at = at;
    this.#slots = slots;
    this.slotMs = slotMs;
  }

  /** Adds events of the time `elapsedMs`, which never lies before that of an earlier one. */
  add(elapsedMs: number, good: number, bad: number): void {
    this.advance(elapsedMs);
    const at = this.#at + 2 * (this.#current % this.#slots);
    this.#store[at] = (this.#store[at] ?? 0) + good;
    this.#store[at + 1] = (this.#store[at + 1] ?? 0) + bad;
  }

  /** Makes the slot of the time `elapsedMs` the current one and forgets what is now too old. */
  advance(elapsedMs: number): void {
    const target = Math.floor(elapsedMs / this.slotMs);
    if (target - this.#current >= this.#slots) {
      this.#store.fill(0, this.#at, this.#at + 2 * this.#slots);
      this.#current = target;
    }
    while (this.#current < target) {
      this.#current += 1;
      const at = this.#at + 2 * (this.#current % this.#slots);
      this.#store.fill(0, at, at + 2);
    }
  }

  /** All good (0) or all bad (1) events. */
  sum(which: 0 | 1): number {
    let total = 0;
    for (let slot = 0; slot < this.#slots; slot += 1) total += this.#store[this.#at + 2 * slot + which] ?? 0;
    return total;
  }
}
