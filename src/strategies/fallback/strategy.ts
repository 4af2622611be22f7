import { LiveSettings } from '../../core/adjustable.ts';
import { monotonicNow } from '../../core/clock.ts';
import { deadlines } from '../../core/deadlines.ts';
import { cutShort, failed, type Outcome, served, wantsFallback } from '../../core/outcome.ts';
import { InnerPassage, type Passage } from '../../core/passage.ts';
import { edge, type Inner, type Layer, type Outer, type Strategy } from '../../core/pipeline.ts';
import type { PolicyRuntime } from '../../core/runtime.ts';
import type { EndCause } from '../../core/scope.ts';
import { isThenable } from '../../core/thenable.ts';
import {
  type FallbackAnswer,
  type FallbackOptions,
  type FallbackSettings,
  fallbackSchema,
} from './options.ts';

/**
 * Answers in a failed call's place with what a function makes, such as a default or another source's value.
 *
 * @throws {InvalidOptionsError} when the options are wrong
 */
export function fallback(options: FallbackAnswer | FallbackOptions): Strategy {
  const subject = 'Options of fallback()';
  return new FallbackStrategy(new LiveSettings(fallbackSchema, options, subject, { inFull }));
}

/** A function alone is short for the option `answer`. */
function inFull(given: unknown): unknown {
  return typeof given === 'function' ? { answer: given } : given;
}

class FallbackStrategy implements Strategy {
  readonly kind = 'fallback';
  readonly key = 'fallback';
  readonly adjustable: LiveSettings<typeof fallbackSchema>;

  constructor(live: LiveSettings<typeof fallbackSchema>) {
    this.adjustable = live;
  }

  get maxWaitMs(): number {
    return this.adjustable.current.timeoutMs;
  }

  describe(): string {
    return `fallback: a call that fails is answered by a function, which may take ${this.maxWaitMs} ms`;
  }

  bind(inner: Inner, runtime: PolicyRuntime): Layer {
    runtime.keepsContext = true;
    return new FallbackLayer(inner, this.adjustable);
  }
}

class FallbackLayer implements Layer {
  outer: Outer = edge;
  readonly #inner: Inner;
  readonly #live: LiveSettings<typeof fallbackSchema>;

  constructor(inner: Inner, live: LiveSettings<typeof fallbackSchema>) {
    this.#inner = inner;
    this.#live = live;
  }

  get settings(): FallbackSettings {
    return this.#live.current;
  }

  enter(passage: Passage, now: number): void {
    this.#inner.enter(passage, now);
  }

  /** Hands a good outcome on; asks the function in a failed one's place. */
  settle(passage: Passage, outcome: Outcome, now: number): void {
    // Where the layer stands within what ended, there is no time left to ask.
    if (!wantsFallback(outcome) || passage.cause !== undefined || passage.call.isAnswered)
      this.outer.settle(passage, outcome, now);
    else new Answering(this, passage, outcome).ask(now);
  }
}

/** The time a fallback's function has to answer. */
class Answering extends InnerPassage {
  readonly #layer: FallbackLayer;
  readonly #settings: FallbackSettings;
  readonly #outcome: Outcome;
  #settled = false;

  constructor(layer: FallbackLayer, outer: Passage, outcome: Outcome) {
    super(layer, outer);
    this.#layer = layer;
    this.#settings = layer.settings;
    this.#outcome = outcome;
  }

  ask(now: number): void {
    const { runtime, settings } = this.call;
    const context = { policy: runtime.name, metadata: settings.metadata };
    deadlines.arm(this, this.#settings.timeoutMs, now);
    let answer: unknown;
    try {
      answer = this.#settings.answer(this.#outcome.ok ? this.#outcome.value : this.#outcome.error, context);
      if (isThenable(answer)) {
        Promise.resolve(answer).then(
          (value) => this.#answered(value),
          (error) => this.#threw(error),
        );
        return;
      }
    } catch (error) {
      this.#threw(error);
      return;
    }
    this.#answered(answer);
  }

  override expire(_now: number): void {
    this.call.runtime.report(
      'fallback',
      new Error(`The fallback took longer than ${this.#settings.timeoutMs} ms.`),
    );
    this.#settle(this.#outcome);
  }

  protected override stopped(cause: EndCause, reason: unknown): void {
    if (this.#settled) return;
    if (this.#outcome.ok) this.call.discard(this.#outcome.value);
    this.#settle(cutShort(reason, cause, 'ignored'));
  }

  #answered(value: unknown): void {
    if (this.#settled) return;
    if (this.#outcome.ok && this.#outcome.value !== value) this.call.discard(this.#outcome.value);
    this.call.runtime.fellBack('fallback', 0, this.#outcome, this.call.trace);
    this.#settle(served(value, 'fallback', 0));
  }

  /** What the function throws stands in the failure's place, under the failure's verdict. */
  #threw(error: unknown): void {
    if (this.#settled) return;
    if (this.#outcome.ok) this.call.discard(this.#outcome.value);
    const { verdict, retryAfterMs, rejection, cut } = this.#outcome;
    this.#settle({ ...failed(error, verdict, retryAfterMs), rejection, cut });
  }

  #settle(outcome: Outcome): void {
    if (this.#settled) return;
    this.#settled = true;
    this.close();
    this.#layer.outer.settle(this.outer, outcome, monotonicNow());
  }
}
