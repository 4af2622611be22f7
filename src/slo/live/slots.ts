/** A sliding window. */
export interface WindowShape {
  readonly lengthMs: number;
  /** Into how many slots it is divided: it forgets one slot at a time. */
  readonly slots: number;
  /** Whether a slot is so long that it may hold more than `MOST_EVENTS`; then it holds `MOST_EVENTS_OF_LARGE`. */
  readonly isLarge?: boolean;
}

/** A slot of a window that holds events: how many slots it lies back, and how many are good and bad. */
export type SavedSlot = readonly [back: number, good: number, bad: number];

/** The slots of one window. */
export interface SavedWindow {
  readonly slotMs: number;
  readonly slots: readonly SavedSlot[];
}

/** Events that a slot can hold; what comes beyond is not counted. */
export const MOST_EVENTS = 2 ** 32 - 1;
/** Events that a slot of a large window can hold: few enough that the sum of a hundred slots is exact. */
export const MOST_EVENTS_OF_LARGE = 2 ** 46;

/** Where windows lie in a store. */
export interface Layout {
  readonly rings: readonly Ring[];
  /** The shortest slot, in milliseconds. */
  readonly tickMs: number;
}

const layouts = new WeakMap<readonly WindowShape[], Layout>();

/** The layout of windows; the same for the same array, so that thousands of objectives share one. */
export function layoutOf(shapes: readonly WindowShape[]): Layout {
  const known = layouts.get(shapes);
  if (known !== undefined) return known;
  const length = { small: 0, large: 0 };
  const rings = shapes.map((shape, index) => {
    const size = shape.isLarge === true ? 'large' : 'small';
    const ring = new Ring(shape, index, length[size]);
    length[size] += 2 * shape.slots;
    return ring;
  });
  const layout = { rings, tickMs: Math.min(...rings.map(({ slotMs }) => slotMs)) };
  layouts.set(shapes, layout);
  return layout;
}

/** The slots of all windows of one objective. */
export class SlotStore {
  /** Good and bad events by turns, ring by ring. */
  readonly small: Uint32Array;
  readonly large: Float64Array;
  /** Number of each ring's current slot, from the beginning of time. */
  readonly current: number[];

  constructor({ rings }: Layout) {
    const length = (isLarge: boolean) =>
      rings.reduce((sum, ring) => (ring.isLarge === isLarge ? sum + 2 * ring.slots : sum), 0);
    this.small = new Uint32Array(length(false));
    this.large = new Float64Array(length(true));
    this.current = rings.map(() => 0);
  }
}

/** The slots of one window, in whichever store. */
export class Ring {
  readonly slotMs: number;
  readonly slots: number;
  readonly isLarge: boolean;
  readonly #index: number;
  readonly #at: number;

  constructor({ lengthMs, slots, isLarge = false }: WindowShape, index: number, at: number) {
    this.slotMs = lengthMs / slots;
    this.slots = slots;
    this.isLarge = isLarge;
    this.#index = index;
    this.#at = at;
  }

  /** Adds events of the time `elapsedMs`, which never lies before that of an earlier one. */
  add(store: SlotStore, elapsedMs: number, good: number, bad: number): void {
    this.#put(store, this.advance(store, elapsedMs), good, bad);
  }

  /** Its slots that hold events, those given included, as they lie back from `elapsedMs`. */
  save(store: SlotStore, tickMs: number, elapsedMs: number, good: number, bad: number): readonly SavedSlot[] {
    const counts = this.#countsOf(store);
    const current = this.advance(store, tickMs);
    const last = Math.floor(elapsedMs / this.slotMs);
    const saved: SavedSlot[] = [];
    for (let slot = current; slot > current - this.slots; slot -= 1) {
      const at = this.#indexOf(slot);
      const goodInSlot = this.#sum(counts[at], slot === current ? good : 0);
      const badInSlot = this.#sum(counts[at + 1], slot === current ? bad : 0);
      if (goodInSlot > 0 || badInSlot > 0) saved.push([last - slot, goodInSlot, badInSlot]);
    }
    return saved;
  }

  /**
   * Adds saved slots, less those that are too old.
   *
   * @param elapsedMs what had passed when they were saved
   * @param shiftMs what is to be added to that time to have it in time of this store
   * @param tickMs start of the tick under way
   */
  restore(
    store: SlotStore,
    { slotMs, slots }: SavedWindow,
    elapsedMs: number,
    shiftMs: number,
    tickMs: number,
  ): void {
    const current = this.advance(store, tickMs);
    const last = Math.floor(elapsedMs / slotMs);
    for (const [back, good, bad] of slots) {
      // A thousandth of a slot past its start, so that rounding does not put it into the one before.
      const slot = Math.floor(((last - back) * slotMs + slotMs / 1_000 + shiftMs) / this.slotMs);
      if (slot > current - this.slots) this.#put(store, Math.min(slot, current), good, bad);
    }
  }

  /** Makes the slot of the time `elapsedMs` the current one, forgets what is now too old, and gives its number. */
  advance(store: SlotStore, elapsedMs: number): number {
    const { current } = store;
    const counts = this.#countsOf(store);
    const target = Math.floor(elapsedMs / this.slotMs);
    let slot = current[this.#index] ?? 0;
    if (target - slot >= this.slots) {
      counts.fill(0, this.#at, this.#at + 2 * this.slots);
      slot = target;
    }
    while (slot < target) {
      slot += 1;
      const at = this.#indexOf(slot);
      counts.fill(0, at, at + 2);
    }
    current[this.#index] = slot;
    return slot;
  }

  /** All good (0) or all bad (1) events. */
  sum(store: SlotStore, which: 0 | 1): number {
    const counts = this.#countsOf(store);
    let total = 0;
    for (let slot = 0; slot < this.slots; slot += 1) total += counts[this.#at + 2 * slot + which] ?? 0;
    return total;
  }

  #put(store: SlotStore, slot: number, good: number, bad: number): void {
    const counts = this.#countsOf(store);
    const at = this.#indexOf(slot);
    counts[at] = this.#sum(counts[at], good);
    counts[at + 1] = this.#sum(counts[at + 1], bad);
  }

  #countsOf({ small, large }: SlotStore): Uint32Array | Float64Array {
    return this.isLarge ? large : small;
  }

  #sum(held: number | undefined, more: number): number {
    return Math.min((held ?? 0) + more, this.isLarge ? MOST_EVENTS_OF_LARGE : MOST_EVENTS);
  }

  /** Where a slot is kept; what is put back may lie before the first event, and so have a negative number. */
  #indexOf(slot: number): number {
    const place = slot % this.slots;
    return this.#at + 2 * (place < 0 ? place + this.slots : place);
  }
}
