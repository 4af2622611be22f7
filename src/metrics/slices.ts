import { setImmediate as nextTurn } from 'node:timers/promises';
import { monotonicNow } from '../core/clock.ts';

/** How long work may take of a turn of the event loop before it lets others go first, in milliseconds. */
const SHORTEST_MS = 2;
const LONGEST_MS = 4;

/**
 * Cuts long work into slices, each in a turn of the event loop of its own. A slice is as long as others took for the
 * turn before it, within those bounds: where each turn is long, short slices would make the work last for ever.
 */
export class Slices {
  #begunAt = monotonicNow();
  #lengthMs = SHORTEST_MS;

  /** Whether it is time to call `next`. */
  get used(): boolean {
    return monotonicNow() - this.#begunAt >= this.#lengthMs;
  }

  /** Waits for another turn of the event loop, after whatever else is waiting for one. */
  async next(): Promise<void> {
    const left = monotonicNow();
    await nextTurn();
    this.#begunAt = monotonicNow();
    this.#lengthMs = Math.min(Math.max(this.#begunAt - left, SHORTEST_MS), LONGEST_MS);
  }
}

/** Hands on `items` in slices, for whoever works on each as it comes. */
export async function* inSlices<Item>(items: Iterable<Item>): AsyncGenerator<Item, void, void> {
  const slices = new Slices();
  for (const item of items) {
    yield item;
    if (slices.used) await slices.next();
  }
}
