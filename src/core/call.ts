import type { OperationContext } from './attempt.ts';
import { followSignal, unfollowSignal } from './caller-signal.ts';
import { monotonicNow, wallNow } from './clock.ts';
import { deadlines } from './deadlines.ts';
import { TimeoutError, withoutStack } from './errors.ts';
import type { CallOutcome } from './observer.ts';
import { cutShort, failed, type Outcome, type Source } from './outcome.ts';
import type { Layer, Receiver } from './pipeline.ts';
import type { PolicyRuntime } from './runtime.ts';
import { Scope } from './scope.ts';
import { isThenable } from './thenable.ts';
import type { AttemptResult, Classify, Judgement, Verdict } from './verdict.ts';

/** What a policy runs. */
export type Operation = (context: OperationContext) => unknown;

/** What an attempt runs: an operation, or a wrapped function with the `this` and arguments of one call of it. */
export type Invocation = (context: OperationContext, self?: unknown, args?: readonly unknown[]) => unknown;

/** What a call's options say, checked and copied. Shared by all calls of one `wrap`. */
export interface CallSettings {
  readonly check: ((value: unknown) => boolean) | undefined;
  readonly discard: ((value: unknown) => void) | undefined;
  readonly classify: Classify | undefined;
  readonly timeoutMs: number | undefined;
  readonly idempotent: boolean | undefined;
  readonly metadata: unknown;
  readonly signal: AbortSignal | undefined;
}

/** A call's value with where it came from. */
export interface DetailedResult<T> {
  readonly value: T;
  readonly source: Source;
  /** Age of a remembered value in milliseconds; 0 for the others. */
  readonly ageMs: number;
  /** How many attempts the call made itself: 0 when a fresh value answered, or a run that another call had begun. */
  readonly attempts: number;
}

/** Told when a call is over. */
export interface CallOwner {
  callEnded(call: Call): void;
}

/**
 * One call: the outermost scope and the outermost receiver. Here, and only here, an outcome becomes a value or a
 * throw.
 */
export class Call extends Scope implements Receiver {
  readonly runtime: PolicyRuntime;
  readonly #invocation: Invocation;
  readonly #self: unknown;
  readonly #args: readonly unknown[] | undefined;
  readonly settings: CallSettings;
  /** Under what the call's value is remembered, if at all. */
  readonly cacheKey: string | undefined;
  readonly #owner: CallOwner;
  readonly #startedAt: number;
  /** How many attempts it has made so far. */
  attempts = 0;
  #resolve: ((value: unknown) => void) | undefined = undefined;
  #reject: ((error: unknown) => void) | undefined = undefined;
  #detailed = false;
  /** Whether the caller's own deadline ended it. */
  #expired = false;

