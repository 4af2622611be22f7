import { InnerPassage, type Passage } from '../../core/passage.ts';
import type { Outer } from '../../core/pipeline.ts';
import type { Waiting } from '../../core/priority-queue.ts';
import type { EndCause } from '../../core/scope.ts';

/** Who has a waiter wait. */
export interface Host extends Outer {
  /** It is time to look after it: there may be a token, or it has waited for as long as it may. */
  wake(waiter: Waiter, now: number): void;
  /** Nobody waits for it any more, so it need not wait for its token either. */
  leftQueue(waiter: Waiter, cause: EndCause, reason: unknown): void;
}

/** A passage that waits for a token. What it waits for goes on in the passage around it. */
export class Waiter extends InnerPassage implements Waiting<Waiter> {
  readonly #host: Host;
  /** Monotonic time until which it may wait. */
  readonly mayWaitUntil: number;
  isWaiting = true;
  ahead: Waiter | undefined = undefined;
  behind: Waiter | undefined = undefined;

  constructor(host: Host, outer: Passage, mayWaitUntil: number) {
    super(host, outer);
    this.#host = host;
    this.mayWaitUntil = mayWaitUntil;
  }

  get rank(): number {
    return this.call.settings.priority;
  }

  override expire(now: number): void {
    this.#host.wake(this, now);
  }

  protected override stopped(cause: EndCause, reason: unknown): void {
    if (this.isWaiting) this.#host.leftQueue(this, cause, reason);
  }
}
