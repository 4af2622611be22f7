import type { LiveSettings } from '../../core/adjustable.ts';
import { monotonicNow } from '../../core/clock.ts';
import { type LimitControl, SetByHand } from '../../core/control.ts';
import { deadlines } from '../../core/deadlines.ts';
import { RateLimitedError } from '../../core/errors.ts';
import { type LayerSample, layerFamilies } from '../../core/layer-metrics.ts';
import type { Passage } from '../../core/passage.ts';
import type { Inner } from '../../core/pipeline.ts';
import { PriorityQueue } from '../../core/priority-queue.ts';
import { QueueingLayer } from '../../core/queueing-layer.ts';
import type { PolicyRuntime } from '../../core/runtime.ts';
import type { EndCause } from '../../core/scope.ts';
import { defaultBurst, type rateLimitSchema } from './options.ts';
import { type Flow, isLonger, TokenBucket } from './token-bucket.ts';
import { type Host, Waiter } from './waiter.ts';

type Live = LiveSettings<typeof rateLimitSchema>;

/** A rate limit at work. It keeps nothing of a call that finds a token. */
export class RateLimitLayer extends QueueingLayer<Live, Waiter> implements Host {
  readonly #bucket: TokenBucket;
  readonly #queue = new PriorityQueue<Waiter>();
  readonly #byHand = new SetByHand<keyof Flow>('rateLimit', () => this.#changed());
  #isHandingOut = false;

  constructor(inner: Inner, runtime: PolicyRuntime, live: Live) {
    super(inner, runtime, live, 'rate_limited');
    this.#bucket = new TokenBucket(this.#flow);
    live.onChange(() => this.#changed());
  }

  limits(): readonly LimitControl[] {
    const { ratePerSecond, burst = defaultBurst(ratePerSecond) } = this.live.current;
    const flow = this.#flow;
    return [
      this.#byHand.limit('ratePerSecond', {
        text: 'tokens of the rate limit that come in a second',
        type: 'rate',
        configured: ratePerSecond,
        current: flow.ratePerSecond,
      }),
      this.#byHand.limit('burst', {
        text: 'tokens of the rate limit that are kept at most',
        type: 'size',
        configured: burst,
        current: flow.burst,
      }),
    ];
  }

  samples(): readonly LayerSample[] {
    return [
      { family: layerFamilies.rateLimitQueued, labels: {}, read: () => this.#queue.size },
      this.shadowSample,
    ];
  }

  wake(waiter: Waiter, now: number): void {
    this.#handOut();
    if (!waiter.isWaiting) return;
    if (now >= waiter.mayWaitUntil) {
      this.leaveQueue(waiter);
      this.#turnAwayFor(waiter.outer, this.#bucket.waitMs(this.#queue.countAhead(waiter.rank), now), now);
      this.#handOut();
    } else if (!waiter.armed) deadlines.arm(waiter, waiter.mayWaitUntil - now, now);
  }

  override leftQueue(waiter: Waiter, cause: EndCause, reason: unknown): void {
    const wasFirst = waiter === this.#queue.first;
    super.leftQueue(waiter, cause, reason);
    if (wasFirst) this.#handOut();
  }

  protected get waiting(): readonly Waiter[] {
    return this.#queue.all;
  }

  protected leaveQueue(waiter: Waiter): void {
    waiter.isWaiting = false;
    waiter.close();
    this.#queue.remove(waiter);
  }

  protected decide(passage: Passage, now: number): void {
    if (this.isShadow) this.#enterInShadow(passage, now);
    // Nobody goes in past those who wait.
    else if (this.#queue.size === 0 && this.#bucket.take(now)) this.inner.enter(passage, now);
    else this.#waitOrTurnAway(passage, now);
  }

  protected override letRefusedThrough(): void {
    super.letRefusedThrough();
    this.#handOut();
  }

  get #flow(): Flow {
    const { current } = this.live;
    const ratePerSecond = this.#byHand.get('ratePerSecond') ?? current.ratePerSecond;
    const burst = this.#byHand.get('burst') ?? current.burst ?? defaultBurst(ratePerSecond);
    // With room for less than one token, none would ever be whole.
    return { ratePerSecond, burst: Math.max(1, burst) };
  }

  #changed(): void {
    this.#bucket.change(this.#flow, monotonicNow());
    // What passed in shadow without a token is no debt of those who come now.
    if (!this.isShadow) this.#bucket.forgive();
    this.#handOut();
  }

  #enterInShadow(passage: Passage, now: number): void {
    const waitMs = this.#bucket.waitMs(0, now);
    if (waitMs > 0 && this.#isTooLong(waitMs, passage, now)) {
      this.countInShadow(passage, Math.ceil(waitMs));
    } else this.#bucket.owe(now);
    this.inner.enter(passage, now);
  }

  #waitOrTurnAway(passage: Passage, now: number): void {
    const { maxWaitMs } = this.live.current;
    const ahead = this.#queue.countAhead(passage.call.settings.priority);
    const waitMs = this.#bucket.waitMs(ahead, now);
    if (this.isClosed) this.settleClosed(passage);
    else if (this.#isTooLong(waitMs, passage, now)) this.#turnAwayFor(passage, waitMs, now);
    else {
      const waiter = new Waiter(this, passage, now + maxWaitMs);
      this.#queue.add(waiter);
      deadlines.arm(waiter, maxWaitMs, now);
      if (waiter === this.#queue.first) this.#handOut();
    }
  }

  /** Whether its token would come after it has waited for as long as it may, or when its deadline is over. */
  #isTooLong(waitMs: number, passage: Passage, now: number): boolean {
    return isLonger(waitMs, this.live.current.maxWaitMs) || now + waitMs >= passage.deadlineAt();
  }

  #turnAwayFor(passage: Passage, waitMs: number, now: number): void {
    const retryAfterMs = Math.ceil(waitMs);
    const { name } = this.runtime;
    this.turnAway(passage, () => new RateLimitedError(name, retryAfterMs), now, retryAfterMs);
  }

  /** Gives the tokens that there are to whose turn has come, and wakes the next when there will be another. */
  #handOut(): void {
    if (this.#isHandingOut) return;
    this.#isHandingOut = true;
    try {
      for (let waiter = this.#queue.first; waiter !== undefined; waiter = this.#queue.first) {
        const now = monotonicNow();
        if (this.refuses(waiter.outer, now) || this.#bucket.take(now) || this.isShadow) {
          this.letThrough(waiter, now);
        } else {
          const leftMs = waiter.mayWaitUntil - now;
          deadlines.arm(waiter, Math.min(this.#bucket.waitMs(0, now), leftMs), now);
          break;
        }
      }
    } finally {
      this.#isHandingOut = false;
    }
  }
}
