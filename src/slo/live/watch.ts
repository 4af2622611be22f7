import { monotonicNow } from '../../core/clock.ts';
import { LONGEST_TIMER_MS } from '../../core/deadlines.ts';

/** So many are looked at in one turn of the event loop, so that they hold no call up when all are due at once. */
export const MOST_AT_ONCE = 200;

/** When something is due, on the monotonic clock. */
interface Appointment {
  readonly madeAt: number;
  readonly dueAt: number;
}

/**
 * Looks at what is pending when it is due, on one timer for all. The timer exists while something is pending, does not
 * keep the process alive, and follows a switch to or from fake timers with the next `expect()`.
 */
export class Watch<Item> {
  readonly #pending = new Map<Item, Appointment>();
  readonly #look: (due: readonly Item[], now: number) => void;
  #timer: NodeJS.Timeout | undefined;
  #timerMadeBy: typeof setTimeout | undefined;
  #fireAt = Number.POSITIVE_INFINITY;
  #isClosed = false;

  /** @param look looks at what is due; it must not throw, and `expect()`s what is to be looked at again */
  constructor(look: (due: readonly Item[], now: number) => void) {
    this.#look = look;
  }

  /** Lets `item` be looked at within `delayMs` from `now`, or sooner where that was agreed already. */
  expect(item: Item, delayMs: number, now: number): void {
    if (this.#isClosed || delayMs === Number.POSITIVE_INFINITY) return;
    const dueAt = now + delayMs;
    const agreed = this.#pending.get(item);
    // A time that lies before the appointment was made shows that the clock was set back.
    const isAgreed = agreed !== undefined && agreed.dueAt <= dueAt && agreed.madeAt <= now;
    if (!isAgreed) this.#pending.set(item, { madeAt: now, dueAt });
    const isArmed = this.#timerMadeBy === setTimeout && this.#fireAt <= dueAt;
    if (!isArmed) this.#arm(delayMs, now);
  }

  /** Forgets `item`. */
  forget(item: Item): void {
    this.#pending.delete(item);
    if (this.#pending.size === 0) this.#disarm();
  }

  /** Forgets all, for good. */
  close(): void {
    this.#isClosed = true;
    this.#pending.clear();
    this.#disarm();
  }

  #arm(delayMs: number, now: number): void {
    this.#disarm();
    this.#fireAt = now + delayMs;
    this.#timerMadeBy = setTimeout;
    this.#timer = setTimeout(() => this.#fire(), Math.min(Math.max(1, Math.ceil(delayMs)), LONGEST_TIMER_MS));
    this.#timer.unref();
  }

  #disarm(): void {
    // A timer made by another implementation (fake or real) is not this one's to clear.
    if (this.#timerMadeBy === setTimeout) clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#timerMadeBy = undefined;
    this.#fireAt = Number.POSITIVE_INFINITY;
  }

  #fire(): void {
    const now = monotonicNow();
    this.#disarm();
    const due: Item[] = [];
    for (const [item, { madeAt, dueAt }] of this.#pending) {
      if (now < dueAt && now >= madeAt) continue;
      due.push(item);
      this.#pending.delete(item);
      if (due.length === MOST_AT_ONCE) break;
    }
    this.#look(due, now);
    this.#armForNext(now);
  }

  #armForNext(now: number): void {
    let next = Number.POSITIVE_INFINITY;
    for (const { dueAt } of this.#pending.values()) next = Math.min(next, dueAt);
    if (next < this.#fireAt && !this.#isClosed) this.#arm(Math.max(1, next - now), now);
  }
}
