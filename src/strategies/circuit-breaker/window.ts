import { OUT_OF_ORDER_MS } from '../../core/clock.ts';
import type { CircuitWindow } from './options.ts';

/** The attempts that a circuit judges by. Recording and reading cost the same however many it holds. */
export interface AttemptWindow {
  readonly attempts: number;
  readonly failures: number;
  readonly slow: number;
  /** The part of the window that the attempt recorded last is in, and the oldest that it still has some of. */
  readonly slot: number;
  readonly oldestSlot: number;
  record(failed: boolean, slow: boolean, now: number): void;
  /** Forgets what is too old at `now`. */
  advance(now: number): void;
  clear(): void;
  /** Records what it holds in another one of its type, the oldest first. */
  pourInto(other: AttemptWindow, now: number): void;
}

/** A window of another shape that holds what `window` does, as far as it reaches; one of another type is empty. */
export function resizedWindow(window: AttemptWindow, shape: CircuitWindow, now: number): AttemptWindow {
  const resized = attemptWindow(shape);
  window.advance(now);
  if (resized.constructor === window.constructor) window.pourInto(resized, now);
  resized.advance(now);
  return resized;
}

export function isSameShape(a: CircuitWindow, b: CircuitWindow): boolean {
  if (a.type === 'time') return b.type === 'time' && a.ms === b.ms;
  return b.type === 'count' && a.size === b.size;
}

export function attemptWindow(shape: CircuitWindow): AttemptWindow {
  return shape.type === 'time' ? new TimeWindow(shape.ms) : new CountWindow(shape.size);
}

const SLICES = 10;
const FIELDS = 3;

/** The attempts of the last so many milliseconds, in ten slices; the oldest slice is forgotten as a whole. */
class TimeWindow implements AttemptWindow {
  attempts = 0;
  failures = 0;
  slow = 0;
  readonly #ms: number;
  /** Attempts, failures and slow attempts of each slice. */
  readonly #slices: number[] = new Array(SLICES * FIELDS).fill(0);
  #slice = 0;
  /** Where its fields are, and when it begins and ends. */
  #at = 0;
  #sliceStart = 0;
  #sliceEnd = 0;

  constructor(ms: number) {
    this.#ms = ms;
  }

  get slot(): number {
    return this.#slice;
  }

  get oldestSlot(): number {
    return this.#slice - SLICES + 1;
  }

  record(failed: boolean, slow: boolean, now: number): void {
    this.advance(now);
    const at = this.#at;
    this.attempts += 1;
    this.#add(at, 1);
    if (failed) {
      this.failures += 1;
      this.#add(at + 1, 1);
    }
    if (slow) {
      this.slow += 1;
      this.#add(at + 2, 1);
    }
  }

  advance(now: number): void {
    if (now >= this.#sliceStart - OUT_OF_ORDER_MS && now < this.#sliceEnd) return;
    // Multiplied first: divided by a tenth of the window, a time where a slice begins may come out as before it.
    const slice = Math.max(0, Math.floor((now * SLICES) / this.#ms));
    if (slice < this.#slice || slice - this.#slice >= SLICES) this.clear();
    else for (let old = this.#slice + 1; old <= slice; old += 1) this.#forget((old % SLICES) * FIELDS);
    this.#slice = slice;
    this.#at = (slice % SLICES) * FIELDS;
    this.#sliceStart = this.#startOf(slice);
    this.#sliceEnd = this.#startOf(slice + 1);
  }

  clear(): void {
    this.#slices.fill(0);
    this.attempts = 0;
    this.failures = 0;
    this.slow = 0;
  }

  /** Which of a slice's attempts failed and were slow both is not known; the counts are the same. */
  pourInto(other: AttemptWindow, _now: number): void {
    for (let slice = Math.max(0, this.oldestSlot); slice <= this.#slice; slice += 1) {
      const at = (slice % SLICES) * FIELDS;
      const [attempts = 0, failures = 0, slow = 0] = this.#slices.slice(at, at + FIELDS);
      for (let attempt = 0; attempt < attempts; attempt += 1)
        other.record(attempt < failures, attempt < slow, this.#startOf(slice));
    }
  }

  #startOf(slice: number): number {
    return (slice * this.#ms) / SLICES;
  }

  #forget(at: number): void {
    this.attempts -= this.#slices[at] ?? 0;
    this.failures -= this.#slices[at + 1] ?? 0;
    this.slow -= this.#slices[at + 2] ?? 0;
    this.#slices.fill(0, at, at + FIELDS);
  }

  #add(at: number, amount: number): void {
    this.#slices[at] = (this.#slices[at] ?? 0) + amount;
  }
}

const FAILED = 1;
const SLOW = 2;

/** Places that the ring of a count window begins with; most keys come seldom. */
const FIRST_PLACES = 16;

/** The last so many attempts, in a ring that grows as it fills. */
class CountWindow implements AttemptWindow {
  attempts = 0;
  failures = 0;
  slow = 0;
  readonly #size: number;
  #ring: Uint8Array;
  #next = 0;
  /** How often the ring was gone round. */
  #laps = 0;

  constructor(size: number) {
    this.#size = size;
    this.#ring = new Uint8Array(Math.min(size, FIRST_PLACES));
  }

  get slot(): number {
    return this.#slotOf(this.#laps * this.#size + this.#next - 1);
  }

  get oldestSlot(): number {
    return this.#slotOf(this.#laps * this.#size + this.#next - this.attempts);
  }

  record(failed: boolean, slow: boolean, _now: number): void {
    if (this.attempts === this.#size) this.#count(this.#ring[this.#next] ?? 0, -1);
    else this.attempts += 1;
    const bits = (failed ? FAILED : 0) | (slow ? SLOW : 0);
    if (this.#next === this.#ring.length) this.#grow();
    this.#ring[this.#next] = bits;
    this.#count(bits, 1);
    this.#next += 1;
    if (this.#next < this.#size) return;
    this.#next = 0;
    this.#laps += 1;
  }

  advance(_now: number): void {}

  clear(): void {
    this.attempts = 0;
    this.failures = 0;
    this.slow = 0;
    this.#next = 0;
    this.#laps = 0;
    this.#ring = new Uint8Array(Math.min(this.#size, FIRST_PLACES));
  }

  pourInto(other: AttemptWindow, now: number): void {
    const oldest = this.#next - this.attempts + this.#size;
    for (let at = oldest; at < oldest + this.attempts; at += 1) {
      const bits = this.#ring[at % this.#size] ?? 0;
      other.record((bits & FAILED) !== 0, (bits & SLOW) !== 0, now);
    }
  }

  #grow(): void {
    const ring = new Uint8Array(Math.min(this.#size, this.#ring.length * 2));
    ring.set(this.#ring);
    this.#ring = ring;
  }

  #slotOf(attempt: number): number {
    return Math.floor((attempt * SLICES) / this.#size);
  }

  #count(bits: number, sign: 1 | -1): void {
    if ((bits & FAILED) !== 0) this.failures += sign;
    if ((bits & SLOW) !== 0) this.slow += sign;
  }
}
