import { monotonicNow } from '../../core/clock.ts';
import { afterDelay } from '../timers.ts';

/** When something is to be looked at next, on the monotonic clock; infinite where nothing is. */
export type NextAt = () => number;

/** One timer for all that is to be looked at. There is none while nothing is, and it keeps no process alive. */
export class Agenda {
  readonly #nextAt: NextAt;
  readonly #wake: (now: number) => void;
  #cancel: (() => void) | undefined = undefined;
  #closed = false;

  /** @param wake must not throw */
  constructor(nextAt: NextAt, wake: (now: number) => void) {
    this.#nextAt = nextAt;
    this.#wake = wake;
  }

  /** Sets the timer anew, after anything that may have changed when it is due. */
  schedule(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    if (this.#closed) return;
    const next = this.#nextAt();
    if (next === Number.POSITIVE_INFINITY) return;
    this.#cancel = afterDelay(next - monotonicNow(), () => {
      this.#wake(monotonicNow());
      this.schedule();
    });
  }

  close(): void {
    this.#closed = true;
    this.schedule();
  }
}
