import type { LiveSettings } from '../../core/adjustable.ts';
import { type LimitControl, SetByHand } from '../../core/control.ts';
import { LimitReachedError, withoutStack } from '../../core/errors.ts';
import { type LayerSample, layerFamilies } from '../../core/layer-metrics.ts';
import { LimitLayer } from '../../core/limit-layer.ts';
import type { Outcome } from '../../core/outcome.ts';
import type { Passage } from '../../core/passage.ts';
import type { Inner } from '../../core/pipeline.ts';
import type { PolicyRuntime } from '../../core/runtime.ts';
import { GradientLimit } from './gradient.ts';
import { AdaptiveLimiter, type LimitBounds } from './limiter.ts';
import { withoutDelay } from './loop-delay.ts';
import type { liveLimitSchema } from './options.ts';
import { Place, type Placer } from './place.ts';
import { VegasLimit } from './vegas.ts';

/** The options of an adaptive limit at work. */
export type LiveLimit = LiveSettings<typeof liveLimitSchema>;

/** An adaptive limit at work. */
export class AdaptiveLimitLayer extends LimitLayer<LiveLimit> implements Placer {
  readonly #limiter: AdaptiveLimiter;
  /** Places whose operations were given up and still run, the longest first. */
  readonly #left = new Set<Place>();
  /** How many are in flight beyond the limit, as in shadow mode. */
  #extra = 0;
  readonly #byHand = new SetByHand<keyof LimitBounds>('adaptiveLimit', () => this.#limiter.clamp());

  constructor(inner: Inner, runtime: PolicyRuntime, live: LiveLimit) {
    super(inner, runtime, live, 'limit_reached');
    const { algorithm, initialLimit } = live.current;
    const rule = () => live.current;
    this.#limiter = new AdaptiveLimiter(
      algorithm === 'vegas' ? new VegasLimit(rule) : new GradientLimit(rule),
      initialLimit,
      () => this.#bounds,
    );
    live.onChange(() => this.#limiter.clamp());
  }

  limits(): readonly LimitControl[] {
    return [
      this.#limit('maxLimit', 'the most calls in flight that the adaptive limit may allow, 1 or more'),
      this.#limit('minLimit', 'the fewest calls in flight that the adaptive limit must allow, 1 or more'),
    ];
  }

  samples(): readonly LayerSample[] {
    return [
      { family: layerFamilies.adaptiveLimit, labels: {}, read: () => this.#limiter.limit },
      { family: layerFamilies.adaptiveLimitInUse, labels: {}, read: () => this.#limiter.inFlight },
      this.shadowSample,
    ];
  }

  override settle(passage: Passage, outcome: Outcome, now: number): void {
    if (passage.opener !== this || !(passage instanceof Place)) {
      this.outer.settle(passage, outcome, now);
      return;
    }
    passage.close();
    passage.stopClock(now);
    passage.isSettled = true;
    if (!passage.isOccupied) this.#release(passage);
    if (!passage.hasBegun) this.#learn(passage, outcome, now);
    this.outer.settle(passage.outer, outcome, now);
  }

  began(place: Place, now: number): void {
    this.#sample(place, false, now);
  }

  left(place: Place): void {
    // Last among them, as the one that was left last.
    this.#left.delete(place);
    this.#left.add(place);
  }

  ended(place: Place): void {
    this.#left.delete(place);
    if (place.isSettled) this.#release(place);
  }

  protected decide(passage: Passage, now: number): void {
    const isExtra = !this.#hasRoom(now);
    if (isExtra && !this.isShadow) {
      const { name } = this.runtime;
      const { limit } = this.#limiter;
      this.turnAway(passage, () => new LimitReachedError(name, limit), now);
      return;
    }
    if (isExtra) this.countInShadow(passage);
    const place = new Place(this, passage, now);
    place.isExtra = isExtra;
    if (isExtra) this.#extra += 1;
    this.#limiter.take(place);
    this.inner.enter(place, now);
  }

  get #bounds(): LimitBounds {
    const { minLimit, maxLimit } = this.live.current;
    const most = Math.max(1, this.#byHand.get('maxLimit') ?? maxLimit);
    const least = Math.max(1, this.#byHand.get('minLimit') ?? minLimit);
    return { minLimit: Math.min(least, most), maxLimit: most };
  }

  #limit(name: keyof LimitBounds, text: string): LimitControl {
    const configured = this.live.current[name];
    return this.#byHand.limit(name, { text, type: 'size', configured, current: this.#bounds[name] });
  }

  /** Those who would have been turned away would not be here to stand in the way of others. */
  get #besides(): number {
    return this.isShadow ? this.#extra : 0;
  }

  #hasRoom(now: number): boolean {
    if (this.#limiter.hasRoom(now, this.#besides)) return true;
    if (this.#left.size === 0) return false;
    this.#takeBack(now);
    return this.#limiter.hasRoom(now, this.#besides);
  }

  /** Takes the places of operations that do not end, and reports them. */
  #takeBack(now: number): void {
    const { maxLeaseMs } = this.live.current;
    for (const place of this.#left) {
      // A clock that went far back is not waited for.
      if (Math.abs(now - place.leftAt) < maxLeaseMs) return;
      if (!place.isSettled) continue;
      this.#left.delete(place);
      this.#release(place);
      this.runtime.report(
        'adaptive-limit',
        withoutStack(() => new Error(overdueText(this.runtime.name, maxLeaseMs))),
      );
    }
  }

  #release(place: Place): void {
    if (place.isReleased) return;
    place.isReleased = true;
    if (place.isExtra) this.#extra -= 1;
    this.#limiter.release();
  }

  /** Only what the dependency did, or was given its time to do, says how long it takes. */
  #learn(place: Place, { verdict, rejection, source, cut }: Outcome, now: number): void {
    if (rejection !== undefined || source !== 'live') return;
    const isAnswer = verdict === 'success' || verdict === 'refused';
    const isTimeout = cut !== undefined && (verdict === 'transient' || verdict === 'permanent');
    if (isAnswer || isTimeout) this.#sample(place, isTimeout, now);
  }

  #sample(place: Place, isTimeout: boolean, now: number): void {
    const { tookMs, delayMs } = place;
    const latencyMs = withoutDelay(tookMs, delayMs, this.#limiter.baselineMs);
    if (latencyMs === undefined) return;
    const timedOut = isTimeout && delayMs < tookMs / 2;
    this.#limiter.sample(place, latencyMs, timedOut, !this.isShadow, now);
  }
}

function overdueText(policy: string, maxLeaseMs: number): string {
  return (
    `An operation of policy '${policy}' did not end within ${maxLeaseMs} ms after it was given up; its place under the ` +
    'adaptive limit is free for another, and the operation may still run. Have operations end when their signal ' +
    'aborts, or raise adaptiveLimit.maxLeaseMs above what they may take.'
  );
}
