import { LONGEST_TIMER_MS } from '../../core/deadlines.ts';
import { outsideRequests } from './own-context.ts';

/** A timer that keeps no process alive, and nothing of the request in which it was set. */
export class WakeTimer {
  #timer: NodeJS.Timeout | undefined = undefined;

  /** Calls `wake` after so long, instead of what it was set for; sooner where that is longer than a timer can wait. */
  set(delayMs: number, wake: () => void): void {
    this.clear();
    const waitMs = Math.min(Math.max(1, Math.ceil(delayMs)), LONGEST_TIMER_MS);
    this.#timer = outsideRequests(() => setTimeout(wake, waitMs));
    this.#timer.unref();
  }

  clear(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
