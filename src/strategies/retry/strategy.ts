import pRetry from 'p-retry';
import { LiveSettings } from '../../core/adjustable.ts';
import { AttemptBudget } from '../../core/attempt-budget.ts';
import { monotonicNow } from '../../core/clock.ts';
import { type LimitControl, SetByHand } from '../../core/control.ts';
import { deadlines } from '../../core/deadlines.ts';
import { withoutStack } from '../../core/errors.ts';
import { sameOption } from '../../core/merged-options.ts';
import type { RetryReason } from '../../core/observer.ts';
import { cutShort, failed, type Outcome, tellCause } from '../../core/outcome.ts';
import { InnerPassage, type Passage } from '../../core/passage.ts';
import { edge, type Inner, type Layer, type Outer, type Strategy } from '../../core/pipeline.ts';
import type { PolicyRuntime } from '../../core/runtime.ts';
import type { EndCause } from '../../core/scope.ts';
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
  return new RetryStrategy(options);
}

class RetryStrategy implements Strategy {
  readonly kind = 'retry';
  readonly key = 'retry';
  readonly adjustable: LiveSettings<typeof retrySchema>;

  constructor(given: RetryOptions) {
    const setsBudget = given?.budget !== undefined;
    this.adjustable = new LiveSettings(retrySchema, given, 'Options of retry()', {
      fixed: setsBudget ? [] : ['budget'],
      instead: { budget: "the policy's own is used: change 'attemptBudget'" },
    });
  }

  get setsBudget(): boolean {
    return this.adjustable.current.budget !== undefined;
  }

  get maxRuns(): number {
    return this.adjustable.current.maxRetries + 1;
  }

  get maxWaitMs(): number {
    return longestWaits(this.adjustable.current);
  }

  get maxAskedWaitMs(): number {
    const { maxRetries, maxDelayMs, baseDelayMs, jitter } = this.adjustable.current;
    return maxRetries * (maxDelayMs + (jitter === 'none' ? 0 : baseDelayMs));
  }

  describe(): string {
    const { maxRetries, maxDelayMs, baseDelayMs, backoff, jitter } = this.adjustable.current;
    return (
      `retry: up to ${maxRetries} more, ${typeof backoff === 'string' ? backoff : 'custom'} backoff from ` +
      `${baseDelayMs} ms to ${maxDelayMs} ms, jitter ${jitter}`
    );
  }

  bind(inner: Inner, runtime: PolicyRuntime): Layer {
    runtime.keepsContext = true;
    const { budget } = this.adjustable.current;
    if (budget !== undefined) runtime.budget = new AttemptBudget(budget);
    this.adjustable.onChange((now, before) => {
      if (now.budget === undefined || sameOption(now.budget, before.budget)) return;
      runtime.budget.adjust(now.budget, monotonicNow());
    });
    return new RetryLayer(inner, runtime, this.adjustable);
  }
}

class RetryLayer implements Layer {
  outer: Outer = edge;
  readonly inner: Inner;
  readonly runtime: PolicyRuntime;
  readonly #live: LiveSettings<typeof retrySchema>;
  readonly #byHand = new SetByHand<'maxRetries'>('retry');

  constructor(inner: Inner, runtime: PolicyRuntime, live: LiveSettings<typeof retrySchema>) {
    this.inner = inner;
    this.runtime = runtime;
    this.#live = live;
  }

  /** The options of calls that begin to retry now. */
  get settings(): RetrySettings {
    return this.#live.current;
  }

  /** Retries that such a call may make. */
  get maxRetries(): number {
    return this.#byHand.get('maxRetries') ?? this.settings.maxRetries;
  }

  limits(): readonly LimitControl[] {
    return [
      this.#byHand.limit('maxRetries', {
        text: 'retries of a call after its first attempt',
        type: 'count',
        configured: this.settings.maxRetries,
        current: this.maxRetries,
      }),
    ];
  }

  refuses(passage: Passage, now: number): boolean {
    return this.inner.refuses?.(passage, now) === true;
  }

  enter(passage: Passage, now: number): void {
    this.inner.enter(passage, now);
  }

  /** Hands the outcome of a first attempt on, or to a run of retries when another try may do. */
  settle(passage: Passage, outcome: Outcome, now: number): void {
    if (passage.opener === this && passage instanceof RetryRun) passage.settle(outcome, now);
    else if (outcome.verdict !== 'transient' || outcome.rejection !== undefined || passage.call.isAnswered) {
      this.outer.settle(passage, outcome, now);
    } else new RetryRun(this, passage).settle(outcome, now);
  }
}

/** Tells p-retry to go round again: it knows errors only. */
const anotherAttempt = withoutStack(() => new Error('the attempt is to be repeated'));

/**
 * A call's attempts from its first failure on, in p-retry's loop: the passage of those that follow. The waits are this
 * class's own, since they also heed Retry-After, the deadline and the budget.
 *
 * When it ends during a wait, it settles at once and no attempt starts after it. When it ends during an attempt, the
 * attempt settles and its outcome comes here.
 */
