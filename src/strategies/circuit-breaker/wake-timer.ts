import { LONGEST_TIMER_MS } from '../../core/deadlines.ts';

/** A timer that keeps no process alive. */
export class WakeTimer {
  #timer: NodeJS.Timeout | undefined = undefined;

  /** Calls `wake` after so long, instead of what it was set for; sooner where that is longer than a timer can wait. */
  set(delayMs: number, wake: () => void): void {
    this.clear();
    this.#timer = setTimeout(wake, Math.min(Math.max(1, Math.ceil(delayMs)), LONGEST_TIMER_MS));
    this.#timer.unref();
  }

  clear(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
