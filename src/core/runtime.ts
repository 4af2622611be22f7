import { underDeadline } from './ambient-deadline.ts';
import { AttemptBudget } from './attempt-budget.ts';
import type { CallSettings } from './call-settings.ts';
import type { CircuitTransition } from './circuit.ts';
import { wallNow } from './clock.ts';
import type { CircuitEvent, Events } from './events.ts';
import { type Hazard, Hazards } from './hazards.ts';
import { noteNesting } from './nesting.ts';
import type {
  AttemptOutcome,
  CallOutcome,
  Component,
  FallbackSource,
  PolicyObserver,
  RetryReason,
} from './observer.ts';
import { shown } from './options.ts';
import type { Outcome, RejectionReason } from './outcome.ts';
import { isThenable } from './thenable.ts';
import type { TimeLimit } from './time-limit.ts';
import { type ExemplarLabels, Tracer } from './tracing.ts';
import type { AttemptResult, Classify, Judgement } from './verdict.ts';
import { MAX_REASON_LENGTH, verdictOnError, verdicts } from './verdict.ts';

/** What a policy's layers share: its name, its counters and events, its judgement, its attempt budget. */
export class PolicyRuntime {
  readonly name: string;
  readonly events: Events;
  readonly observer: PolicyObserver;
  /** What is risky about the policy. */
  readonly hazards = new Hazards(
    (hazard) => this.#warn(hazard),
    () => this.budget.limits,
  );
  readonly #tracer: Tracer;
  /** What extra attempts (retries, hedges, failovers) may cost in all; a strategy that sets it itself replaces it. */
  budget = new AttemptBudget();
  /** Whether a layer holds the whole call, and so its caller's own deadline, to a time. Set when layers are bound. */
  boundsCalls = false;
  /**
   * Whether a layer lets a call wait, or begins something for it that it did not begin with, so that its caller's
   * asynchronous context is kept. Set when layers are bound.
   */
  keepsContext = false;
  /** Whether a layer runs what lies within it several times at once for a call. Set when layers are bound. */
  runsBeside = false;
  /** How long a layer allows a whole call, in milliseconds. Set when layers are bound. */
  totalTimeoutMs = Number.POSITIVE_INFINITY;
  /** How long an attempt may take, in milliseconds. Set when layers are bound. */
  attemptTimeoutMs = Number.POSITIVE_INFINITY;
  /** What both follow from. */
  readonly timeLimits: TimeLimit[] = [];
  /**
   * When an option of a layer that holds now goes back to something else by itself, on the monotonic clock, by the
   * layer's key and the option's name; `undefined` for never. Set when the policy is made.
   */
  optionEndsAt: (key: string, option: string) => number | undefined = () => undefined;
  /** Names of the endpoints, of a policy that has several. Set when layers are bound. */
  endpoints: readonly string[] = [];
  #shadowRejections: Map<RejectionReason, number> | undefined = undefined;
  #closed = false;
  readonly #classify: Classify | undefined;
  readonly #onClose: (() => void)[] = [];
  readonly #onCircuitMove: (() => void)[] = [];
  #callsInFlight = 0;
  #onIdle: (() => void)[] = [];

  constructor(
    name: string,
    events: Events,
    observer: PolicyObserver,
    classify: Classify | undefined,
    tracer = new Tracer(),
  ) {
    this.name = name;
    this.events = events;
    this.observer = observer;
    this.#classify = classify;
    this.#tracer = tracer;
  }

  /** The settings of a call that starts now, with its deadline and what traces it. */
  traced(given: CallSettings): CallSettings {
    const settings = underDeadline(given);
    const tracing = this.#tracer.current;
    if (tracing === undefined) return settings;
    try {
      const trace: unknown = tracing.capture();
      if (trace === undefined) return settings;
      if (!isThenable(trace)) return { ...settings, trace };
      Promise.resolve(trace).catch(() => {});
      throw new TypeError('capture gave a promise: expected what traces the call, or undefined');
    } catch (error) {
      this.report('tracing', error);
      return settings;
    }
  }

  /** Counts a call, which earns its share of the attempt budget. */
  callStarted(now: number): void {
    if (this.hazards.retries) noteNesting(this);
    this.#callsInFlight += 1;
    this.observer.callStarted();
    this.budget.callStarted(now);
  }

