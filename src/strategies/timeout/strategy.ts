import { LiveSettings } from '../../core/adjustable.ts';
import type { LimitControl } from '../../core/control.ts';
import { deadlines } from '../../core/deadlines.ts';
import { TimeoutError, withoutStack } from '../../core/errors.ts';
import { durationMs, parseOptions } from '../../core/options.ts';
import type { Outcome } from '../../core/outcome.ts';
import { InnerPassage, type Passage } from '../../core/passage.ts';
import { edge, type Inner, type Layer, type Outer, type Strategy } from '../../core/pipeline.ts';
import type { PolicyRuntime } from '../../core/runtime.ts';
import { TimeLimit } from '../../core/time-limit.ts';
import { type TimeoutOptions, timeoutSchema } from './options.ts';

/**
 * Bounds how long what lies within may take. When the time is up, the operation's signal aborts with the
 * `TimeoutError` as its reason and the caller is answered; an operation that ignores its signal is left behind.
 *
 * @throws {InvalidOptionsError} when the options are wrong
 */
export function timeout(options: TimeoutOptions): Strategy {
  const { timeoutMs, scope } = parseOptions(timeoutSchema, options, '', 'Options of timeout()');
  return new TimeoutStrategy(timeoutMs, scope);
}

/** What an update changes is the time alone, as the standard keys give it. */
class TimeoutStrategy implements Strategy {
  readonly kind = 'timeout';
  readonly adjustable: LiveSettings<typeof durationMs>;
  readonly #scope: Bounds | undefined;
  #bounds: Bounds;

  constructor(timeoutMs: number, scope: Bounds | undefined) {
    this.adjustable = new LiveSettings(durationMs, timeoutMs, 'Options of timeout()');
    this.#scope = scope;
    this.#bounds = scope ?? 'total';
  }

  /** Where no scope was given, what it bounds is known once it is bound. */
  get key(): 'totalTimeoutMs' | 'attemptTimeoutMs' {
    return this.#bounds === 'attempt' ? 'attemptTimeoutMs' : 'totalTimeoutMs';
  }

  get timeoutMs(): number {
    return this.adjustable.current;
  }

  describe(): string {
    const { timeoutMs } = this;
    if (this.#scope === undefined) return `timeout: what lies within may take ${timeoutMs} ms`;
    return `${this.#scope} timeout: ${this.#scope === 'total' ? 'the call' : 'an attempt'} may take ${timeoutMs} ms`;
  }

  bind(inner: Inner, runtime: PolicyRuntime, within: readonly Strategy[]): Layer | Inner {
    const repeats = within.some(({ maxRuns = 1 }) => maxRuns > 1);
    this.#bounds = this.#scope ?? (repeats ? 'total' : 'attempt');
    if (this.#bounds === 'total') runtime.boundsCalls = true;
    const limit = new TimeLimit(runtime, this.#bounds, this.timeoutMs);
    this.adjustable.onChange((now) => limit.configure(now));
    if (this.#bounds === 'attempt' && inner.limitAttempts?.(limit) === true) return inner;
    return new TimeoutLayer(inner, runtime, limit);
  }
}

/**
 * Stands where a policy has no total timeout: bounds nothing itself, and holds a call to its caller's own `timeoutMs`.
 */
export function callerDeadline(): Strategy {
  return {
    kind: 'timeout',
    key: 'totalTimeoutMs',
    describe: () => "no total timeout: a call is held to its caller's own deadline only",
    bind(inner, runtime) {
      runtime.boundsCalls = true;
      return new TimeoutLayer(inner, runtime, new TimeLimit(runtime, 'total', Number.POSITIVE_INFINITY));
    },
  };
}

/** Which time it is: the whole call's, or one attempt's. */
type Bounds = 'total' | 'attempt';

class TimeoutLayer implements Layer {
  outer: Outer = edge;
  readonly #inner: Inner;
  readonly runtime: PolicyRuntime;
  readonly bounds: Bounds;
  readonly #limit: TimeLimit;

  constructor(inner: Inner, runtime: PolicyRuntime, limit: TimeLimit) {
    this.#inner = inner;
    this.runtime = runtime;
    this.bounds = limit.bounds;
    this.#limit = limit;
  }

  get timeoutMs(): number {
    return this.#limit.timeoutMs;
  }

  limits(): readonly LimitControl[] {
    return this.#limit.controls;
  }

  refuses(passage: Passage, now: number): boolean {
    return this.#inner.refuses?.(passage, now) === true;
  }

  enter(passage: Passage, now: number): void {
    const { call } = passage;
    if (this.bounds === 'total' && passage === call && !call.armed) {
      call.startTime(this.timeoutMs, now);
      this.#inner.enter(passage, now);
      return;
    }
    const timeoutMs = this.bounds === 'total' ? call.allowedMs(this.timeoutMs, now) : this.timeoutMs;
    if (timeoutMs === Number.POSITIVE_INFINITY) {
      this.#inner.enter(passage, now);
      return;
    }
    const run = new TimeoutRun(this, passage, timeoutMs);
    deadlines.arm(run, timeoutMs, now);
    this.#inner.enter(run, now);
  }

  settle(passage: Passage, outcome: Outcome, now: number): void {
    if (passage.opener === this && passage instanceof TimeoutRun) {
      this.outer.settle(passage.outer, passage.over(outcome), now);
    } else if (passage === passage.call) this.outer.settle(passage, passage.call.stopTime(outcome), now);
    else this.outer.settle(passage, outcome, now);
  }
}

/** The time that one pass through the layer has, where the call does not keep it. */
class TimeoutRun extends InnerPassage {
  readonly layer: TimeoutLayer;
  readonly #timeoutMs: number;
  /** Whether the caller allowed it less than the policy does. */
  readonly #isCallers: boolean;
  #expired: 'total-timeout' | 'caller-deadline' | 'attempt-timeout' | undefined = undefined;

  constructor(layer: TimeoutLayer, outer: Passage, timeoutMs: number) {
    super(layer, outer);
    this.layer = layer;
    this.#timeoutMs = timeoutMs;
    this.#isCallers = timeoutMs < layer.timeoutMs;
  }

  override expire(_now: number): void {
    const { runtime, bounds } = this.layer;
    if (bounds === 'attempt') this.#expired = 'attempt-timeout';
    else this.#expired = this.#isCallers ? 'caller-deadline' : 'total-timeout';
    this.end(
      this.#expired,
      withoutStack(() => new TimeoutError(runtime.name, this.#timeoutMs, bounds)),
    );
  }

  /** An attempt's time bounds how long a stream takes to begin. */
  override answered(within: Passage | undefined): void {
    if (this.layer.bounds === 'attempt') deadlines.clear(this);
    super.answered(within);
  }

  /** The work that the time was for is over, perhaps because the time was. */
  over(outcome: Outcome): Outcome {
    this.close();
    const expired = this.#expired;
    if (expired === undefined || expired === 'attempt-timeout' || outcome.cut !== expired) return outcome;
    return { ...outcome, verdict: this.call.verdictOnTimeout(expired, this.reason) };
  }
}
