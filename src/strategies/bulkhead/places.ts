import { LinkedList, PriorityQueue, type Waiting } from '../../core/priority-queue.ts';

/** What a call that comes to a bulkhead finds. */
export type Finding =
  /** A free place. */
  | 'place'
  /** No place, and room to wait for one. */
  | 'queue'
  /** No room to wait, but somebody less important who does. */
  | 'somebody-less-important'
  /** No place and no room. */
  | 'nothing';

/** Who waits for a place of a bulkhead or has one. */
export interface Occupant<Self> extends Waiting<Self> {
  /** Monotonic time from which on its lease counts. */
  leasedAt: number;
  /** Whether it is in on top of what the bulkhead allows, as in shadow mode. */
  isExtra: boolean;
}

/** How many a bulkhead takes. */
export interface Capacity {
  readonly maxConcurrent: number;
  readonly maxQueue: number;
}

/**
 * The places of a bulkhead and the queue before them. It only decides and counts: whose turn has come, somebody else
 * lets in. All that it does takes the same time for any number of places and waiters.
 */
export class Places<Item extends Occupant<Item>> {
  readonly #waiting = new PriorityQueue<Item>();
  /** Who is in, by the time from which on their lease counts. */
  readonly #leased = new LinkedList<Item>();
  #extra = 0;

  /** How many are in. */
  get inUse(): number {
    return this.#leased.size;
  }

  /** How many wait. */
  get queued(): number {
    return this.#waiting.size;
  }

  /** Whose turn is next. */
  get next(): Item | undefined {
    return this.#waiting.first;
  }

  /** The latest of the least important who wait. */
  get leastImportant(): Item | undefined {
    return this.#waiting.last;
  }

  /** All who wait, in the order of their turns. */
  get waiting(): readonly Item[] {
    return this.#waiting.all;
  }

  /** Who has been in for longest. */
  get oldest(): Item | undefined {
    return this.#leased.first;
  }

  hasPlace({ maxConcurrent }: Capacity): boolean {
    return this.inUse < maxConcurrent;
  }

  /** What one of `rank` finds that comes now. */
  find(rank: number, capacity: Capacity): Finding {
    const free = Math.max(0, capacity.maxConcurrent - this.inUse);
    // Nobody goes in past those who wait, not even while free places are being handed out to them.
    if (free > 0 && this.queued === 0) return 'place';
    if (this.queued - free < capacity.maxQueue) return 'queue';
    const last = this.#waiting.last;
    return last !== undefined && last.rank > rank ? 'somebody-less-important' : 'nothing';
  }

  /**
   * Whether one that comes now would be turned away, where nobody is: those who are in beyond the places would wait, and
   * those who would have been turned away would not be here.
   */
  wouldTurnAway(capacity: Capacity): boolean {
    return this.beyond(capacity) >= capacity.maxQueue;
  }

  /** How many of those who are in would wait: below 0 while there are places, which would be free. */
  beyond({ maxConcurrent }: Capacity): number {
    return this.inUse - this.#extra - maxConcurrent;
  }

  /** It waits from now on. */
  enqueue(item: Item): void {
    this.#waiting.add(item);
  }

  /** It waits no longer. */
  dequeue(item: Item): void {
    this.#waiting.remove(item);
  }

  /** It takes a place. */
  take(item: Item, now: number): void {
    item.leasedAt = now;
    this.#leased.append(item);
    if (item.isExtra) this.#extra += 1;
  }

  /** One that is in does not count among those whom the bulkhead allows any more. */
  makeExtra(item: Item): void {
    if (item.isExtra) return;
    item.isExtra = true;
    this.#extra += 1;
  }

  /** It leaves its place. */
  giveBack(item: Item): void {
    this.#leased.remove(item);
    if (item.isExtra) this.#extra -= 1;
  }

  /** Its lease counts anew. */
  renew(item: Item, now: number): void {
    this.#leased.remove(item);
    item.leasedAt = now;
    this.#leased.append(item);
  }

  /** Who has been in for longest, when that is at least `maxLeaseMs`. */
  overdue(now: number, maxLeaseMs: number): Item | undefined {
    const { first } = this.#leased;
    if (first === undefined) return undefined;
    // The clock was set back: nobody is kept for the time that it will take to get there again.
    if (first.leasedAt > now) first.leasedAt = now;
    return now - first.leasedAt >= maxLeaseMs ? first : undefined;
  }
}
