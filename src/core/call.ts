import { AsyncResource, executionAsyncId } from 'node:async_hooks';
import { knowsDeadlines, runUnder } from './ambient-deadline.ts';
import type { OperationContext } from './attempt.ts';
import { announceEnd } from './call-end.ts';
import type { CallDescription, CallSettings } from './call-settings.ts';
import { followSignal, unfollowSignal } from './caller-signal.ts';
import { monotonicNow } from './clock.ts';
import { allowedBy, deadlines } from './deadlines.ts';
import { TimeoutError, withoutStack } from './errors.ts';
import { cutShort, type Fulfilled, failed, type Outcome, type Source, succeeded } from './outcome.ts';
import { callOutcome } from './outcome-names.ts';
import type { Passage } from './passage.ts';
import { NO_GENERATION, type Permit } from './permit.ts';
import type { Inner } from './pipeline.ts';
import type { PolicyRuntime } from './runtime.ts';
import { Scope } from './scope.ts';
import { closeStream } from './stream-source.ts';
import { isThenable } from './thenable.ts';
import type { AttemptResult, Judgement, Verdict } from './verdict.ts';

export type { CallDescription, CallSettings } from './call-settings.ts';

/** What a policy runs. */
export type Operation = (context: OperationContext) => unknown;

/** What an attempt runs: an operation, or a wrapped function with the `this` and arguments of one call of it. */
export type Invocation = (context: OperationContext, self?: unknown, args?: readonly unknown[]) => unknown;

/** A call's value with where it came from. */
export interface DetailedResult<T> {
  readonly value: T;
  readonly source: Source;
  /** Age of a remembered value in milliseconds; 0 for the others. */
  readonly ageMs: number;
  /** How many attempts the call made itself: 0 when a fresh value answered, or a run that another call had begun. */
  readonly attempts: number;
}

/**
 * One call: the outermost scope, and its own first passage. Here, and only here, an outcome becomes a value or a
 * throw.
 *
 * It keeps the time that the policy or its caller allows the whole call. What is outside the layer that set it (a
 * fallback) goes on in the same scope when the time is up.
 */
