import { BrokenOff } from './broken-off.ts';
import type { StreamSettings } from './call-settings.ts';
import { monotonicNow, wallNow } from './clock.ts';
import type { LimitControl } from './control.ts';
import { deadlines } from './deadlines.ts';
import { isBreakwaterError, TimeoutError, withoutStack } from './errors.ts';
import { invokeWithin } from './nesting.ts';
import { AttemptContext } from './operation-context.ts';
import { shown } from './options.ts';
import { cutShort, failed, fulfilled, type Outcome, succeeded } from './outcome.ts';
import { attemptOutcome } from './outcome-names.ts';
import type { Passage } from './passage.ts';
import { edge, type Inner, type Outer } from './pipeline.ts';
import type { PolicyRuntime } from './runtime.ts';
import { type EndCause, Scope } from './scope.ts';
import { type StreamOwner, StreamRun } from './stream-run.ts';
import { chunkSource } from './stream-source.ts';
import { viewOf } from './stream-view.ts';
import { isThenable } from './thenable.ts';
import type { TimeLimit } from './time-limit.ts';
import type { Verdict } from './verdict.ts';

export type { OperationContext } from './operation-context.ts';

/** The innermost part of a policy: runs the operation and judges its outcome. */
export class OperationRunner implements Inner {
  outer: Outer = edge;
  readonly runtime: PolicyRuntime;
  /** How long each attempt may take, where a layer left that to it. */
  #limit: TimeLimit | undefined = undefined;

  constructor(runtime: PolicyRuntime) {
    this.runtime = runtime;
  }

  enter(passage: Passage, now: number): void {
    if (passage.cause === undefined) new Attempt(this, passage, now).run(now);
    else this.outer.settle(passage, cutShort(passage.reason, passage.cause, 'ignored'), now);
  }

  /** How long an attempt that begins now may take. */
  get timeoutMs(): number {
    return this.#limit === undefined ? Number.POSITIVE_INFINITY : this.#limit.timeoutMs;
  }

  limits(): readonly LimitControl[] {
    return this.#limit?.controls ?? [];
  }

  limitAttempts(limit: TimeLimit): boolean {
    if (this.#limit !== undefined) return false;
    this.#limit = limit;
    return true;
  }
}

/**
 * How far a try has come: the operation runs; it has ended and its outcome is being judged; the outcome was settled
 * while the operation still runs; all is over.
 */
type Phase = 'running' | 'judging' | 'given-up' | 'over';

/**
 * One try of the operation.
 *
 * It settles once: with the operation's outcome, or, when its time ends first, with the reason. An outcome that comes
 * after that is late: it is counted, its value discarded, its rejection handled, and it moves nothing.
 */
class Attempt extends Scope {
  readonly #runner: OperationRunner;
  readonly #passage: Passage;
  readonly #startedAt: number;
  readonly attempt: number;
  #phase: Phase = 'running';

  constructor(runner: OperationRunner, passage: Passage, now: number) {
    super(passage);
    this.#runner = runner;
    this.#passage = passage;
    this.#startedAt = now;
    this.attempt = ++passage.call.attempts;
  }

  override get parent(): Passage {
    return this.#passage;
  }

  /** Milliseconds left until the nearest deadline, never below 0. */
  get remainingMs(): number {
    return this.cause === undefined ? Math.max(0, this.deadlineAt() - monotonicNow()) : 0;
  }

