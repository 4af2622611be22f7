import { monotonicNow } from '../../core/clock.ts';
import { LONGEST_TIMER_MS } from '../../core/deadlines.ts';

/** Looking takes no more of one turn of the event loop, so that it holds no call up when many are due at once. */
const LONGEST_TURN_MS = 4;

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
  readonly #look: (item: Item, now: number) => void;
  #timer: NodeJS.Timeout | undefined;
  #timerMadeBy: typeof setTimeout | undefined;
  #fireAt = Number.POSITIVE_INFINITY;
  #isClosed = false;

  /** @param look looks at one that is due; it must not throw, and `expect()`s it where it is to be looked at again */
  constructor(look: (item: Item, now: number) => void) {
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
    const begun = monotonicNow();
    let now = begun;
    this.#disarm();
    // What is to be looked at again comes last: it is due later, and waits for the next turn even where it is not.
    let left = this.#pending.size;
    for (const [item, { madeAt, dueAt }] of this.#pending) {
      if (left === 0) break;
      left -= 1;
      if (now < dueAt && now >= madeAt) continue;
      this.#pending.delete(item);
      this.#look(item, now);
      now = monotonicNow();
      if (Math.abs(now - begun) >= LONGEST_TURN_MS) break;
    }
    this.#armForNext(now);
  }

  #armForNext(now: number): void {
    let next = Number.POSITIVE_INFINITY;
    for (const { dueAt } of this.#pending.values()) next = Math.min(next, dueAt);
    if (next < this.#fireAt && !this.#isClosed) this.#arm(Math.max(1, next - now), now);
  }
}
