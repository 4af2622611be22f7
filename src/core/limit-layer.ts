import { withoutStack } from './errors.ts';
import { type LayerSample, shadowSample } from './layer-metrics.ts';
import { cutShort, type Outcome, type RejectionReason, rejected } from './outcome.ts';
import type { Passage } from './passage.ts';
import { edge, type Inner, type Layer, type Outer } from './pipeline.ts';
import type { PolicyRuntime } from './runtime.ts';

/** What a limit reads of its options. */
export interface LimitSettings {
  readonly current: { readonly mode: 'enforce' | 'shadow' };
}

/**
 * A layer that turns away what is too much. It has a say only in what would get through to the dependency: what an open
 * circuit within turns away goes on to it for free.
 */
export abstract class LimitLayer<Settings extends LimitSettings> implements Layer {
  outer: Outer = edge;
  protected readonly inner: Inner;
  protected readonly runtime: PolicyRuntime;
  protected readonly live: Settings;
  readonly #reason: RejectionReason;

  /** @param reason why it turns away */
  constructor(inner: Inner, runtime: PolicyRuntime, live: Settings, reason: RejectionReason) {
    this.inner = inner;
    this.runtime = runtime;
    this.live = live;
    this.#reason = reason;
  }

  enter(passage: Passage, now: number): void {
    if (passage.cause !== undefined) {
      this.outer.settle(passage, cutShort(passage.reason, passage.cause, 'ignored'), now);
    } else if (this.refuses(passage, now)) this.inner.enter(passage, now);
    else this.decide(passage, now);
  }

  settle(passage: Passage, outcome: Outcome, now: number): void {
    this.outer.settle(passage, outcome, now);
  }

  refuses(passage: Passage, now: number): boolean {
    return this.inner.refuses?.(passage, now) === true;
  }

  /** Lets it in, turns it away, or has it wait. */
  protected abstract decide(passage: Passage, now: number): void;

  /** Whether it only counts what it would turn away. */
  protected get isShadow(): boolean {
    return this.live.current.mode === 'shadow';
  }

  /** What it would have turned away in shadow mode. */
  protected get shadowSample(): LayerSample {
    return shadowSample(this.#reason, this.runtime.shadowRejections, () => this.isShadow);
  }

  protected turnAway(
    passage: Passage,
    makeError: () => unknown,
    now: number,
    retryAfterMs: number | undefined = undefined,
  ): void {
    this.runtime.rejected(this.#reason, retryAfterMs, passage.call.trace);
    const outcome = rejected(() => withoutStack(makeError), this.#reason, retryAfterMs);
    this.outer.settle(passage, outcome, now);
  }

  /** Counts one that it would have turned away. */
  protected countInShadow(passage: Passage, retryAfterMs: number | undefined = undefined): void {
    this.runtime.rejected(this.#reason, retryAfterMs, passage.call.trace, true);
  }
}
