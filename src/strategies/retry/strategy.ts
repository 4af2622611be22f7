import pRetry from 'p-retry';
import { AttemptBudget } from '../../core/attempt-budget.ts';
import type { Call } from '../../core/call.ts';
import { monotonicNow } from '../../core/clock.ts';
import { Deadline, deadlines } from '../../core/deadlines.ts';
import { isBreakwaterError, withoutStack } from '../../core/errors.ts';
import type { RetryReason } from '../../core/observer.ts';
import { parseOptions } from '../../core/options.ts';
import { cutShort, failed, type Outcome } from '../../core/outcome.ts';
import type { Layer, Receiver, Strategy } from '../../core/pipeline.ts';
import type { PolicyRuntime } from '../../core/runtime.ts';
import type { EndCause, Scope, ScopeWatcher } from '../../core/scope.ts';
import { BackoffSequence, longestWaits } from './backoff.ts';
import { type RetryOptions, type RetrySettings, retrySchema } from './options.ts';

/**
 * Runs what lies within again when an attempt's verdict is `transient`, with growing waits, as long as the
 * deadline, the policy's attempt budget and the caller's patience last. When retries run out, the last outcome
 * is the call's.
 *
 * @throws {InvalidOptionsError} when the options are wrong
 */
export function retry(options: RetryOptions = {}): Strategy {
  const settings = parseOptions(retrySchema, options, '', 'Options of retry()');
  const { maxRetries, maxDelayMs, baseDelayMs, backoff, jitter } = settings;
  return {
    kind: 'retry',
    maxRuns: maxRetries + 1,
    maxWaitMs: longestWaits(settings),
    maxAskedWaitMs: maxRetries * (maxDelayMs + (jitter === 'none' ? 0 : baseDelayMs)),
    describe: () =>
      `retry: up to ${maxRetries} more, ${typeof backoff === 'string' ? backoff : 'custom'} backoff from ` +
      `${baseDelayMs} ms to ${maxDelayMs} ms, jitter ${jitter}`,
    bind(inner, runtime) {
      runtime.budget = new AttemptBudget(settings.budget);
      return new RetryLayer(inner, runtime, settings);
    },
  };
}

class RetryLayer implements Layer {
  readonly inner: Layer;
  readonly runtime: PolicyRuntime;
  readonly settings: RetrySettings;

  constructor(inner: Layer, runtime: PolicyRuntime, settings: RetrySettings) {
    this.inner = inner;
    this.runtime = runtime;
    this.settings = settings;
  }

  enter(call: Call, scope: Scope, receiver: Receiver, now: number): void {
    this.inner.enter(call, scope, new FirstAttempt(this, call, scope, receiver), now);
  }
}

/** Hands the outcome of a first attempt on, or to a run of retries when another try may do. */
class FirstAttempt implements Receiver {
  readonly #layer: RetryLayer;
  readonly #call: Call;
  readonly #scope: Scope;
  readonly #receiver: Receiver;

  constructor(layer: RetryLayer, call: Call, scope: Scope, receiver: Receiver) {
    this.#layer = layer;
    this.#call = call;
    this.#scope = scope;
    this.#receiver = receiver;
  }

  settle(outcome: Outcome, now: number): void {
    const mayRetry = outcome.verdict === 'transient' && outcome.rejection === undefined;
    if (!mayRetry) this.#receiver.settle(outcome, now);
    else new RetryRun(this.#layer, this.#call, this.#scope, this.#receiver).settle(outcome, now);
  }
}

/** Tells p-retry to go round again: it knows errors only. */
const anotherAttempt = withoutStack(() => new Error('the attempt is to be repeated'));

/**
 * A call's attempts from its first failure on, in p-retry's loop. The waits are this class's own, since they also
 * heed Retry-After, the deadline and the budget.
 *
 * When the scope ends during a wait, the run settles at once and no attempt starts after it. When it ends during
 * an attempt, the attempt settles and its outcome comes here.
 */
class RetryRun extends Deadline implements Receiver, ScopeWatcher {
  readonly #layer: RetryLayer;
  readonly #call: Call;
  readonly #scope: Scope;
  readonly #receiver: Receiver;
  #retries = 0;
  #waitMs = 0;
  #backoff: BackoffSequence | undefined = undefined;
  /** The outcome that is being retried; it is the call's when no further attempt can run. */
  #last: Outcome | undefined = undefined;
  #done = false;
  /** Ends the wait under way. */
  #wake: (() => void) | undefined = undefined;
  /** Ends the repeated attempt under way: `true` to go round again. */
  #leaveAttempt: ((again: boolean) => void) | undefined = undefined;

  constructor(layer: RetryLayer, call: Call, scope: Scope, receiver: Receiver) {
    super();
    this.#layer = layer;
    this.#call = call;
    this.#scope = scope;
    this.#receiver = receiver;
  }

