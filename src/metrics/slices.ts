import { setImmediate as nextTurn } from 'node:timers/promises';
import { monotonicNow } from '../core/clock.ts';

/** How long work may take of a turn of the event loop before it lets others go first, in milliseconds. */
const SLICE_MS = 2;

/** Cuts long work into slices, each in a turn of the event loop of its own. */
export class Slices {
  #begunAt = monotonicNow();

  /** Whether it is time to call `next`. */
  get used(): boolean {
    return monotonicNow() - this.#begunAt >= SLICE_MS;
  }

  /** Waits for another turn of the event loop, after whatever else is waiting for one. */
  async next(): Promise<void> {
    await nextTurn();
    this.#begunAt = monotonicNow();
  }
}