export class Call extends Scope implements Permit {
  readonly runtime: PolicyRuntime;
  readonly #invocation: Invocation;
  readonly #self: unknown;
  readonly #args: readonly unknown[] | undefined;
  readonly settings: CallSettings;
  /** Under what the call's value is remembered, if at all. */
  readonly cacheKey: string | undefined;
  readonly #startedAt: number;
  #isAnswered = false;
  /** Where its caller is, once the call goes on without it. */
  #context: AsyncResource | undefined = undefined;
  generation = NO_GENERATION;
  admittedAt: number;
  /** How many attempts it has made so far. */
  attempts = 0;
  #resolve: ((value: unknown) => void) | undefined = undefined;
  #reject: ((error: unknown) => void) | undefined = undefined;

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
    this.#startedAt = monotonicNow();
    this.admittedAt = this.#startedAt;
  }

  override get parent(): undefined {
    return undefined;
  }

  /** No layer has opened it. */
  get opener(): undefined {
    return undefined;
  }

  /** A call is its own outermost passage. */
  get call(): Call {
    return this;
  }

  override get context(): AsyncResource | undefined {
    return this.#context;
  }

  /** What traced its caller when it started; of a call for several, that of the one that started the run. */
  get trace(): unknown {
    return this.settings.trace;
  }

  /** Monotonic time at which it began. */
  get since(): number {
    return this.#startedAt;
  }

  /** No layer has chosen one. */
  get endpoint(): undefined {
    return undefined;
  }

  get isBeside(): boolean {
    return false;
  }

  /** Layers that hold something until an operation really ends hear of it; outside them nobody has to. */
  operationLeft(): void {}

  /** The other half of `operationLeft`. */
  operationEnded(): void {}

  /** Whether the caller has its answer already. */
  get isAnswered(): boolean {
    return this.#isAnswered;
  }

  /** The caller has its answer before the call is over. */
  answered(_within: Passage | undefined): void {
    this.#isAnswered = true;
  }

  /** Gives the caller its value now. The call goes on, and is counted when it is over. */
  deliver(value: unknown): void {
    if (this.#resolve === undefined) return;
    this.#resolve(this.answer(succeeded(value, true)));
    // Whoever drops the value is noticed, so nothing here may keep the promise that has it.
    this.#resolve = nothing;
    this.#reject = nothing;
  }

  /** The call as functions of its user's see it. Made when asked for. */
  get description(): CallDescription {
    const { cacheKey, settings } = this;
    return { policy: this.runtime.name, cacheKey, metadata: settings.metadata, args: this.#args ?? [] };
  }

  /** Runs the call through `pipeline`. Called once. */
  run(pipeline: Inner): Promise<unknown> {
    Call.#starting = this;
    const promise = new Promise(Call.#adopt);
    const now = this.#startedAt;
    this.runtime.callStarted(now);
    const { signal } = this.settings;
    if (signal?.aborted === true) this.end('caller-abort', signal.reason);
    else if (signal !== undefined) followSignal(signal, this);
    if (this.isOutOfTime(now)) this.expire(now);
    else if (!this.runtime.boundsCalls) this.startTime(Number.POSITIVE_INFINITY, now);
    if (this.cause !== undefined) {
      this.settle(cutShort(this.reason, this.cause, 'ignored'), now);
      return promise;
    }
    try {
      pipeline.enter(this, now);
    } catch (error) {
      // No layer of this library throws; one of the user's own may.
      this.settle(failed(error, 'defect'), monotonicNow());
    }
    // What ran until now did so in the caller's context.
    if (this.runtime.keepsContext && this.#resolve !== undefined) this.#context = callerContext();
    return promise;
  }

  /** How long the caller, and the deadline in force, let a call take from `now` on that the policy gives `policyMs`. */
  allowedMs(policyMs: number, now = this.#startedAt): number {
    const { timeoutMs = Number.POSITIVE_INFINITY, deadline } = this.settings;
    const allowedMs = Math.min(policyMs, timeoutMs);
    return deadline === undefined ? allowedMs : Math.min(allowedMs, deadline.leftAt(now));
  }

  /** Whether nothing is left of the deadline in force where it started. */
  isOutOfTime(now: number): boolean {
    return this.settings.deadline?.leftAt(now) === 0;
  }

  /** Holds the whole call to a time: the policy's, or its caller's own where that is shorter. */
  startTime(policyMs: number, now: number): void {
    const allowedMs = this.allowedMs(policyMs, now);
    if (allowedMs !== Number.POSITIVE_INFINITY) deadlines.arm(this, allowedMs, now);
  }

  /** The work that the time was for is over, perhaps because the time was. */
  stopTime(outcome: Outcome): Outcome {
    deadlines.clear(this);
    const { cause, reason } = this;
    if (cause !== 'total-timeout' && cause !== 'caller-deadline') return outcome;
    this.resume();
    // The caller may have given up while the outcome was on its way: what is outside has no time left either.
    const { signal } = this.settings;
    if (signal?.aborted === true) this.end('caller-abort', signal.reason);
    return outcome.cut === cause ? { ...outcome, verdict: this.verdictOnTimeout(cause, reason) } : outcome;
  }

  /** Runs the operation, under the call's own deadline whoever lets it run. */
  invoke(context: OperationContext): unknown {
    if (knowsDeadlines()) return runUnder(this.settings.deadline, () => this.#invoke(context));
    return this.#invoke(context);
  }

  #invoke(context: OperationContext): unknown {
    const invocation = this.#invocation;
    return this.#args === undefined ? invocation(context) : invocation(context, this.#self, this.#args);
  }

  /**
   * A call that carries this one's operation for several callers, and counts its attempts on: under nobody's deadline
   * or signal, and never run or settled itself.
   */
  forSharing(): Call {
    const settings = { ...this.settings, timeoutMs: undefined, signal: undefined, deadline: undefined };
    const call = new Call(this.runtime, this.#invocation, this.#self, this.#args, settings, this.cacheKey);
    call.attempts = this.attempts;
    call.#context = this.#context ?? callerContext();
    return call;
  }

  /** Ends the call with what came of it. */
  settle(given: Outcome, now: number): void {
    const outcome = this.stopTime(given);
    const resolve = this.#resolve;
    const reject = this.#reject;
    if (resolve === undefined || reject === undefined) return;
    // An operation that is left behind keeps its call, and must not keep the promise with it.
    this.#resolve = undefined;
    this.#reject = undefined;
    if (this.settings.signal !== undefined) unfollowSignal(this.settings.signal, this);
    const { runtime } = this;
    const kind = callOutcome(outcome, this.attempts);
    const durationMs = now - this.#startedAt;
    runtime.callEnded(kind, outcome, durationMs, now, this.settings.trace);
    if (runtime.events.heard.call) announceEnd(this, kind, outcome, durationMs);
    if (outcome.ok) resolve(this.answer(outcome));
    else rejectSoon(reject, outcome.error);
  }

  /** What the caller gets. */
  protected answer(outcome: Fulfilled): unknown {
    return outcome.value;
  }

  /** Whether anybody has a say in what a value means; else each is a success. */
  get judgesValues(): boolean {
    return this.runtime.judgesValues || this.settings.classify !== undefined;
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
    if (this.settings.stream !== undefined) closeStream(value);
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
   * What it means for the call that it ran out of time. Out of its caller's own, it failed only if that was long
   * enough for an attempt; otherwise nobody can say.
   */
  verdictOnTimeout(cause: 'total-timeout' | 'caller-deadline', error: unknown): Verdict {
    const allowedMs = this.allowedMs(Number.POSITIVE_INFINITY);
    if (cause === 'caller-deadline' && allowedMs < this.runtime.attemptTimeoutMs) return 'ignored';
    return this.judge({ ok: false, error }).verdict;
  }

  override expire(now: number): void {
    const { totalTimeoutMs, name } = this.runtime;
    const allowedMs = this.allowedMs(totalTimeoutMs);
    const passedMs = allowedBy(allowedMs, now - this.#startedAt);
    const isCallers = this.isOutOfTime(now) || (allowedMs < totalTimeoutMs && passedMs === allowedMs);
    this.end(
      isCallers ? 'caller-deadline' : 'total-timeout',
      withoutStack(() => new TimeoutError(name, Math.round(passedMs), 'total')),
    );
  }
}

/** A call that tells more than its value. */
export class DetailedCall extends Call {
  protected override answer({ value, source, ageMs }: Fulfilled): unknown {
    return { value, source, ageMs, attempts: this.attempts } satisfies DetailedResult<unknown>;
  }
}

function nothing(): void {}

/** The asynchronous context that is in force. It is told what triggered it: for Node to find out takes it longer than the rest. */
function callerContext(): AsyncResource {
  return new AsyncResource('breakwater.call', executionAsyncId());
}

/** Its reactions run when the code that runs now has returned to its caller. */
const soon = Promise.resolve();

/**
 * Rejects a moment later: a promise that is rejected before its caller can handle it costs Node more than all the rest
 * of a call.
 */
function rejectSoon(reject: (error: unknown) => void, error: unknown): void {
  soon.then(() => reject(error));
}
