import { OUT_OF_ORDER_MS } from '../../core/clock.ts';
import type { SliCounts } from '../../metrics/sli.ts';

/** A sliding window. */
export interface WindowShape {
  readonly lengthMs: number;
  /** Into how many slots it is divided: it forgets one slot at a time. */
  readonly slots: number;
}

/** A slot of a window that holds events: how many slots it lies back, and how many are good and bad. */
export type SavedSlot = readonly [back: number, good: number, bad: number];

/** The slots of one window. */
export interface SavedWindow {
  readonly slotMs: number;
  readonly slots: readonly SavedSlot[];
}

/** What windows held at one moment. */
export interface SavedWindows {
  /** Time that had passed, in milliseconds; the slots are cut from its beginning. */
  readonly elapsedMs: number;
  /** How far back the oldest event lay that they ever held. */
  readonly observedMs: number;
  /** In the order of the shapes; `undefined` for one that is not known. */
  readonly windows: readonly (SavedWindow | undefined)[];
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
  /** How long before the beginning of that time the first event was. */
  #earlierMs = 0;
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

  /** How far back the first event lies, those included that were put back; 0 before it. */
  observedMs(now: number): number {
    if (this.#tickStart === undefined) return 0;
    this.turn(now);
    return this.#earlierMs + this.#elapsedAt(now);
  }

  /** What the windows hold at `now`; `undefined` before the first event. */
  save(now: number): SavedWindows | undefined {
    if (this.#tickStart === undefined) return undefined;
    this.turn(now);
    const elapsedMs = this.#elapsedAt(now);
    const { good, bad } = this.#totals;
    const windows = this.#rings.map((ring) => ({
      slotMs: ring.slotMs,
      slots: ring.save(this.#elapsedMs, elapsedMs, good - this.#goodBefore, bad - this.#badBefore),
    }));
    return { elapsedMs, observedMs: this.#earlierMs + elapsedMs, windows };
  }

  /**
   * Puts events back that other windows held `ageMs` ago, each with the age that it has now. Windows without events of
   * their own continue those others slot by slot; else a slot goes to where its oldest event would be.
   */
  restore({ elapsedMs, observedMs, windows }: SavedWindows, ageMs: number, now: number): void {
    const theirElapsedMs = elapsedMs + ageMs;
    if (this.#tickStart === undefined) {
      this.#elapsedMs = Math.floor(theirElapsedMs / this.#tickMs) * this.#tickMs;
      this.#beginTick(now - (theirElapsedMs - this.#elapsedMs));
    } else {
      this.turn(now);
    }
    const ownElapsedMs = this.#elapsedAt(now);
    this.#earlierMs = Math.max(this.#earlierMs, observedMs + ageMs - ownElapsedMs);
    const shiftMs = ownElapsedMs - theirElapsedMs;
    for (const [index, window] of windows.entries()) {
      if (window !== undefined) this.#rings[index]?.restore(window, elapsedMs, shiftMs, this.#elapsedMs);
    }
  }

  #elapsedAt(now: number): number {
    const passedMs = now - (this.#tickStart ?? now);
    return this.#elapsedMs + Math.min(Math.max(0, passedMs), this.#tickMs);
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
    this.#put(this.#current, good, bad);
  }

  /** Its slots that hold events, those given included, as they lie back from `elapsedMs`. */
  save(tickMs: number, elapsedMs: number, good: number, bad: number): readonly SavedSlot[] {
    this.advance(tickMs);
    const last = Math.floor(elapsedMs / this.slotMs);
    const saved: SavedSlot[] = [];
    for (let slot = this.#current; slot > this.#current - this.#slots; slot -= 1) {
      const at = this.#indexOf(slot);
      const own = slot === this.#current;
      const goodInSlot = (this.#store[at] ?? 0) + (own ? good : 0);
      const badInSlot = (this.#store[at + 1] ?? 0) + (own ? bad : 0);
      if (goodInSlot > 0 || badInSlot > 0) saved.push([last - slot, goodInSlot, badInSlot]);
    }
    return saved;
  }

  /**
   * Adds saved slots, less those that are too old.
   *
   * @param elapsedMs what had passed when they were saved
   * @param shiftMs what is to be added to that time to have it in time of this ring
   * @param tickMs start of the tick under way
   */
  restore({ slotMs, slots }: SavedWindow, elapsedMs: number, shiftMs: number, tickMs: number): void {
    this.advance(tickMs);
    const last = Math.floor(elapsedMs / slotMs);
    for (const [back, good, bad] of slots) {
      // A thousandth of a slot past its start, so that rounding does not put it into the one before.
      const slot = Math.floor(((last - back) * slotMs + slotMs / 1_000 + shiftMs) / this.slotMs);
      if (slot > this.#current - this.#slots) this.#put(Math.min(slot, this.#current), good, bad);
    }
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
      const at = this.#indexOf(this.#current);
      this.#store.fill(0, at, at + 2);
    }
  }

  #put(slot: number, good: number, bad: number): void {
    const at = this.#indexOf(slot);
    this.#store[at] = (this.#store[at] ?? 0) + good;
    this.#store[at + 1] = (this.#store[at + 1] ?? 0) + bad;
  }

  /** Where a slot is kept; what is put back may lie before the first event, and so have a negative number. */
  #indexOf(slot: number): number {
    const place = slot % this.#slots;
    return this.#at + 2 * (place < 0 ? place + this.#slots : place);
  }

  /** All good (0) or all bad (1) events. */
  sum(which: 0 | 1): number {
    let total = 0;
    for (let slot = 0; slot < this.#slots; slot += 1) total += this.#store[this.#at + 2 * slot + which] ?? 0;
    return total;
  }
}
