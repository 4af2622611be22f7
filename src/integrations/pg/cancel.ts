import type { PoolClient } from 'pg';
import { LONGEST_TIMER_MS } from '../../core/deadlines.ts';
import { type CancelTarget, cancelTarget, sendCancelRequest } from './cancel-request.ts';

/** How many requests are under way at once; each is a connection of its own. */
const CONCURRENT_REQUESTS = 4;

/** How long after a request that the server took it is asked again, while the statement still runs. */
const REPEAT_AFTER_MS = 50;

/** When a statement whose connection was closed without an answer is cancelled again, from its giving up. */
const LATER_MS: readonly number[] = [1_000, 3_000, 7_000, 15_000];

/** So many requests taken by the server after that are enough: by the second, the backend has read its statement. */
const ENOUGH_LATER = 2;

/** How many statements are cancelled later at one time; beyond it they are left to themselves. */
const MOST_LATER = 100;

/**
 * Cancels statements on the server.
 *
 * A request that comes before the backend has read its statement is void, and nobody tells. So it is repeated until
 * the statement's own connection answers. It is bounded in number and in time: few requests run at once, and when
 * the time is up the connection is closed without an answer. A server that hung then still has the statement before
 * it; a few requests more, in the background, catch it when it goes on.
 */
export class Canceller {
  readonly timeoutMs: number;
  readonly #clientOptions: object;
  readonly #waiting = new Set<() => void>();
  #running = 0;
  #later = 0;

  /**
   * @param clientOptions what the pool makes its clients with
   * @param timeoutMs how long a statement's connection is kept for its cancelling
   */
  constructor(clientOptions: object, timeoutMs: number) {
    this.#clientOptions = clientOptions;
    this.timeoutMs = Math.min(timeoutMs, LONGEST_TIMER_MS);
  }

  /**
   * Asks the server to cancel what `client` runs. Calls `done` once: when the returned function was called, because
   * the statement has answered, or when the time is up.
   */
  cancel(client: PoolClient, done: () => void): () => void {
    const target = cancelTarget(client, this.#clientOptions);
    if (target === undefined) {
      done();
      return () => {};
    }
    let over = false;
    let stopRequest: (() => void) | undefined;
    let repeating: NodeJS.Timeout | undefined;
    const finish = (): void => {
      if (over) return;
      over = true;
      clearTimeout(deadline);
      clearTimeout(repeating);
      stopRequest?.();
      done();
    };
    const ask = (): void => {
      stopRequest = this.#request(target, () => {
        if (!over) repeating = setTimeout(ask, REPEAT_AFTER_MS);
      });
    };
    const deadline = setTimeout(() => {
      finish();
      this.#cancelLater(target);
    }, this.timeoutMs);
    ask();
    return finish;
  }

  /** One request, in its turn. The returned function gives it up. */
  #request(target: CancelTarget, done: (taken: boolean) => void): () => void {
    let stop: (() => void) | undefined;
    const start = (): void => {
      this.#running += 1;
      stop = sendCancelRequest(target, (taken) => {
        this.#running -= 1;
        this.#startNext();
        done(taken);
      });
    };
    if (this.#running < CONCURRENT_REQUESTS) start();
    else this.#waiting.add(start);
    return () => {
      if (!this.#waiting.delete(start)) stop?.();
    };
  }

  #startNext(): void {
    for (const start of this.#waiting) {
      this.#waiting.delete(start);
      start();
      return;
    }
  }

  /** Keeps neither the process alive nor a connection of the pool. */
  #cancelLater(target: CancelTarget): void {
    if (this.#later >= MOST_LATER) return;
    this.#later += 1;
    let taken = 0;
    const tryAt = (turn: number): void => {
      const at = LATER_MS[turn];
      if (at === undefined || taken >= ENOUGH_LATER) {
        this.#later -= 1;
        return;
      }
      setTimeout(
        () => {
          const stop = this.#request(target, (accepted) => {
            clearTimeout(bound);
            if (accepted) taken += 1;
          });
          const bound = setTimeout(stop, this.timeoutMs).unref();
          tryAt(turn + 1);
        },
        at - (LATER_MS[turn - 1] ?? 0),
      ).unref();
    };
    tryAt(0);
  }
}