  run(now: number): void {
    const { runtime, timeoutMs } = this.#runner;
    runtime.observer.attemptStarted();
    if (timeoutMs !== Number.POSITIVE_INFINITY) deadlines.arm(this, timeoutMs, now);
    const context = new AttemptContext(this);
    let returned: unknown;
    try {
      returned = runtime.hazards.retries
        ? invokeWithin(runtime, this.#passage, context)
        : this.#passage.invoke(context);
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

  override expire(_now: number): void {
    const { runtime, timeoutMs: allowedMs } = this.#runner;
    // What it was given when it began; the policy may have changed that since.
    const givenMs = Math.round(this.dueAt - this.#startedAt);
    const timeoutMs = givenMs === Math.ceil(allowedMs) ? allowedMs : givenMs;
    this.end(
      'attempt-timeout',
      withoutStack(() => new TimeoutError(runtime.name, timeoutMs, 'attempt')),
    );
  }

  protected override stopped(cause: EndCause, reason: unknown): void {
    if (this.#isSettled()) return;
    const now = monotonicNow();
    this.#settle(cutShort(reason, cause, this.#verdictWhenCut(cause, reason, now)), now);
  }

  #follow(promise: Promise<unknown>): void {
    promise.then(this.#fulfilled.bind(this), this.#rejected.bind(this));
  }

  #fulfilled(value: unknown): void {
    const call = this.#passage.call;
    const { stream } = call.settings;
    if (stream !== undefined && this.#protects(value, stream)) return;
    if (!this.#end()) {
      call.discard(value);
      return;
    }
    if (!call.judgesValues) {
      const correct = call.passesCheck(value);
      if (this.#isSettled()) call.discard(value);
      this.#settle(succeeded(value, correct), monotonicNow());
      return;
    }
    const { verdict, retryAfterMs, safeToRepeat = false, reason } = call.judge({ ok: true, value });
    const correct = verdict === 'success' && call.passesCheck(value);
    if (this.#isSettled()) call.discard(value);
    const outcome =
      verdict === 'success'
        ? succeeded(value, correct)
        : fulfilled(value, verdict, retryAfterMs, safeToRepeat, correct, reason);
    this.#settle(outcome, monotonicNow());
  }

  /** Goes on until the end of a stream that the operation gave, whose consumer gets it now. False for any other value. */
  #protects(value: unknown, { idleTimeoutMs }: StreamSettings): boolean {
    const source = chunkSource(value);
    const { call } = this.#passage;
    if (source === undefined) {
      if (value !== undefined && value !== null) call.runtime.report('stream', noStream(value));
      return false;
    }
    if (call.isAnswered)
      this.end('abandoned', new DOMException('Another attempt has answered.', 'AbortError'));
    if (this.#phase !== 'running') return false;
    const judged = call.judgesValues ? call.judge({ ok: true, value }) : undefined;
    // A classify may have aborted the call.
    if (this.#phase !== 'running') return false;
    if (judged !== undefined && judged.verdict !== 'success') {
      this.#end();
      const { verdict, retryAfterMs, safeToRepeat = false, reason } = judged;
      this.#settle(fulfilled(value, verdict, retryAfterMs, safeToRepeat, false, reason), monotonicNow());
      return true;
    }
    deadlines.clear(this);
    const run = new StreamRun(this, source, idleTimeoutMs, this.#streamOwner());
    const view = viewOf(run, source);
    this.#passage.answered(undefined);
    call.deliver(view);
    return true;
  }

  #streamOwner(): StreamOwner {
    const { runtime } = this.#runner;
    return {
      policy: runtime.name,
      ended: () => {
        if (this.#end()) this.#settle(succeeded(undefined, true), monotonicNow());
      },
      failed: (error) => this.#rejected(error),
      stalled: (error) => this.end('attempt-timeout', error),
      stopped: (satisfied, reason, closed) => {
        if (closed && !this.#end()) return;
        const outcome = satisfied ? succeeded(undefined, true) : cutShort(reason, 'abandoned', 'ignored');
        this.#settle(outcome, monotonicNow());
        if (!closed) this.end('abandoned', reason);
      },
      outlasted: (reason) => this.#settle(cutShort(reason, 'abandoned', 'ignored'), monotonicNow()),
      closed: () => void this.#end(),
      report: (error) => runtime.report('stream', error),
    };
  }

  #rejected(error: unknown): void {
    if (error instanceof BrokenOff) {
      // Settled while it still runs, like one whose time was over.
      this.#follow(error.operation);
      this.#failed(error.error);
    } else if (this.#end()) this.#failed(error);
  }

  #failed(error: unknown): void {
    const { call } = this.#passage;
    const now = monotonicNow();
    // A policy within, under the same deadline, may see it pass a moment before this call's own timer does.
    if (call.isOutOfTime(now) && isBreakwaterError(error, 'TIMEOUT')) call.expire(now);
    if (this.#isSettled()) return;
    const { verdict, retryAfterMs, safeToRepeat, reason } = call.judge({ ok: false, error });
    this.#settle(failed(error, verdict, retryAfterMs, safeToRepeat, reason), monotonicNow());
  }

  /** The operation really ended. False when it had been given up, or claims to end twice. */
  #end(): boolean {
    const phase = this.#phase;
    if (phase === 'judging' || phase === 'over') return false;
    this.#phase = phase === 'running' ? 'judging' : 'over';
    this.#runner.runtime.observer.attemptEnded(phase === 'given-up');
    if (phase === 'given-up') this.#passage.operationEnded();
    return phase === 'running';
  }

  #isSettled(): boolean {
    return this.#phase === 'given-up' || this.#phase === 'over';
  }

  #settle(outcome: Outcome, now: number): void {
    // A classify or a check that aborts its own call settles it from within.
    if (this.#isSettled()) return;
    const isLeft = this.#phase === 'running';
    this.#phase = isLeft ? 'given-up' : 'over';
    this.close();
    if (isLeft) this.#passage.operationLeft();
    const { runtime, outer } = this.#runner;
    const kind = attemptOutcome(outcome);
    const durationMs = now - this.#startedAt;
    const { trace } = this.#passage.call;
    runtime.attemptSettled(kind, durationMs, trace);
    if (runtime.events.heard.attempt) {
      runtime.events.emit('attempt', {
        policy: runtime.name,
        time: wallNow(),
        attempt: this.attempt,
        outcome: kind,
        verdict: outcome.verdict,
        durationMs,
        error: outcome.error,
        reason: outcome.reason,
        trace,
      });
    }
    outer.settle(this.#passage, outcome, now);
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
      (isDeadline && now - this.#startedAt >= this.#runner.runtime.attemptTimeoutMs);
    if (!hadItsTime) return 'ignored';
    return this.#passage.call.judge({ ok: false, error: reason }).verdict;
  }
}

function noStream(value: unknown): Error {
  return withoutStack(
    () =>
      new TypeError(
        `until: 'end' was given, but the operation gave ${shown(value)}, which is no stream and is not protected: give an ` +
          'async iterable, a Readable or a ReadableStream, such as the body of a Response, or use resilientFetch()',
      ),
  );
}
