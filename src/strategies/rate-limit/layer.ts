import type { LiveSettings } from '../../core/adjustable.ts';
import { monotonicNow } from '../../core/clock.ts';
import { type LimitControl, SetByHand } from '../../core/control.ts';
import { deadlines } from '../../core/deadlines.ts';
import { RateLimitedError, withoutStack } from '../../core/errors.ts';
import { type LayerSample, layerFamilies, shadowSample } from '../../core/layer-metrics.ts';
import { cutShort, failed, type Outcome, rejected } from '../../core/outcome.ts';
import type { Passage } from '../../core/passage.ts';
import { edge, type Inner, type Layer, type Outer } from '../../core/pipeline.ts';
import { PriorityQueue } from '../../core/priority-queue.ts';
import type { PolicyRuntime } from '../../core/runtime.ts';
import type { EndCause } from '../../core/scope.ts';
import { closedOutcome, lookWhenCircuitMoves } from '../../core/waiting-calls.ts';
import { defaultBurst, type rateLimitSchema } from './options.ts';
import { type Flow, isLonger, TokenBucket } from './token-bucket.ts';
import { type Host, Waiter } from './waiter.ts';

/** A rate limit at work. It keeps nothing of a call that finds a token. */
export class RateLimitLayer implements Layer, Host {
  outer: Outer = edge;
  readonly #inner: Inner;
  readonly #runtime: PolicyRuntime;
  readonly #live: LiveSettings<typeof rateLimitSchema>;
  readonly #bucket: TokenBucket;
  readonly #waiting = new PriorityQueue<Waiter>();
  readonly #byHand = new SetByHand<keyof Flow>('rateLimit', () => this.#changed());
  #isHandingOut = false;
  #isClosed = false;

