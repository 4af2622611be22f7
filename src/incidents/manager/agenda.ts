import { monotonicNow } from '../../core/clock.ts';
import { afterDelay } from '../../core/timers.ts';

/** When something is to be looked at next, on the monotonic clock; infinite where nothing is. */
export type NextAt = () => number;

/** How long it rests after it woke: whoever says that something is due, and does nothing about it, costs no more. */
const LEAST_REST_MS = 50;

/** One timer for all that is to be looked at. There is none while nothing is, and it keeps no process alive. */
export class Agenda {
  readonly #nextAt: NextAt;
  readonly #wake: (now: number) => void;
  #cancel: (() => void) | undefined = undefined;
  #dueAt = Number.POSITIVE_INFINITY;
  #waking = false;
  #closed = false;
  /** On the monotonic clock. */
  #restsUntil = Number.NEGATIVE_INFINITY;

  /** @param wake must not throw */
  constructor(nextAt: NextAt, wake: (now: number) => void) {
    this.#nextAt = nextAt;
    this.#wake = wake;
  }

  /** Sets the timer anew, after anything that may have changed when it is due. */
  schedule(): void {
    // Whatever is woken up for is scheduled anew once all of it was done.
    if (!this.#waking) this.#set(this.#closed ? Number.POSITIVE_INFINITY : this.#nextAt());
  }

  /** Has the timer be due at `at` at the latest: cheaper than `schedule` where the rest is as it was. */
  notAfter(at: number): void {
    if (!this.#waking && !this.#closed && at < this.#dueAt) this.#set(at);
  }

  close(): void {
    this.#closed = true;
    this.#set(Number.POSITIVE_INFINITY);
  }

  #set(at: number): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#dueAt = at;
    if (at === Number.POSITIVE_INFINITY) return;
    this.#cancel = afterDelay(Math.max(at, this.#restsUntil) - monotonicNow(), () => this.#wakeUp());
  }

  #wakeUp(): void {
    const now = monotonicNow();
    this.#restsUntil = now + LEAST_REST_MS;
    this.#waking = true;
    this.#wake(now);
    this.#waking = false;
    this.schedule();
  }
}
