import type { Call } from './call.ts';
import { monotonicNow, wallNow } from './clock.ts';
import type { AttemptOutcome } from './observer.ts';
import { cutShort, failed, fulfilled, type Outcome, succeeded } from './outcome.ts';
import type { Layer, Receiver } from './pipeline.ts';
import type { EndCause, Scope, ScopeWatcher } from './scope.ts';
import { isThenable } from './thenable.ts';
import type { Verdict } from './verdict.ts';

/** What an operation is given. */
export interface OperationContext {
  /** Name of the policy. */
  readonly policy: string;
  /** 1 for the first attempt of the call. */
  readonly attempt: number;
  /** Aborts on timeout, on the caller's abort, and when nobody waits for this attempt any more. Made when first read. */
  readonly signal: AbortSignal;
  /** Milliseconds left until the nearest deadline, never below 0; `Infinity` without one. */
  remainingMs(): number;
  /** What the call's options carried. */
  readonly metadata: unknown;
}

/** The innermost layer: runs the operation and judges its outcome. */
export const operationLayer: Layer = {
  enter(call, scope, receiver, now) {
    if (scope.cause === undefined) new Attempt(call, scope, receiver, now).run();
    else receiver.settle(cutShort(scope.reason, scope.cause, 'ignored'), now);
  },
};

/**
 * One try of the operation, and the context that the operation sees.
 *
 * It settles its receiver once: with the operation's outcome, or, when its scope ends first, with the reason. An
 * outcome that comes after that is late: it is counted, its value discarded, its rejection handled, and it moves
 * nothing.
 */
class Attempt implements OperationContext, ScopeWatcher {
  readonly #call: Call;
  readonly #scope: Scope;
  readonly #receiver: Receiver;
  readonly #startedAt: number;
  readonly attempt: number;
  #settled = false;
  #ended = false;

  constructor(call: Call, scope: Scope, receiver: Receiver, now: number) {
    this.#call = call;
    this.#scope = scope;
    this.#receiver = receiver;
    this.#startedAt = now;
    this.attempt = ++call.attempts;
  }

  get policy(): string {
    return this.#call.runtime.name;
  }

  get signal(): AbortSignal {
    return this.#scope.signal;
  }

  get metadata(): unknown {
    return this.#call.settings.metadata;
  }

  /** A getter, so that an operation may take it out of its context like the rest. */
  get remainingMs(): () => number {
    const scope = this.#scope;
    return () => (scope.cause === undefined ? Math.max(0, scope.deadlineAt() - monotonicNow()) : 0);
  }

  run(): void {
    const { runtime } = this.#call;
    runtime.observer.attemptStarted();
    this.#scope.watch(this);
    let returned: unknown;
    try {
      returned = this.#call.invoke(this);
      if (returned instanceof Promise) {
        this.#follow(returned);
        return;
      }
      if (isThenable(returned)) {
        this.#follow(Promise.resolve(returned));
        return;
      }
    } catch (error) {
      this.#rejected(error);
      return;
    }
    this.#fulfilled(returned);
  }

  scopeEnded(scope: Scope): void {
    if (this.#settled || scope.cause === undefined) return;
    const now = monotonicNow();
    const verdict = this.#verdictWhenCut(scope.cause, scope.reason, now);
    this.#settle(cutShort(scope.reason, scope.cause, verdict), now);
  }

  #follow(promise: Promise<unknown>): void {
    promise.then(
      (value) => this.#fulfilled(value),
      (error) => this.#rejected(error),
    );
  }

  #fulfilled(value: unknown): void {
    if (!this.#end()) {
      this.#call.discard(value);
      return;
    }
    const { runtime } = this.#call;
    if (!runtime.judgesValues && this.#call.settings.classify === undefined) {
      this.#settle(succeeded(value, this.#call.passesCheck(value)), monotonicNow());
      return;
    }
    const { verdict, retryAfterMs, safeToRepeat = false } = this.#call.judge({ ok: true, value });
    const correct = verdict === 'success' && this.#call.passesCheck(value);
    if (this.#settled) this.#call.discard(value);
    this.#settle(fulfilled(value, verdict, retryAfterMs, safeToRepeat, correct), monotonicNow());
  }

  #rejected(error: unknown): void {
    if (!this.#end()) return;
    const { verdict, retryAfterMs, safeToRepeat } = this.#call.judge({ ok: false, error });
    this.#settle(failed(error, verdict, retryAfterMs, safeToRepeat), monotonicNow());
  }

  /** The operation really ended. False when it had been given up, or claims to end twice. */
  #end(): boolean {
    if (this.#ended) return false;
    this.#ended = true;
    this.#call.runtime.observer.attemptEnded(this.#settled);
    return !this.#settled;
  }

  #settle(outcome: Outcome, now: number): void {
    // A classify or a check that aborts its own call settles it from within.
    if (this.#settled) return;
    this.#settled = true;
    this.#scope.unwatch(this);
    const { runtime } = this.#call;
    const kind = attemptOutcome(outcome);
    const durationMs = now - this.#startedAt;
    runtime.observer.attemptSettled(kind, durationMs);
    if (runtime.events.hears('attempt')) {
      runtime.events.emit('attempt', {
        policy: runtime.name,
        time: wallNow(),
        attempt: this.attempt,
        outcome: kind,
        verdict: outcome.verdict,
        durationMs,
        error: outcome.error,
      });
    }
    this.#receiver.settle(outcome, now);
  }

  /**
   * What it means that the attempt was cut. A deadline of the call speaks about the dependency where the attempt had
   * as much time as an attempt may take, or, the deadline being the policy's own, all the time there was. Otherwise
   * nobody can say.
   */
  #verdictWhenCut(cause: EndCause, reason: unknown, now: number): Verdict {
    const isDeadline = cause === 'total-timeout' || cause === 'caller-deadline';
    const hadItsTime =
      cause === 'attempt-timeout' ||
      (cause === 'total-timeout' && this.attempt === 1) ||
      (isDeadline && now - this.#startedAt >= this.#call.runtime.attemptTimeoutMs);
    if (!hadItsTime) return 'ignored';
    return this.#call.judge({ ok: false, error: reason }).verdict;
  }
}

function attemptOutcome(outcome: Outcome): AttemptOutcome {
  switch (outcome.verdict) {
    case 'transient':
    case 'permanent':
      return outcome.cut === undefined ? 'failure' : 'timeout';
    default:
      return outcome.verdict;
  }
}
