import type { Call } from '../../core/call.ts';
import { deadlines } from '../../core/deadlines.ts';
import { TimeoutError, withoutStack } from '../../core/errors.ts';
import { parseOptions } from '../../core/options.ts';
import type { Outcome } from '../../core/outcome.ts';
import type { Layer, Receiver, Strategy } from '../../core/pipeline.ts';
import type { PolicyRuntime } from '../../core/runtime.ts';
import { Scope } from '../../core/scope.ts';
import type { Verdict } from '../../core/verdict.ts';
import { type TimeoutOptions, timeoutSchema } from './options.ts';

/**
 * Bounds how long what lies within may take. When the time is up, the operation's signal aborts with the
 * `TimeoutError` as its reason and the caller is answered; an operation that ignores its signal is left behind.
 *
 * @throws {InvalidOptionsError} when the options are wrong
 */
export function timeout(options: TimeoutOptions): Strategy {
  const { timeoutMs, scope } = parseOptions(timeoutSchema, options, '', 'Options of timeout()');
  return {
    kind: 'timeout',
    timeoutMs,
    describe: () =>
      scope === undefined
        ? `timeout: what lies within may take ${timeoutMs} ms`
        : `${scope} timeout: ${scope === 'total' ? 'the call' : 'an attempt'} may take ${timeoutMs} ms`,
    bind(inner, runtime, within) {
      const repeats = within.some(({ maxRuns = 1 }) => maxRuns > 1);
      const bounds = scope ?? (repeats ? 'total' : 'attempt');
      if (bounds === 'total') runtime.boundsCalls = true;
      else runtime.attemptTimeoutMs = Math.min(runtime.attemptTimeoutMs, timeoutMs);
      return new TimeoutLayer(inner, runtime, timeoutMs, bounds);
    },
  };
}

/**
 * Stands where a policy has no total timeout: bounds nothing itself, and holds a call to its caller's own `timeoutMs`.
 */
export function callerDeadline(): Strategy {
  return {
    kind: 'timeout',
    describe: () => "no total timeout: a call is held to its caller's own deadline only",
    bind(inner, runtime) {
      runtime.boundsCalls = true;
      return new TimeoutLayer(inner, runtime, Number.POSITIVE_INFINITY, 'total');
    },
  };
}

class TimeoutLayer implements Layer {
  readonly #inner: Layer;
  readonly runtime: PolicyRuntime;
  readonly #timeoutMs: number;
  readonly bounds: 'total' | 'attempt';

  constructor(inner: Layer, runtime: PolicyRuntime, timeoutMs: number, bounds: 'total' | 'attempt') {
    this.#inner = inner;
    this.runtime = runtime;
    this.#timeoutMs = timeoutMs;
    this.bounds = bounds;
  }

  enter(call: Call, scope: Scope, receiver: Receiver, now: number): void {
    const callerMs = this.bounds === 'total' ? call.settings.timeoutMs : undefined;
    const byCaller = callerMs !== undefined && callerMs < this.#timeoutMs;
    const timeoutMs = byCaller ? callerMs : this.#timeoutMs;
    if (timeoutMs === Number.POSITIVE_INFINITY) {
      this.#inner.enter(call, scope, receiver, now);
      return;
    }
    const run = new TimeoutRun(call, scope, receiver, this, timeoutMs, byCaller);
    deadlines.arm(run, timeoutMs, now);
    this.#inner.enter(call, run, run, now);
  }
}

/** The time that one pass through the layer has. */
class TimeoutRun extends Scope implements Receiver {
  readonly #call: Call;
  readonly #receiver: Receiver;
  readonly #layer: TimeoutLayer;
  readonly #timeoutMs: number;
  readonly #byCaller: boolean;
  #expired = false;

  constructor(
    call: Call,
    parent: Scope,
    receiver: Receiver,
    layer: TimeoutLayer,
    timeoutMs: number,
    byCaller: boolean,
  ) {
    super(parent);
    this.#call = call;
    this.#receiver = receiver;
    this.#layer = layer;
    this.#timeoutMs = timeoutMs;
    this.#byCaller = byCaller;
  }

  override expire(_now: number): void {
    const { runtime, bounds } = this.#layer;
    this.#expired = true;
    const cause = this.#byCaller
      ? 'caller-deadline'
      : bounds === 'total'
        ? 'total-timeout'
        : 'attempt-timeout';
    this.end(
      cause,
      withoutStack(() => new TimeoutError(runtime.name, this.#timeoutMs, bounds)),
    );
  }

  settle(outcome: Outcome, now: number): void {
    this.leave();
    const isOwnCut = this.#expired && this.#layer.bounds === 'total' && outcome.cut === this.cause;
    this.#receiver.settle(isOwnCut ? { ...outcome, verdict: this.#verdictOnCall() } : outcome, now);
  }

  /** A call that ran out of the policy's time failed; one that ran out of its caller's own may have. */
  #verdictOnCall(): Verdict {
    if (this.#byCaller) return this.#call.verdictOnDeadline(this.#timeoutMs, this.reason);
    return this.#call.judge({ ok: false, error: this.reason }).verdict;
  }
}
