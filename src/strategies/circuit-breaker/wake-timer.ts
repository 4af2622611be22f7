import { afterDelay } from '../../core/timers.ts';
import { outsideRequests } from './own-context.ts';

/** A timer that keeps no process alive, and nothing of the request in which it was set. */
export class WakeTimer {
  #cancel: (() => void) | undefined = undefined;

  /** Calls `wake` after so long, instead of what it was set for. */
  set(delayMs: number, wake: () => void): void {
    this.clear();
    this.#cancel = outsideRequests(() => afterDelay(delayMs, wake));
  }

  clear(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }
}