class RetryRun extends InnerPassage {
  readonly layer: RetryLayer;
  /** They hold for the whole run, of which p-retry was told how long it may be. */
  readonly #settings: RetrySettings;
  readonly #maxRetries: number;
  #since = 0;
  #retries = 0;
  #waitMs = 0;
  #backoff: BackoffSequence | undefined = undefined;
  /** The outcome that is being retried; it is the call's when no further attempt can run. */
  #last: Outcome | undefined = undefined;
  /** Whether its value is let go of. */
  #isLastGone = false;
  #done = false;
  /** Ends the wait under way. */
  #wake: (() => void) | undefined = undefined;
  /** Ends the repeated attempt under way: `true` to go round again. */
  #leaveAttempt: ((again: boolean) => void) | undefined = undefined;

  constructor(layer: RetryLayer, outer: Passage) {
    super(layer, outer);
    this.layer = layer;
    this.#settings = layer.settings;
    this.#maxRetries = layer.maxRetries;
  }

  override get since(): number {
    return this.#since;
  }

  /** The caller has another value, so that nobody waits for that of the attempt before. */
  override answered(within: Passage | undefined): void {
    super.answered(within);
    this.#letGoOfLast();
  }

  settle(outcome: Outcome, now: number): void {
    const last = this.#last;
    if (outcome.rejection !== undefined) {
      // Waiting for a circuit or a limit would pile callers up behind it.
      this.#finish(last ?? outcome, now);
      return;
    }
    if (last !== undefined) this.layer.runtime.observer.retried(retryReason(last));
    this.#letGoOfLast();
    const isRepeated = outcome.verdict === 'transient' && !this.call.isAnswered;
    const waitMs = isRepeated ? this.#waitAfter(outcome, now) : undefined;
    if (waitMs === undefined) {
      this.#finish(outcome, now);
      return;
    }
    this.#last = outcome;
    this.#isLastGone = false;
    this.#waitMs = waitMs;
    this.#retries += 1;
    this.layer.runtime.willRetry(this.#retries, retryReason(outcome), waitMs, outcome, this.call.trace);
    // A listener may have aborted the call.
    if (this.#done) return;
    if (this.cause !== undefined) this.#cut(this.cause, this.reason);
    else if (this.#retries === 1) this.#enterLoop();
    else this.#leave(true);
  }

  override expire(_now: number): void {
    this.#wake?.();
  }

  protected override stopped(cause: EndCause, reason: unknown): void {
    // An attempt that ran has settled before this, and its outcome has ended the run.
    if (!this.#done && this.#last !== undefined && this.#leaveAttempt === undefined) this.#cut(cause, reason);
  }

  /** Ends the run, with nothing under way. */
  #cut(cause: EndCause, reason: unknown): void {
    this.#letGoOfLast();
    this.#finish(cutShort(reason, cause, 'ignored'), monotonicNow());
  }

  #letGoOfLast(): void {
    const last = this.#last;
    if (last?.ok !== true || this.#isLastGone) return;
    this.#isLastGone = true;
    this.call.discard(last.value);
  }

  #enterLoop(): void {
    pRetry(() => this.#waitAndRun(), { retries: this.#maxRetries, minTimeout: 0 }).catch((error) => {
      if (!this.#done) this.#finish(failed(error, 'defect'), monotonicNow());
    });
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
      this.#since = monotonicNow();
      this.layer.inner.enter(this, this.#since);
    });
  }

  #leave(again: boolean): void {
    const leave = this.#leaveAttempt;
    this.#leaveAttempt = undefined;
    leave?.(again);
  }

  #finish(outcome: Outcome, now: number): void {
    this.#done = true;
    this.close();
    if (this.#retries > 0) {
      if (this.#last !== undefined) tellCause(outcome, this.#last);
      this.#wake?.();
      this.#leave(false);
    }
    this.layer.outer.settle(this.outer, outcome, now);
  }

  /** How long to wait before the next retry, or `undefined` when there is to be none. */
  #waitAfter(outcome: Outcome, now: number): number | undefined {
    const { runtime } = this.layer;
    const settings = this.#settings;
    const { retryAfterMs } = outcome;
    if (this.#retries >= this.#maxRetries || this.cause !== undefined) return undefined;
    if (this.call.settings.idempotent === false && !outcome.safeToRepeat) return undefined;
    if (retryAfterMs !== undefined && retryAfterMs > settings.maxDelayMs) return undefined;
    const waitMs = Math.max(this.#chosenWait(), this.#askedWait(retryAfterMs));
    if (now + waitMs >= this.deadlineAt()) return undefined;
    if (runtime.budget.take(now)) return waitMs;
    runtime.rejected('budget_spent', undefined, this.call.trace);
    return undefined;
  }

  #chosenWait(): number {
    const settings = this.#settings;
    this.#backoff ??= new BackoffSequence(settings);
    try {
      return this.#backoff.next(this.#retries + 1, Math.random());
    } catch (error) {
      this.layer.runtime.report('retry', error);
      return Math.min(settings.baseDelayMs, settings.maxDelayMs);
    }
  }

  /** What the dependency asked for, which chance may lengthen but nothing shortens. */
  #askedWait(retryAfterMs: number | undefined): number {
    if (retryAfterMs === undefined) return 0;
    const { jitter, baseDelayMs } = this.#settings;
    return retryAfterMs + (jitter === 'none' ? 0 : Math.random() * baseDelayMs);
  }
}

function retryReason(outcome: Outcome): RetryReason {
  if (outcome.retryAfterMs !== undefined) return 'retry_after';
  if (outcome.cut !== undefined) return 'timeout';
  return outcome.ok ? 'result' : 'error';
}