  /** The call whose promise is being made: an executor runs at once, so one serves all calls, without a closure. */
  static #starting: Call | undefined;
  static readonly #adopt = (resolve: (value: unknown) => void, reject: (error: unknown) => void): void => {
    const call = Call.#starting;
    if (call === undefined) return;
    call.#resolve = resolve;
    call.#reject = reject;
    Call.#starting = undefined;
  };

  constructor(
    runtime: PolicyRuntime,
    owner: CallOwner,
    invocation: Invocation,
    self: unknown,
    args: readonly unknown[] | undefined,
    settings: CallSettings,
    cacheKey: string | undefined,
  ) {
    super(undefined);
    this.runtime = runtime;
    this.#invocation = invocation;
    this.#self = self;
    this.#args = args;
    this.settings = settings;
    this.cacheKey = cacheKey;
    this.#owner = owner;
    this.#startedAt = monotonicNow();
  }

  /** Runs the call through `pipeline`. Called once. */
  run(pipeline: Layer, detailed: boolean): Promise<unknown> {
    Call.#starting = this;
    const promise = new Promise(Call.#adopt);
    this.#detailed = detailed;
    this.runtime.observer.callStarted();
    this.runtime.budget.callStarted(this.#startedAt);
    const { signal, timeoutMs } = this.settings;
    if (signal !== undefined) this.#heed(signal);
    if (timeoutMs !== undefined && !this.runtime.boundsCalls) deadlines.arm(this, timeoutMs, this.#startedAt);
    if (this.cause !== undefined) {
      this.settle(cutShort(this.reason, this.cause, 'ignored'), this.#startedAt);
      return promise;
    }
    try {
      pipeline.enter(this, this, this, this.#startedAt);
    } catch (error) {
      // No layer of this library throws; one of the user's own may.
      this.settle(failed(error, 'defect'), monotonicNow());
    }
    return promise;
  }

  /** Runs the operation. */
  invoke(context: OperationContext): unknown {
    const invocation = this.#invocation;
    return this.#args === undefined ? invocation(context) : invocation(context, this.#self, this.#args);
  }

  /**
   * A call that carries this one's operation for several callers: under nobody's deadline or signal, and never
   * run or settled itself.
   */
  forSharing(): Call {
    const settings = { ...this.settings, timeoutMs: undefined, signal: undefined };
    return new Call(
      this.runtime,
      this.#owner,
      this.#invocation,
      this.#self,
      this.#args,
      settings,
      this.cacheKey,
    );
  }

  settle(given: Outcome, now: number): void {
    const outcome = this.#expired ? this.#afterDeadline(given) : given;
    const resolve = this.#resolve;
    if (resolve === undefined) return;
    this.#resolve = undefined;
    this.leave();
    if (this.settings.signal !== undefined) unfollowSignal(this.settings.signal, this);
    const { runtime } = this;
    const kind = callOutcome(outcome, this.attempts);
    const durationMs = now - this.#startedAt;
    runtime.observer.callEnded(kind, outcome, durationMs, now);
    if (runtime.events.hears('call')) this.#announce(kind, outcome, durationMs);
    this.#owner.callEnded(this);
    if (!outcome.ok) this.#reject?.(outcome.error);
    else if (!this.#detailed) resolve(outcome.value);
    else {
      const { value, source, ageMs } = outcome;
      resolve({ value, source, ageMs, attempts: this.attempts } satisfies DetailedResult<unknown>);
    }
  }

  /** What the outcome of an attempt of this call means. */
  judge(result: AttemptResult): Judgement {
    return this.runtime.judge(result, this.settings.classify);
  }

  /** Whether `value` passes the call's `check`. One that throws is reported and counts as not passed. */
  passesCheck(value: unknown): boolean {
    const { check } = this.settings;
    if (check === undefined) return true;
    try {
      const passes: unknown = check(value);
      if (!isThenable(passes)) return passes === true;
      Promise.resolve(passes).catch(() => {});
      throw new TypeError('check gave a promise: expected true or false');
    } catch (error) {
      this.runtime.report('check', error);
      return false;
    }
  }

  /** Lets go of a value that nobody will get. */
  discard(value: unknown): void {
    try {
      const discarded: unknown = this.settings.discard?.(value);
      if (isThenable(discarded)) {
        Promise.resolve(discarded).catch((error) => this.runtime.report('discard', error));
      }
    } catch (error) {
      this.runtime.report('discard', error);
    }
  }

  /**
   * What it means for the call that its caller's own deadline cut it. It failed only if the deadline was long enough
   * for an attempt; otherwise nobody can say.
   */
  verdictOnDeadline(timeoutMs: number, reason: unknown): Verdict {
    if (timeoutMs < this.runtime.attemptTimeoutMs) return 'ignored';
    return this.judge({ ok: false, error: reason }).verdict;
  }

  override expire(_now: number): void {
    const timeoutMs = this.settings.timeoutMs ?? 0;
    this.#expired = true;
    this.end(
      'caller-deadline',
      withoutStack(() => new TimeoutError(this.runtime.name, timeoutMs, 'total')),
    );
  }

  #afterDeadline(outcome: Outcome): Outcome {
    if (outcome.cut !== 'caller-deadline') return outcome;
    return { ...outcome, verdict: this.verdictOnDeadline(this.settings.timeoutMs ?? 0, this.reason) };
  }

  #heed(signal: AbortSignal): void {
    if (signal.aborted) {
      this.end('caller-abort', signal.reason);
      return;
    }
    followSignal(signal, this);
  }

  #announce(kind: CallOutcome, outcome: Outcome, durationMs: number): void {
    this.runtime.events.emit('call', {
      policy: this.runtime.name,
      time: wallNow(),
      outcome: kind,
      verdict: outcome.verdict,
      source: outcome.source,
      durationMs,
      attempts: this.attempts,
      error: outcome.error,
      metadata: this.settings.metadata,
    });
  }
}

function callOutcome(outcome: Outcome, attempts: number): CallOutcome {
  if (outcome.source === 'stale' || outcome.source === 'fallback') return 'fallback';
  if (outcome.rejection !== undefined && attempts === 0) return 'rejected';
  switch (outcome.verdict) {
    case 'transient':
    case 'permanent':
      return outcome.cut === undefined ? 'failure' : 'timeout';
    case 'ignored':
      return outcome.cut === 'caller-deadline' ? 'timeout' : 'ignored';
    default:
      return outcome.verdict;
  }
}
