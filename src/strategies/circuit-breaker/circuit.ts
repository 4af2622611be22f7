import type {
  Circuit,
  CircuitSnapshot,
  CircuitState,
  CircuitTransition,
  CircuitWindowCounts,
} from '../../core/circuit.ts';
import { monotonicNow, wallNow } from '../../core/clock.ts';
import { LONGEST_TIMER_MS } from '../../core/deadlines.ts';
import { ErrorTally } from '../../core/error-tally.ts';
import { CircuitOpenError, isRejection, withoutStack } from '../../core/errors.ts';
import type { FailureMark, FailureOnset } from '../../core/failure-onset.ts';
import { durationMs, options, parseOptions, text } from '../../core/options.ts';
import { type Outcome, rejected } from '../../core/outcome.ts';
import type { Permit } from '../../core/permit.ts';
import type { PolicyRuntime } from '../../core/runtime.ts';
import { CircuitMachine, OPEN_JITTER } from './machine.ts';
import { type MirroredCircuit, OpossumMirror } from './mirror.ts';
import type { CircuitBreakerSettings } from './options.ts';

/** How far back opossum's rolling status looks where the circuit's window is a count. */
const STATUS_MS = 10_000;

const forceOpenSchema = options({ reason: text, forMs: durationMs.optional() });
const probeSchema = options({ reason: text });
const disableSchema = options({ forMs: durationMs.optional() });

/**
 * The machine at work: it reads the clock, wakes the machine when a state has lasted its time, feeds the opossum
 * mirror, and tells the policy of transitions.
 */
export class MachineCircuit implements Circuit, MirroredCircuit {
  readonly shadow: boolean;
  readonly breaker: OpossumMirror;
  readonly #machine: CircuitMachine;
  readonly #runtime: PolicyRuntime;
  #since = wallNow();
  #timer: NodeJS.Timeout | undefined = undefined;
  #closed = false;
  /** What traces the call that the machine is moved by, while it is. */
  #trace: unknown = undefined;
  /** The outcome that the machine is moved by, where it is a failure. */
  #failure: Outcome | undefined = undefined;
  readonly #settings: CircuitBreakerSettings;
  /** Transitions to tell of, the first being told: what a listener causes meanwhile is told after it, in order. */
  readonly #untold: (() => void)[] = [];

