import { monotonicNow } from './clock.ts';
import { ClosedError, withoutStack } from './errors.ts';
import { LimitLayer, type LimitSettings } from './limit-layer.ts';
import { cutShort, failed, type RejectionReason } from './outcome.ts';
import type { InnerPassage, Passage } from './passage.ts';
import type { Inner } from './pipeline.ts';
import type { PolicyRuntime } from './runtime.ts';
import type { EndCause } from './scope.ts';

/** A passage that may wait for its turn in a layer. */
export interface QueuedPassage extends InnerPassage {
  readonly isWaiting: boolean;
}

/**
 * A limit that has calls wait. They wait neither behind an open circuit nor for longer than their policy is there; whose
 * turn comes when is the layer's own.
 */
export abstract class QueueingLayer<
  Settings extends LimitSettings,
  Queued extends QueuedPassage,
> extends LimitLayer<Settings> {
  #willLook = false;

  constructor(inner: Inner, runtime: PolicyRuntime, live: Settings, reason: RejectionReason) {
    super(inner, runtime, live, reason);
    runtime.keepsContext = true;
    runtime.onCircuitMove(() => this.#lookSoon());
    runtime.onClose(() => this.#close());
  }

  /** All who wait, in the order of their turns. */
  protected abstract get waiting(): readonly Queued[];

  /** Whether nobody may begin to wait any more. */
  protected get isClosed(): boolean {
    return this.runtime.isClosed;
  }

  /** It waits no longer. */
  protected abstract leaveQueue(queued: Queued): void;

  /** Nobody waits for it any more, so it need not wait for its turn either. */
  leftQueue(queued: Queued, cause: EndCause, reason: unknown): void {
    this.leaveQueue(queued);
    const now = monotonicNow();
    // An attempt's time that ran out here says nothing about the dependency.
    if (cause === 'attempt-timeout') this.turnAway(queued.outer, () => reason, now);
    else this.outer.settle(queued.outer, cutShort(reason, cause, 'ignored'), now);
  }

  /** Lets one who waits go on in the passage around it. */
  protected letThrough(queued: Queued, now: number): void {
    this.leaveQueue(queued);
    const passage = queued.outer;
    passage.inContext(() => {
      try {
        this.inner.enter(passage, now);
      } catch (error) {
        // No layer of this library throws; one of the user's own may, and this is another call's run.
        this.outer.settle(passage, failed(error, 'defect'), now);
      }
    });
  }

  /** Lets those go on whom a circuit within would turn away. */
  protected letRefusedThrough(): void {
    for (const queued of this.waiting) {
      const now = monotonicNow();
      if (queued.isWaiting && this.refuses(queued.outer, now)) this.letThrough(queued, now);
    }
  }

  /** Settles one that has nothing to wait for, since the policy is closed. */
  protected settleClosed(passage: Passage): void {
    const error = withoutStack(() => new ClosedError(this.runtime.name));
    this.outer.settle(passage, failed(error, 'ignored'), monotonicNow());
  }

  /**
   * What waits behind a circuit that has opened need not wait; but whoever moved it must be done first. Where many move
   * at once, as those of keys do by hand, all who wait are looked at once.
   */
  #lookSoon(): void {
    if (this.#willLook) return;
    this.#willLook = true;
    queueMicrotask(() => {
      this.#willLook = false;
      this.letRefusedThrough();
    });
  }

  #close(): void {
    for (const queued of this.waiting) {
      if (!queued.isWaiting) continue;
      this.leaveQueue(queued);
      queued.inContext(() => this.settleClosed(queued.outer));
    }
  }
}
