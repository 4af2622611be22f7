import { LiveSettings } from '../../core/adjustable.ts';
import { monotonicNow } from '../../core/clock.ts';
import type { LimitControl } from '../../core/control.ts';
import { ThrottledError, withoutStack } from '../../core/errors.ts';
import { type LayerSample, layerFamilies, shadowSample } from '../../core/layer-metrics.ts';
import { cutShort, isTurnedAway, type Outcome, rejected } from '../../core/outcome.ts';
import { InnerPassage, type Passage } from '../../core/passage.ts';
import { PerEndpoint } from '../../core/per-endpoint.ts';
import { edge, type Inner, type Layer, type Outer, type Strategy } from '../../core/pipeline.ts';
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
    const shadow = mode === 'shadow' ? ' (shadow: turns nothing away)' : '';
    return (
      `throttle: turns calls away by chance, the least important first${most}, once fewer than ` +
      `1 in ${multiplier} of those of ${windowMs} ms are accepted${shadow}`
    );
  }

  bind(inner: Inner, runtime: PolicyRuntime): Layer {
    return new PerEndpoint(inner, () => new ThrottleLayer(inner, runtime, this.adjustable));
  }
}

class ThrottleLayer implements Layer {
  outer: Outer = edge;
  readonly #inner: Inner;
  readonly #runtime: PolicyRuntime;
  readonly #live: Live;
  readonly #machine: ThrottleMachine;
  /** Set by hand, in place of what the options say. */
  #multiplier: number | undefined = undefined;

  constructor(inner: Inner, runtime: PolicyRuntime, live: Live) {
    this.#inner = inner;
    this.#runtime = runtime;
    this.#live = live;
    this.#machine = new ThrottleMachine(live.current.windowMs, () =>
      this.#multiplier === undefined
        ? live.current
        : { multiplier: this.#multiplier, maxProbability: live.current.maxProbability },
    );
  }

  limits(): readonly LimitControl[] {
    const configured = this.#live.current.multiplier;
    return [
      {
        name: 'throttle.multiplier',
        text: 'how many times what the dependency accepts is let through to it',
        type: 'factor',
        configured,
        current: this.#multiplier ?? configured,
        set: (value) => {
          this.#multiplier = value;
        },
      },
    ];
  }

  refuses(passage: Passage, now: number): boolean {
    return this.#inner.refuses?.(passage, now) === true;
  }

  samples(): readonly LayerSample[] {
    const ratios = priorities.map((priority, rank) => ({
      family: layerFamilies.throttleRatio,
      labels: { priority },
      read: () => this.#machine.probability(rank, monotonicNow()),
    }));
    const isShadow = (): boolean => this.#live.current.mode === 'shadow';
    return [...ratios, shadowSample('throttled', this.#runtime.shadowRejections, isShadow)];
  }

  enter(passage: Passage, now: number): void {
    if (passage.cause !== undefined) {
      this.outer.settle(passage, cutShort(passage.reason, passage.cause, 'ignored'), now);
      return;
    }
    if (this.refuses(passage, now)) {
      // An open circuit answers: the dependency is asked nothing, so nothing is counted.
      this.#inner.enter(passage, now);
      return;
    }
    const request = new Request(this, passage);
    const { call } = passage;
    const probability = this.#machine.ask(request, call.settings.priority, now, Math.random);
    if (probability === 0) {
      this.#inner.enter(request, now);
      return;
    }
    request.close();
    const isShadow = this.#live.current.mode === 'shadow';
    this.#runtime.rejected('throttled', undefined, call.trace, isShadow);
    // A listener may have ended the call; what lies within then settles it at once.
    if (isShadow) this.#inner.enter(passage, now);
    else this.outer.settle(passage, this.#turnedAway(probability), now);
  }

  settle(passage: Passage, outcome: Outcome, now: number): void {
    if (passage.opener !== this || !(passage instanceof Request)) {
      this.outer.settle(passage, outcome, now);
      return;
    }
    this.#judge(passage, outcome, now);
    passage.close();
    this.outer.settle(passage.outer, outcome, now);
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

  #turnedAway(probability: number): Outcome {
    const { name } = this.#runtime;
    return rejected(() => withoutStack(() => new ThrottledError(name, probability)), 'throttled', undefined);
  }
}

/** A passage that was counted. */
class Request extends InnerPassage implements ThrottledRequest {
  slice = NO_SLICE;
  era = 0;
}
