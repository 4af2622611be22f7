import { LiveSettings } from '../../core/adjustable.ts';
import { monotonicNow } from '../../core/clock.ts';
import { type LimitControl, SetByHand } from '../../core/control.ts';
import { ThrottledError } from '../../core/errors.ts';
import { shadowNote } from '../../core/explain.ts';
import { type LayerSample, layerFamilies } from '../../core/layer-metrics.ts';
import { LimitLayer } from '../../core/limit-layer.ts';
import { isTurnedAway, type Outcome } from '../../core/outcome.ts';
import { InnerPassage, type Passage } from '../../core/passage.ts';
import { PerEndpoint } from '../../core/per-endpoint.ts';
import type { Inner, Layer, Strategy } from '../../core/pipeline.ts';
import { priorities } from '../../core/priority.ts';
import type { PolicyRuntime } from '../../core/runtime.ts';
import { NO_SLICE, type ThrottledRequest, ThrottleMachine } from './machine.ts';
import { type ThrottleOptions, throttleSchema } from './options.ts';

/**
 * Turns away, by chance, a share of what a dependency would refuse anyhow: once it accepts less than one in
 * `multiplier` requests, so many are let through as come to `multiplier` times what it accepts. The least important
 * calls are turned away first: others only when that is not enough.
 *
 * @throws {InvalidOptionsError} when the options are wrong
 */
export function throttle(options: ThrottleOptions = {}): Strategy {
  return new ThrottleStrategy(options);
}

type Live = LiveSettings<typeof throttleSchema>;

class ThrottleStrategy implements Strategy {
  readonly kind = 'throttle';
  readonly key = 'throttle';
  readonly adjustable: Live;

  constructor(options: ThrottleOptions) {
    this.adjustable = new LiveSettings(throttleSchema, options, 'Options of throttle()', {
      fixed: ['windowMs'],
    });
  }

  describe(): string {
    const { multiplier, windowMs, maxProbability, mode } = this.adjustable.current;
    const most = maxProbability < 1 ? `, at most ${maxProbability * 100} % of them` : '';
    return (
      `throttle: turns calls away by chance, the least important first${most}, once fewer than ` +
      `1 in ${multiplier} of those of ${windowMs} ms are accepted${shadowNote(mode)}`
    );
  }

  bind(inner: Inner, runtime: PolicyRuntime): Layer {
    return new PerEndpoint(inner, () => new ThrottleLayer(inner, runtime, this.adjustable));
  }
}

class ThrottleLayer extends LimitLayer<Live> {
  readonly #machine: ThrottleMachine;
  readonly #byHand = new SetByHand<'multiplier'>('throttle');

  constructor(inner: Inner, runtime: PolicyRuntime, live: Live) {
    super(inner, runtime, live, 'throttled');
    this.#machine = new ThrottleMachine(live.current.windowMs, () => {
      const multiplier = this.#byHand.get('multiplier');
      return multiplier === undefined ? live.current : { ...live.current, multiplier };
    });
  }

  limits(): readonly LimitControl[] {
    const configured = this.live.current.multiplier;
    return [
      this.#byHand.limit('multiplier', {
        text: 'how many times what the dependency accepts is let through to it',
        type: 'factor',
        configured,
        current: this.#byHand.get('multiplier') ?? configured,
      }),
    ];
  }

  samples(): readonly LayerSample[] {
    const ratios = priorities.map((priority, rank) => ({
      family: layerFamilies.throttleRatio,
      labels: { priority },
      read: () => this.#machine.probability(rank, monotonicNow()),
    }));
    return [...ratios, this.shadowSample];
  }

  override settle(passage: Passage, outcome: Outcome, now: number): void {
    if (passage.opener !== this || !(passage instanceof Request)) {
      this.outer.settle(passage, outcome, now);
      return;
    }
    this.#judge(passage, outcome, now);
    passage.close();
    this.outer.settle(passage.outer, outcome, now);
  }

  protected decide(passage: Passage, now: number): void {
    const request = new Request(this, passage);
    const probability = this.#machine.ask(request, passage.call.settings.priority, now, Math.random);
    if (probability === 0) {
      this.inner.enter(request, now);
      return;
    }
    request.close();
    if (this.isShadow) {
      this.countInShadow(passage);
      // A listener may have ended the call; what lies within then settles it at once.
      this.inner.enter(passage, now);
    } else this.turnAway(passage, () => new ThrottledError(this.runtime.name, probability), now);
  }

  /** The circuit's rule: what counts as a failure there was not accepted; what does not count there does not here. */
  #judge(request: Request, outcome: Outcome, now: number): void {
    const { verdict } = outcome;
    const rank = request.call.settings.priority;
    if (isTurnedAway(outcome)) this.#machine.forget(request, rank, now);
    else if (verdict === 'transient' || verdict === 'permanent') {
      this.#machine.notAccepted(request, rank, now);
    } else if (verdict === 'defect' || verdict === 'ignored') this.#machine.forget(request, rank, now);
  }
}

/** A passage that was counted. */
class Request extends InnerPassage implements ThrottledRequest {
  slice = NO_SLICE;
  era = 0;
}