  constructor(runtime: PolicyRuntime, settings: CircuitBreakerSettings) {
    this.#runtime = runtime;
    this.shadow = settings.mode === 'shadow';
    this.#settings = settings;
    this.#machine = new CircuitMachine(
      settings,
      (transition) => this.#moved(transition),
      (mark) => this.#noted(mark),
    );
    const statusMs = settings.window.type === 'time' ? settings.window.ms : STATUS_MS;
    this.breaker = new OpossumMirror(runtime.name, statusMs, this.#machine, this);
    if (settings.restore !== undefined) this.#restore(settings.restore, settings.maxOpenMs);
    runtime.onClose(() => this.#stop());
  }

  get state(): CircuitState {
    this.#machine.wake(monotonicNow());
    return this.#machine.state;
  }

  get since(): number {
    this.#machine.wake(monotonicNow());
    return this.#since;
  }

  get retryAfterMs(): number {
    const now = monotonicNow();
    this.#machine.wake(now);
    return this.#machine.retryAfterMs(now);
  }

  get window(): CircuitWindowCounts {
    return this.#machine.counts(monotonicNow());
  }

  get configuration(): Readonly<Record<string, unknown>> {
    const { restore: _, ...settings } = { ...this.#settings, openMs: this.#machine.openMs };
    return Object.fromEntries(
      Object.entries(settings).filter(([, value]) => value !== Number.POSITIVE_INFINITY),
    );
  }

  get onset(): FailureOnset | undefined {
    return this.#machine.onset(monotonicNow());
  }

  probeNow(reason: string): boolean {
    parseOptions(probeSchema, { reason }, this.#runtime.name, 'Arguments of circuit.probeNow()');
    this.#machine.wake(monotonicNow());
    return this.#machine.probeNow(reason);
  }

  /** What the options say of that. */
  get configuredOpenMs(): number {
    return this.#settings.openMs;
  }

  /** How long it stays open at first, in milliseconds. */
  get openMs(): number {
    return this.#machine.openMs;
  }

  /** How long it stays open at first; `undefined` gives back what the options say. */
  changeOpenMs(openMs: number | undefined): void {
    this.#machine.openMs = openMs ?? this.#settings.openMs;
  }

  forceOpen(reason: string, forMs?: number): void {
    parseOptions(forceOpenSchema, { reason, forMs }, this.#runtime.name, 'Arguments of circuit.forceOpen()');
    this.#machine.forceOpen(reason, untilAfter(forMs));
    this.#setTimer(monotonicNow());
  }

  disable(forMs?: number): void {
    parseOptions(disableSchema, { forMs }, this.#runtime.name, 'Arguments of circuit.disable()');
    this.#machine.disable(untilAfter(forMs));
    this.#setTimer(monotonicNow());
  }

  reset(): void {
    this.#machine.reset();
  }

  trip(manual: boolean): void {
    const reason = manual ? 'opened through opossum' : "opossum's health check failed";
    this.#machine.trip(reason, manual, monotonicNow(), Math.random);
  }

  enable(): void {
    if (this.state === 'disabled') this.reset();
  }

  listenerFailed(error: unknown): void {
    this.#runtime.report('circuit-listener', error);
  }

  toJSON(): CircuitSnapshot {
    const { state, since } = this;
    const leftMs = state === 'half-open' ? Number.POSITIVE_INFINITY : this.#machine.wakeAt - monotonicNow();
    const until = Number.isFinite(leftMs) ? wallNow() + leftMs : null;
    return { state, since, until, failedRecoveries: this.#machine.failedRecoveries };
  }

  /** Asks to run an attempt: gives `permit` what it needs, or turns the attempt away. */
  admit(permit: Permit, now: number, trace: unknown): boolean {
    if (this.breaker.count('fire', now, undefined)) this.breaker.emit('fire', NO_ARGUMENTS);
    this.#trace = trace;
    const admitted = this.#machine.admit(permit, now);
    this.#trace = undefined;
    if (admitted && this.#machine.state === 'half-open') this.#setTimer(now);
    return admitted;
  }

  /** Notes that an attempt was turned away, and gives its outcome. */
  turnAway(now: number, trace: unknown): Outcome {
    const retryAfterMs = this.#machine.retryAfterMs(now);
    const outcome = rejected(() => this.#openError(retryAfterMs), 'circuit_open', Math.ceil(retryAfterMs));
    // In shadow mode the attempt runs, and tools made for opossum hear how it ends instead.
    if (!this.shadow && this.breaker.count('reject', now, undefined))
      this.breaker.emit('reject', outcome.error);
    this.#runtime.rejected('circuit_open', retryAfterMs, trace, this.shadow);
    return outcome;
  }

  /** Settles a permit with its attempt's outcome. One of no generation moves nothing, and is mirrored all the same. */
  settle(permit: Permit, outcome: Outcome, now: number, trace: unknown): void {
    const latencyMs = now - permit.admittedAt;
    switch (outcome.verdict) {
      case 'success':
      case 'refused':
        if (this.breaker.count('success', now, latencyMs)) {
          this.breaker.emit('success', outcome.ok ? outcome.value : outcome.error, latencyMs);
        }
        this.#trace = trace;
        this.#machine.settle(permit, false, now, Math.random, undefined);
        this.#trace = undefined;
        break;
      case 'transient':
      case 'permanent':
        // A limit within, or a policy within the operation, did not ask the dependency.
        if (outcome.rejection !== undefined || isRejection(outcome.error)) this.#machine.release(permit);
        else this.#failed(permit, outcome, now, latencyMs, trace);
        break;
      case 'defect':
        this.#machine.release(permit);
        this.#failure = outcome;
        this.#trace = trace;
        this.#machine.noteBeside((mark) => this.#noted(mark));
        this.#trace = undefined;
        this.#failure = undefined;
        break;
      default:
        this.#machine.release(permit);
    }
    if (this.#machine.state === 'half-open') this.#setTimer(now);
  }

  #openError(retryAfterMs: number): CircuitOpenError {
    return withoutStack(() => new CircuitOpenError(this.#runtime.name, Math.ceil(retryAfterMs)));
  }

  #failed(permit: Permit, outcome: Outcome, now: number, latencyMs: number, trace: unknown): void {
    const error = outcome.ok ? outcome.value : outcome.error;
    if (outcome.cut !== undefined && this.breaker.count('timeout', now, undefined)) {
      this.breaker.emit('timeout', error, latencyMs, NO_ARGUMENTS);
    }
    if (this.breaker.count('failure', now, latencyMs)) {
      this.breaker.emit('failure', error, latencyMs, NO_ARGUMENTS);
    }
    this.#trace = trace;
    this.#failure = outcome;
    this.#machine.settle(permit, true, now, Math.random, outcome.retryAfterMs);
    this.#trace = undefined;
    this.#failure = undefined;
  }

  /** Adds what failed, if it did, to what goes on since `mark`, or since now. */
  #noted(mark: FailureMark | undefined): FailureMark {
    const noted = mark ?? {
      since: wallNow(),
      counts: this.#runtime.observer.copy(),
      errors: new ErrorTally(KINDS_PER_MARK),
    };
    const failure = this.#failure;
    if (failure !== undefined) noted.errors.add(failure.error, this.#trace, failure.reason);
    return noted;
  }

  #moved(transition: CircuitTransition): void {
    const now = monotonicNow();
    this.#since = wallNow();
    this.#setTimer(now);
    const openForMs = this.#machine.retryAfterMs(now);
    const trace = this.#trace;
    // What a listener does meanwhile, this call has not caused.
    this.#trace = undefined;
    this.#untold.push(() => {
      this.breaker.moved(transition.to, openForMs);
      this.#runtime.circuitMoved(transition, this.shadow, openForMs === 0 ? undefined : openForMs, trace);
    });
    if (this.#untold.length > 1) return;
    for (let tell = this.#untold[0]; tell !== undefined; tell = this.#untold[0]) {
      tell();
      this.#untold.shift();
    }
  }

  #restore(snapshot: CircuitSnapshot, maxOpenMs: number): void {
    this.#since = snapshot.since;
    // A wall clock that jumped must not keep the circuit open for longer than it could have been.
    const longestMs = snapshot.state === 'open' ? maxOpenMs * (1 + OPEN_JITTER) : Number.POSITIVE_INFINITY;
    const leftMs = snapshot.until === null ? Number.POSITIVE_INFINITY : snapshot.until - wallNow();
    this.#machine.restore(snapshot, monotonicNow() + Math.min(Math.max(0, leftMs), longestMs));
    this.#setTimer(monotonicNow());
  }

  /** One timer, which keeps no process alive, while the state may change by time alone. */
  #setTimer(now: number): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const { wakeAt } = this.#machine;
    if (this.#closed || wakeAt === Number.POSITIVE_INFINITY) return;
    const delayMs = Math.min(Math.max(1, Math.ceil(wakeAt - now)), LONGEST_TIMER_MS);
    this.#timer = setTimeout(() => this.#wake(), delayMs);
    this.#timer.unref();
  }

  #wake(): void {
    const now = monotonicNow();
    this.#machine.wake(now);
    this.#setTimer(now);
  }

  #stop(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}

/** How many kinds of errors are told apart among those of a tenth of the window. */
const KINDS_PER_MARK = 10;

const NO_ARGUMENTS: readonly unknown[] = [];

function untilAfter(forMs: number | undefined): number {
  return forMs === undefined ? Number.POSITIVE_INFINITY : monotonicNow() + forMs;
}