  constructor(inner: Inner, runtime: PolicyRuntime, live: LiveSettings<typeof rateLimitSchema>) {
    this.#inner = inner;
    this.#runtime = runtime;
    this.#live = live;
    this.#bucket = new TokenBucket(this.#flow);
    live.onChange(() => this.#changed());
    lookWhenCircuitMoves(
      runtime,
      () => this.#waiting.size,
      () => this.#letPassRefused(),
    );
    runtime.onClose(() => this.#close());
  }

  limits(): readonly LimitControl[] {
    const { ratePerSecond, burst = defaultBurst(ratePerSecond) } = this.#live.current;
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

  refuses(passage: Passage, now: number): boolean {
    return this.#inner.refuses?.(passage, now) === true;
  }

  samples(): readonly LayerSample[] {
    return [
      { family: layerFamilies.rateLimitQueued, labels: {}, read: () => this.#waiting.size },
      shadowSample('rate_limited', this.#runtime.shadowRejections, () => this.#isShadow),
    ];
  }

  enter(passage: Passage, now: number): void {
    if (passage.cause !== undefined) {
      this.outer.settle(passage, cutShort(passage.reason, passage.cause, 'ignored'), now);
    } else if (this.refuses(passage, now)) this.#inner.enter(passage, now);
    else if (this.#isShadow) this.#enterInShadow(passage, now);
    // Nobody goes in past those who wait.
    else if (this.#waiting.size === 0 && this.#bucket.take(now)) this.#inner.enter(passage, now);
    else this.#waitOrTurnAway(passage, now);
  }

  settle(passage: Passage, outcome: Outcome, now: number): void {
    this.outer.settle(passage, outcome, now);
  }

  wake(waiter: Waiter, now: number): void {
    this.#handOut();
    if (!waiter.isWaiting) return;
    if (now >= waiter.mayWaitUntil) {
      this.#leaveQueue(waiter);
      this.#turnAway(waiter.outer, this.#bucket.waitMs(this.#waiting.countAhead(waiter.rank), now), now);
      this.#handOut();
    } else if (!waiter.armed) deadlines.arm(waiter, waiter.mayWaitUntil - now, now);
  }

  leftQueue(waiter: Waiter, cause: EndCause, reason: unknown): void {
    const wasFirst = waiter === this.#waiting.first;
    this.#leaveQueue(waiter);
    const now = monotonicNow();
    // An attempt's time that ran out here says nothing about the dependency.
    if (cause === 'attempt-timeout') this.#turnAwayWith(waiter.outer, () => reason, undefined, now);
    else this.outer.settle(waiter.outer, cutShort(reason, cause, 'ignored'), now);
    if (wasFirst) this.#handOut();
  }

  get #isShadow(): boolean {
    return this.#live.current.mode === 'shadow';
  }

  get #flow(): Flow {
    const { current } = this.#live;
    const ratePerSecond = this.#byHand.get('ratePerSecond') ?? current.ratePerSecond;
    const burst = this.#byHand.get('burst') ?? current.burst ?? defaultBurst(ratePerSecond);
    // With room for less than one token, none would ever be whole.
    return { ratePerSecond, burst: Math.max(1, burst) };
  }

  #changed(): void {
    this.#bucket.change(this.#flow, monotonicNow());
    // What passed in shadow without a token is no debt of those who come now.
    if (!this.#isShadow) this.#bucket.forgive();
    this.#handOut();
  }

  #enterInShadow(passage: Passage, now: number): void {
    const waitMs = this.#bucket.waitMs(0, now);
    if (waitMs > 0 && this.#isTooLong(waitMs, passage, now)) {
      this.#runtime.rejected('rate_limited', Math.ceil(waitMs), passage.call.trace, true);
    } else this.#bucket.owe(now);
    this.#inner.enter(passage, now);
  }

  #waitOrTurnAway(passage: Passage, now: number): void {
    const { maxWaitMs } = this.#live.current;
    const ahead = this.#waiting.countAhead(passage.call.settings.priority);
    const waitMs = this.#bucket.waitMs(ahead, now);
    if (this.#isClosed) this.#settleClosed(passage);
    else if (this.#isTooLong(waitMs, passage, now)) this.#turnAway(passage, waitMs, now);
    else {
      const waiter = new Waiter(this, passage, now + maxWaitMs);
      this.#waiting.add(waiter);
      deadlines.arm(waiter, maxWaitMs, now);
      if (waiter === this.#waiting.first) this.#handOut();
    }
  }

  /** Whether its token would come after it has waited for as long as it may, or when its deadline is over. */
  #isTooLong(waitMs: number, passage: Passage, now: number): boolean {
    return isLonger(waitMs, this.#live.current.maxWaitMs) || now + waitMs >= passage.deadlineAt();
  }

  #turnAway(passage: Passage, waitMs: number, now: number): void {
    const retryAfterMs = Math.ceil(waitMs);
    const { name } = this.#runtime;
    this.#turnAwayWith(passage, () => new RateLimitedError(name, retryAfterMs), retryAfterMs, now);
  }

  #turnAwayWith(
    passage: Passage,
    makeError: () => unknown,
    retryAfterMs: number | undefined,
    now: number,
  ): void {
    this.#runtime.rejected('rate_limited', retryAfterMs, passage.call.trace);
    const outcome = rejected(() => withoutStack(makeError), 'rate_limited', retryAfterMs);
    this.outer.settle(passage, outcome, now);
  }

  #leaveQueue(waiter: Waiter): void {
    waiter.isWaiting = false;
    waiter.close();
    this.#waiting.remove(waiter);
  }

  /** Gives the tokens that there are to whose turn has come, and wakes the next when there will be another. */
  #handOut(): void {
    if (this.#isHandingOut) return;
    this.#isHandingOut = true;
    try {
      for (let waiter = this.#waiting.first; waiter !== undefined; waiter = this.#waiting.first) {
        const now = monotonicNow();
        if (this.refuses(waiter.outer, now) || this.#bucket.take(now) || this.#isShadow) {
          this.#letIn(waiter, now);
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

  #letIn(waiter: Waiter, now: number): void {
    this.#leaveQueue(waiter);
    const passage = waiter.outer;
    passage.inContext(() => {
      try {
        this.#inner.enter(passage, now);
      } catch (error) {
        // No layer of this library throws; one of the user's own may, and this is another call's run.
        this.outer.settle(passage, failed(error, 'defect'), now);
      }
    });
  }

  /** Lets those go on whom a circuit within would turn away. */
  #letPassRefused(): void {
    for (const waiter of this.#waiting.all) {
      const now = monotonicNow();
      if (waiter.isWaiting && this.refuses(waiter.outer, now)) this.#letIn(waiter, now);
    }
    this.#handOut();
  }

  #close(): void {
    this.#isClosed = true;
    for (const waiter of this.#waiting.all) {
      if (!waiter.isWaiting) continue;
      this.#leaveQueue(waiter);
      waiter.inContext(() => this.#settleClosed(waiter.outer));
    }
  }

  #settleClosed(passage: Passage): void {
    this.outer.settle(passage, closedOutcome(this.#runtime), monotonicNow());
  }
}
