import { OUT_OF_ORDER_MS } from '../../core/clock.ts';
import type { SliCounts } from '../../metrics/sli.ts';
import { type Layout, layoutOf, type SavedWindow, SlotStore, type WindowShape } from './slots.ts';

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
 * Good and bad events over several sliding windows, in bounded memory: 8 bytes a slot, 16 in a large window.
 *
 * Somebody else counts the events. When a tick (the shortest slot) is over, what has come to their counts since the
 * one before is put into the windows. Each window holds its current slot and those before it, together
 * never more than its length and never less than its length less one slot, give or take a tick.
 *
 * Time is the sum of the clock's steps forward. When the clock goes back, no time passes; nothing is lost, counted
 * twice or kept for ever.
 */
export class EventWindows {
  readonly #layout: Layout;
  readonly #store: SlotStore;
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
    this.#layout = layoutOf(shapes);
    this.#store = new SlotStore(this.#layout);
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
    const ring = this.#layout.rings[index];
    if (ring === undefined) return { good: 0, bad: 0 };
    ring.advance(this.#store, this.#elapsedMs);
    const { good, bad } = this.#totals;
    return {
      good: ring.sum(this.#store, 0) + good - this.#goodBefore,
      bad: ring.sum(this.#store, 1) + bad - this.#badBefore,
    };
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
    const windows = this.#layout.rings.map((ring) => ({
      slotMs: ring.slotMs,
      slots: ring.save(
        this.#store,
        this.#elapsedMs,
        elapsedMs,
        good - this.#goodBefore,
        bad - this.#badBefore,
      ),
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
      this.#elapsedMs = Math.floor(theirElapsedMs / this.#layout.tickMs) * this.#layout.tickMs;
      this.#beginTick(now - (theirElapsedMs - this.#elapsedMs));
    } else {
      this.turn(now);
    }
    const ownElapsedMs = this.#elapsedAt(now);
    this.#earlierMs = Math.max(this.#earlierMs, observedMs + ageMs - ownElapsedMs);
    const shiftMs = ownElapsedMs - theirElapsedMs;
    for (const [index, window] of windows.entries()) {
      if (window !== undefined)
        this.#layout.rings[index]?.restore(this.#store, window, elapsedMs, shiftMs, this.#elapsedMs);
    }
  }

  #elapsedAt(now: number): number {
    const passedMs = now - (this.#tickStart ?? now);
    return this.#elapsedMs + Math.min(Math.max(0, passedMs), this.#layout.tickMs);
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
    if (passedMs >= -OUT_OF_ORDER_MS && passedMs < this.#layout.tickMs) return;
    const { good, bad } = this.#totals;
    for (const ring of this.#layout.rings)
      ring.add(this.#store, this.#elapsedMs, good - this.#goodBefore, bad - this.#badBefore);
    this.#goodBefore = good;
    this.#badBefore = bad;
    if (passedMs < 0) {
      this.#beginTick(now);
      return;
    }
    const wholeTicksMs = Math.floor(passedMs / this.#layout.tickMs) * this.#layout.tickMs;
    this.#elapsedMs += wholeTicksMs;
    this.#beginTick(this.#tickStart + wholeTicksMs);
  }

  #beginTick(start: number): void {
    this.#tickStart = start;
    this.#tickEnd = start + this.#layout.tickMs;
  }
}
