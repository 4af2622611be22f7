import { priorities } from './priority.ts';

/** What stands in a `LinkedList`, in at most one at a time, and knows its neighbours there. */
export interface Linked<Item> {
  ahead: Item | undefined;
  behind: Item | undefined;
}

/** A list of which each item can leave at once, wherever it stands, and that allocates nothing for it. */
export class LinkedList<Item extends Linked<Item>> {
  first: Item | undefined = undefined;
  last: Item | undefined = undefined;
  size = 0;

  append(item: Item): void {
    item.ahead = this.last;
    if (this.last === undefined) this.first = item;
    else this.last.behind = item;
    this.last = item;
    this.size += 1;
  }

  /** @param item one of this list */
  remove(item: Item): void {
    const { ahead, behind } = item;
    if (ahead === undefined) this.first = behind;
    else ahead.behind = behind;
    if (behind === undefined) this.last = ahead;
    else behind.ahead = ahead;
    item.ahead = undefined;
    item.behind = undefined;
    this.size -= 1;
  }
}

/** What waits in a `PriorityQueue`. */
export interface Waiting<Item> extends Linked<Item> {
  /** Its place in `priorities`: 0 is the most important. */
  readonly rank: number;
}

/** Who waits: the most important first, and of those the one that has waited longest. */
export class PriorityQueue<Item extends Waiting<Item>> {
  readonly #lists: readonly LinkedList<Item>[] = priorities.map(() => new LinkedList<Item>());
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Whose turn is next. */
  get first(): Item | undefined {
    if (this.#size === 0) return undefined;
    return this.#lists.find(({ size }) => size > 0)?.first;
  }

  /** The latest of the least important. */
  get last(): Item | undefined {
    if (this.#size === 0) return undefined;
    return this.#lists.findLast(({ size }) => size > 0)?.last;
  }

  /** All of them, in the order of their turns. */
  get all(): readonly Item[] {
    const all: Item[] = [];
    for (const { first } of this.#lists) {
      for (let item = first; item !== undefined; item = item.behind) all.push(item);
    }
    return all;
  }

  /** How many would have their turn before a newcomer of `rank`. */
  countAhead(rank: number): number {
    let count = 0;
    for (let at = 0; at <= rank; at += 1) count += this.#lists[at]?.size ?? 0;
    return count;
  }

  add(item: Item): void {
    this.#lists[item.rank]?.append(item);
    this.#size += 1;
  }

  /** @param item one that waits in this queue */
  remove(item: Item): void {
    this.#lists[item.rank]?.remove(item);
    this.#size -= 1;
  }
}