  settle(outcome: Outcome, now: number): void {
    const last = this.#last;
    if (outcome.rejection !== undefined) {
      // Waiting for a circuit or a limit would pile callers up behind it.
      this.#finish(last ?? outcome, now);
      return;
    }
    if (last !== undefined) this.#layer.runtime.observer.retried(retryReason(last));
    if (last?.ok === true) this.#call.discard(last.value);
    const waitMs = outcome.verdict === 'transient' ? this.#waitAfter(outcome, now) : undefined;
    if (waitMs === undefined) {
      this.#finish(outcome, now);
      return;
    }
    this.#last = outcome;
    this.#waitMs = waitMs;
    this.#retries += 1;
    this.#layer.runtime.willRetry(this.#retries, retryReason(outcome), waitMs, outcome);
    // A listener may have aborted the call.
    if (this.#scope.cause !== undefined) this.#cut(this.#scope.cause);
    else if (this.#retries === 1) this.#enterLoop();
    else this.#leave(true);
  }

  scopeEnded(scope: Scope): void {
    // An attempt that runs has been told, and its outcome ends the run.
    if (this.#done || this.#leaveAttempt !== undefined || scope.cause === undefined) return;
    this.#cut(scope.cause);
  }

  override expire(_now: number): void {
    this.#wake?.();
  }

  /** Ends the run, with nothing under way, for the reason that its scope ended for. */
  #cut(cause: EndCause): void {
    if (this.#last?.ok === true) this.#call.discard(this.#last.value);
    this.#finish(cutShort(this.#scope.reason, cause, 'ignored'), monotonicNow());
  }

  #enterLoop(): void {
    this.#scope.watch(this);
    pRetry(() => this.#waitAndRun(), { retries: this.#layer.settings.maxRetries, minTimeout: 0 }).catch(
      (error) => {
        if (!this.#done) this.#finish(failed(error, 'defect'), monotonicNow());
      },
    );
  }

  async #waitAndRun(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      if (this.#done) resolve();
      else deadlines.arm(this, this.#waitMs, monotonicNow());
    });
    if (this.#done) return;
    await new Promise<void>((resolve, reject) => {
      this.#leaveAttempt = (again) => (again ? reject(anotherAttempt) : resolve());
      this.#layer.inner.enter(this.#call, this.#scope, this, monotonicNow());
    });
  }

  #leave(again: boolean): void {
    const leave = this.#leaveAttempt;
    this.#leaveAttempt = undefined;
    leave?.(again);
  }

  /** A call that ran out of time tells what its attempt before failed with. */
  #tellCause({ error, cut }: Outcome): void {
    const last = this.#last;
    if (cut === undefined || last === undefined || last.ok || last.error === error) return;
    if (isBreakwaterError(error, 'TIMEOUT') && error.cause === undefined) error.cause = last.error;
  }

  #finish(outcome: Outcome, now: number): void {
    this.#done = true;
    if (this.#retries > 0) {
      deadlines.clear(this);
      this.#scope.unwatch(this);
      this.#tellCause(outcome);
      this.#wake?.();
      this.#leave(false);
    }
    this.#receiver.settle(outcome, now);
  }

  /** How long to wait before the next retry, or `undefined` when there is to be none. */
  #waitAfter(outcome: Outcome, now: number): number | undefined {
    const { runtime, settings } = this.#layer;
    const { retryAfterMs } = outcome;
    if (this.#retries >= settings.maxRetries || this.#scope.cause !== undefined) return undefined;
    if (this.#call.settings.idempotent === false && !outcome.safeToRepeat) return undefined;
    if (retryAfterMs !== undefined && retryAfterMs > settings.maxDelayMs) return undefined;
    const waitMs = Math.max(this.#chosenWait(), this.#askedWait(retryAfterMs));
    if (now + waitMs >= this.#scope.deadlineAt()) return undefined;
    if (runtime.budget.take(now)) return waitMs;
    runtime.rejected('budget_spent', undefined);
    return undefined;
  }

  #chosenWait(): number {
    const { runtime, settings } = this.#layer;
    this.#backoff ??= new BackoffSequence(settings);
    try {
      return this.#backoff.next(this.#retries + 1, Math.random());
    } catch (error) {
      runtime.report('retry', error);
      return Math.min(settings.baseDelayMs, settings.maxDelayMs);
    }
  }

  /** What the dependency asked for, which chance may lengthen but nothing shortens. */
  #askedWait(retryAfterMs: number | undefined): number {
    if (retryAfterMs === undefined) return 0;
    const { jitter, baseDelayMs } = this.#layer.settings;
    return retryAfterMs + (jitter === 'none' ? 0 : Math.random() * baseDelayMs);
  }
}

function retryReason(outcome: Outcome): RetryReason {
  if (outcome.retryAfterMs !== undefined) return 'retry_after';
  if (outcome.cut !== undefined) return 'timeout';
  return outcome.ok ? 'result' : 'error';
}