  /** Counts that a call is over. */
  callEnded(kind: CallOutcome, outcome: Outcome, durationMs: number, now: number, trace: unknown): void {
    this.#callsInFlight -= 1;
    const exemplar = trace === undefined ? undefined : this.#exemplarOf(trace);
    this.observer.callEnded(kind, outcome, durationMs, now, exemplar);
    if (this.#callsInFlight === 0 && this.#onIdle.length > 0) {
      for (const resolve of this.#onIdle.splice(0)) resolve();
    }
  }

  /** Counts that an attempt is settled. */
  attemptSettled(kind: AttemptOutcome, durationMs: number, trace: unknown): void {
    const exemplar = trace === undefined ? undefined : this.#exemplarOf(trace);
    this.observer.attemptSettled(kind, durationMs, exemplar);
  }

  /** Resolves when no call is in flight. */
  idle(): Promise<void> {
    if (this.#callsInFlight === 0) return Promise.resolve();
    return new Promise((resolve) => this.#onIdle.push(resolve));
  }

  /**
   * What `result` means: as the policy's own `classify` says, else as the call's does, else by default. One that
   * throws or answers rubbish is reported and passed over.
   */
  judge(result: AttemptResult, ofCall: Classify | undefined): Judgement {
    const answer = this.#ask(this.#classify, result) ?? this.#ask(ofCall, result);
    if (answer !== undefined) return answer;
    return result.ok ? SUCCESS : { verdict: verdictOnError(result.error) };
  }

  /** Whether the policy has a say in what values mean; else each is a success. */
  get judgesValues(): boolean {
    return this.#classify !== undefined;
  }

  /** Counts and announces something that failed inside and is kept from the caller. */
  report(component: Component, error: unknown): void {
    this.observer.failedInside(component);
    if (this.events.heard['internal-error']) {
      this.events.emit('internal-error', { policy: this.name, time: wallNow(), component, error });
    }
  }

  /** What layers in shadow mode would have turned away, by reason. Made when a layer asks for it. */
  get shadowRejections(): Map<RejectionReason, number> {
    this.#shadowRejections ??= new Map();
    return this.#shadowRejections;
  }

  /**
   * Counts and announces that a strategy turned a call or an attempt away.
   *
   * @param shadow whether it only would have
   */
  rejected(reason: RejectionReason, retryAfterMs: number | undefined, trace: unknown, shadow = false): void {
    if (shadow) this.shadowRejections.set(reason, (this.shadowRejections.get(reason) ?? 0) + 1);
    else this.observer.rejected(reason);
    if (this.events.heard.rejection) {
      this.events.emit('rejection', {
        policy: this.name,
        time: wallNow(),
        reason,
        shadow,
        retryAfterMs,
        trace,
      });
    }
  }

  /** Announces a retry; it is counted once it has run. */
  willRetry(retry: number, reason: RetryReason, waitMs: number, outcome: Outcome, trace: unknown): void {
    if (this.events.heard.retry) {
      this.events.emit('retry', {
        policy: this.name,
        time: wallNow(),
        retry,
        reason,
        waitMs,
        error: outcome.error,
        trace,
      });
    }
  }

  /** Counts and announces what answered in the place of `outcome`. */
  fellBack(source: FallbackSource, ageMs: number, outcome: Outcome, trace: unknown): void {
    this.observer.fellBack(source);
    if (this.events.heard.fallback) {
      this.events.emit('fallback', {
        policy: this.name,
        time: wallNow(),
        source,
        ageMs,
        error: outcome.error,
        trace,
      });
    }
  }

  /**
   * @param trace of the call that caused it
   * @param whose the circuit is, where it is not the policy's own
   */
  circuitMoved(
    transition: CircuitTransition,
    shadow: boolean,
    openForMs: number | undefined,
    trace: unknown,
    whose: Pick<CircuitEvent, 'key' | 'endpoint'> = {},
  ): void {
    this.observer.circuitMoved(transition.from, transition.to);
    for (const moved of this.#onCircuitMove) moved();
    // A policy that was removed has nothing more to say: another may have its name.
    if (!this.#closed && this.events.heard.circuit) {
      this.events.emit('circuit', {
        policy: this.name,
        time: wallNow(),
        ...transition,
        ...whose,
        shadow,
        openForMs,
        trace,
      });
    }
  }

  /**
   * Registers what a layer does when a circuit of the policy has moved. It is called in the middle of that move, so it
   * must neither throw nor ask the circuit anything before it has returned.
   */
  onCircuitMove(moved: () => void): void {
    this.#onCircuitMove.push(moved);
  }

  /** Registers what a layer must stop or free when the policy goes away. */
  onClose(stop: () => void): void {
    this.#onClose.push(stop);
  }

  /** Whether the policy has gone away, so that nobody stops what is begun from now on. */
  get isClosed(): boolean {
    return this.#closed;
  }

  close(): void {
    this.#closed = true;
    for (const stop of this.#onClose.splice(0)) stop();
  }

  #warn({ code, message }: Hazard): void {
    if (!this.#closed && this.events.heard.hazard) {
      this.events.emit('hazard', { policy: this.name, time: wallNow(), code, message });
    }
  }

  /** What `trace` is found by, where that is of use. */
  #exemplarOf(trace: unknown): ExemplarLabels | undefined {
    if (!this.observer.keepsExemplars) return undefined;
    try {
      return this.#tracer.exemplar(trace);
    } catch (error) {
      this.report('tracing', error);
      return undefined;
    }
  }

  #ask(classify: Classify | undefined, result: AttemptResult): Judgement | undefined {
    if (classify === undefined) return undefined;
    try {
      const answer = classify(result);
      return answer === undefined ? undefined : this.#checked(answer);
    } catch (error) {
      this.report('classify', error);
      return undefined;
    }
  }

  #checked(answer: Judgement['verdict'] | Judgement): Judgement {
    const judgement = typeof answer === 'string' ? { verdict: answer } : answer;
    if (!verdicts.has(judgement.verdict)) {
      // An async classify: its rejection is part of the rubbish.
      if (isThenable(judgement)) Promise.resolve(judgement).catch(() => {});
      throw new TypeError(`classify returned ${shown(answer)}: expected a verdict, { verdict } or undefined`);
    }
    const { retryAfterMs, reason } = judgement;
    const isDuration = retryAfterMs === undefined || (typeof retryAfterMs === 'number' && retryAfterMs >= 0);
    if (isDuration && (reason === undefined || isReason(reason))) return judgement;
    return {
      ...judgement,
      retryAfterMs: isDuration ? retryAfterMs : undefined,
      reason: typeof reason === 'string' && reason !== '' ? reason.slice(0, MAX_REASON_LENGTH) : undefined,
    };
  }
}

function isReason(reason: unknown): boolean {
  return typeof reason === 'string' && reason !== '' && reason.length <= MAX_REASON_LENGTH;
}

const SUCCESS: Judgement = { verdict: 'success' };
