import type { Lease } from './lease.ts';
import type { Capacity, Places } from './places.ts';

/**
 * Who would wait in the queue of a bulkhead in shadow mode, where all are in at once: those who came when all places
 * were taken, in the order in which they came. It is looked at when one comes or goes, and has no timer.
 */
export class ShadowQueue {
  readonly #places: Places<Lease>;
  readonly #waiting = new Set<Lease>();

  constructor(places: Places<Lease>) {
    this.#places = places;
  }

  /** It would wait from now on, which is when its lease begins. */
  add(lease: Lease): void {
    this.#waiting.add(lease);
  }

  /** One that would have waited for `queueTimeoutMs` by now. It waits no longer, and takes no place. */
  takeTimedOut(queueTimeoutMs: number, now: number): Lease | undefined {
    const [first] = this.#waiting;
    if (first === undefined || now - first.leasedAt < queueTimeoutMs) return undefined;
    this.leave(first);
    return first;
  }

  /** Nobody waits for it any more. Where it would still wait, it would never take a place. */
  leave(lease: Lease): void {
    if (this.#waiting.delete(lease)) this.#places.makeExtra(lease);
  }

  /** Those whose turn has come wait no longer. */
  moveUp(capacity: Capacity): void {
    const beyond = this.#places.beyond(capacity);
    for (const lease of this.#waiting) {
      if (this.#waiting.size <= beyond) return;
      this.#waiting.delete(lease);
    }
  }

  /** Nobody waits any more. */
  clear(): void {
    this.#waiting.clear();
  }
}
