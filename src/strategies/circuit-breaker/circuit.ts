import type {
  Circuit,
  CircuitSnapshot,
  CircuitState,
  CircuitTransition,
  CircuitWindowCounts,
} from '../../core/circuit.ts';
import { monotonicNow, wallNow } from '../../core/clock.ts';
import { CircuitOpenError, isRejection, withoutStack } from '../../core/errors.ts';
import type { FailureOnset } from '../../core/failure-onset.ts';
import { type Outcome, rejected } from '../../core/outcome.ts';
import type { Permit } from '../../core/permit.ts';
import type { PolicyRuntime } from '../../core/runtime.ts';
import { checkArguments, untilAfter } from './by-hand.ts';
import { configurationOf } from './configuration.ts';
import { FailureNotes } from './failure-notes.ts';
import { type Checked, HealthChecks, type ProbeCounts } from './health-checks.ts';
import { InOrder } from './in-order.ts';
import { CircuitMachine, OPEN_JITTER } from './machine.ts';
import { type MirroredCircuit, OpossumMirror } from './mirror.ts';
import type { CircuitBreakerSettings } from './options.ts';
import type { CircuitOwner, Whose } from './owner.ts';
import { WakeTimer } from './wake-timer.ts';

/** How far back opossum's rolling status looks where the circuit's window is a count. */
const STATUS_MS = 10_000;

/**
 * The machine at work: it reads the clock, wakes the machine when a state has lasted its time, runs its health checks,
 * feeds the opossum mirror, and tells the policy of transitions.
 */
export class MachineCircuit implements Circuit, MirroredCircuit, Checked {
  readonly machine: CircuitMachine;
  readonly runtime: PolicyRuntime;
  readonly about: Whose;
  /** Under what its owner keeps the circuit of a key. */
  readonly slot: string | undefined;
  /** Whether it holds for all calls of its policy or endpoint: somebody, or a health check of it all, opened it. */
  governs = false;
  readonly #owner: CircuitOwner;
  #breaker: OpossumMirror | undefined = undefined;
  #checks: HealthChecks | undefined = undefined;
  #isChecking = false;
  #since = wallNow();
  readonly #timer = new WakeTimer();
  readonly #notes: FailureNotes;
  #closed = false;
  #told: InOrder | undefined = undefined;

  constructor(
    runtime: PolicyRuntime,
    owner: CircuitOwner,
    about: Whose,
    slot: string | undefined,
    state: CircuitSnapshot | undefined,
  ) {
    this.runtime = runtime;
    this.#owner = owner;
    this.about = about;
    this.slot = slot;
    this.#notes = new FailureNotes(runtime);
    this.machine = new CircuitMachine(
      owner.settings,
      (transition) => this.#moved(transition),
      (mark) => this.#notes.note(mark),
    );
    // That of a key is made when somebody asks for it.
    if (slot === undefined) this.#breaker = this.#makeBreaker();
    if (state !== undefined) this.#restore(state);
    this.#followChecks();
  }

  get key(): string | undefined {
    return this.about.key;
  }

  get endpoint(): string | undefined {
    return this.about.endpoint;
  }

  get shadow(): boolean {
    return this.settings.mode === 'shadow';
  }

  get settings(): CircuitBreakerSettings {
    return this.#owner.settings;
  }

  get counts(): ProbeCounts {
    return this.#owner.probes;
  }

  get breaker(): OpossumMirror {
    this.#breaker ??= this.#makeBreaker();
    return this.#breaker;
  }

  /** Whether it is closed, time that has passed aside. */
  get isClosed(): boolean {
    return this.machine.state === 'closed';
  }

  get state(): CircuitState {
    this.machine.wake(monotonicNow());
    return this.machine.state;
  }

  get since(): number {
    this.machine.wake(monotonicNow());
    return this.#since;
  }

  get retryAfterMs(): number {
    const now = monotonicNow();
    this.machine.wake(now);
    return this.machine.retryAfterMs(now);
  }

  get window(): CircuitWindowCounts {
    return this.machine.counts(monotonicNow());
  }

  get configuration(): Readonly<Record<string, unknown>> {
    return configurationOf(this.settings);
  }

  get onset(): FailureOnset | undefined {
    return this.machine.onset(monotonicNow());
  }

  probeNow(reason: string): boolean {
    checkArguments('probeNow', { reason }, this.runtime.name);
    this.machine.wake(monotonicNow());
    return this.machine.probeNow(reason);
  }

  forceOpen(reason: string, forMs?: number): void {
    checkArguments('forceOpen', { reason, forMs }, this.runtime.name);
    this.machine.forceOpen(reason, untilAfter(forMs));
    this.#setTimer(monotonicNow());
  }

  disable(forMs?: number): void {
    checkArguments('disable', { forMs }, this.runtime.name);
    this.machine.disable(untilAfter(forMs));
    this.#setTimer(monotonicNow());
  }

  reset(): void {
    this.machine.reset();
  }

  trip(manual: boolean): void {
    const reason = manual ? 'opened through opossum' : "opossum's health check failed";
    this.machine.trip(reason, manual, monotonicNow(), Math.random);
  }

  isChecked(): boolean {
    return this.#owner.isChecked(this.about);
  }

  checked(generation: number, problem: string | undefined): void {
    this.#isChecking = true;
    this.machine.checked(generation, problem, monotonicNow(), Math.random);
    this.#isChecking = false;
  }

  /** The options have changed. */
  adjusted(): void {
    const now = monotonicNow();
    this.machine.adjust(this.settings, now);
    this.#setTimer(now);
    this.#followChecks();
  }

  /** Its key is not to be told apart any more: it frees what it has, and what comes late moves nothing. */
  forget(reason: string): void {
    this.machine.retire(`it was forgotten: ${reason}`);
    this.stop();
  }

  /** Whether it would turn an attempt away now. */
  refuses(now: number): boolean {
    return !this.shadow && this.machine.refuses(now);
  }

  enable(): void {
    if (this.state === 'disabled') this.reset();
  }

  listenerFailed(error: unknown): void {
    this.runtime.report('circuit-listener', error);
  }

  toJSON(): CircuitSnapshot {
    const { state, since } = this;
    const leftMs = state === 'half-open' ? Number.POSITIVE_INFINITY : this.machine.wakeAt - monotonicNow();
    const until = Number.isFinite(leftMs) ? wallNow() + leftMs : null;
    return { state, since, until, failedRecoveries: this.machine.failedRecoveries, ...this.about };
  }

  /** Asks to run an attempt: gives `permit` what it needs, or turns the attempt away. */
  admit(permit: Permit, now: number, trace: unknown): boolean {
    const breaker = this.#breaker;
    if (breaker?.count('fire', now, undefined) === true) breaker.emit('fire', NO_ARGUMENTS);
    this.#notes.trace = trace;
    const admitted = this.machine.admit(permit, now);
    this.#notes.trace = undefined;
    if (admitted && this.machine.state === 'half-open') this.#setTimer(now);
    return admitted;
  }

  /** Notes that an attempt was turned away, and gives its outcome. */
  turnAway(now: number, trace: unknown): Outcome {
    const retryAfterMs = this.machine.retryAfterMs(now);
    const shownMs = Math.ceil(retryAfterMs);
    const openError = () => withoutStack(() => new CircuitOpenError(this.runtime.name, shownMs));
    const outcome = rejected(openError, 'circuit_open', shownMs);
    // In shadow mode the attempt runs, and tools made for opossum hear how it ends instead.
    if (!this.shadow && this.#breaker?.count('reject', now, undefined) === true)
      this.#breaker.emit('reject', outcome.error);
    this.runtime.rejected('circuit_open', retryAfterMs, trace, this.shadow);
    return outcome;
  }

  /** Settles a permit with its attempt's outcome. One of no generation moves nothing, and is mirrored all the same. */
  settle(permit: Permit, outcome: Outcome, now: number, trace: unknown): void {
    const latencyMs = now - permit.admittedAt;
    switch (outcome.verdict) {
      case 'success':
      case 'refused':
        if (this.#breaker?.count('success', now, latencyMs) === true) {
          this.#breaker.emit('success', outcome.ok ? outcome.value : outcome.error, latencyMs);
        }
        if (this.#checks !== undefined) this.#checks.healthyAt = now;
        this.#notes.trace = trace;
        this.machine.settle(permit, false, now, Math.random, undefined);
        this.#notes.trace = undefined;
        break;
      case 'transient':
      case 'permanent':
        // A limit within, or a policy within the operation, did not ask the dependency.
        if (outcome.rejection !== undefined || isRejection(outcome.error)) this.machine.release(permit);
        else this.#failed(permit, outcome, now, latencyMs, trace);
        break;
      case 'defect':
        this.machine.release(permit);
        this.#notes.failure = outcome;
        this.#notes.trace = trace;
        this.machine.noteBeside((mark) => this.#notes.note(mark));
        this.#notes.trace = undefined;
        this.#notes.failure = undefined;
        break;
      default:
        this.machine.release(permit);
    }
    if (this.machine.state === 'half-open') this.#setTimer(now);
  }

  #failed(permit: Permit, outcome: Outcome, now: number, latencyMs: number, trace: unknown): void {
    const error = outcome.ok ? outcome.value : outcome.error;
    if (outcome.cut !== undefined && this.#breaker?.count('timeout', now, undefined) === true) {
      this.#breaker.emit('timeout', error, latencyMs, NO_ARGUMENTS);
    }
    if (this.#breaker?.count('failure', now, latencyMs) === true) {
      this.#breaker.emit('failure', error, latencyMs, NO_ARGUMENTS);
    }
    this.#notes.trace = trace;
    this.#notes.failure = outcome;
    this.machine.settle(permit, true, now, Math.random, outcome.retryAfterMs);
    this.#notes.trace = undefined;
    this.#notes.failure = undefined;
  }

  #moved(transition: CircuitTransition): void {
    const now = monotonicNow();
    this.#since = wallNow();
    this.#setGoverns(transition);
    this.#owner.circuitMoved(this, transition);
    this.#setTimer(now);
    this.#followChecks();
    const openForMs = this.machine.retryAfterMs(now);
    const trace = this.#notes.trace;
    // What a listener does meanwhile, this call has not caused.
    this.#notes.trace = undefined;
    this.#told ??= new InOrder();
    this.#told.tell(() => {
      this.#breaker?.moved(transition.to, openForMs);
      // What has no place any more has nothing more to say.
      if (this.#closed && this.slot !== undefined) return;
      const shownMs = openForMs === 0 ? undefined : openForMs;
      this.runtime.circuitMoved(transition, this.shadow, shownMs, trace, this.about);
    });
  }

  /** What a person opened or disabled, or a health check of the closed circuit opened, holds until it has closed. */
  #setGoverns({ to, manual }: CircuitTransition): void {
    if (to === 'closed') this.governs = false;
    else if (to !== 'half-open' && (manual || (this.#isChecking && to === 'open'))) this.governs = true;
  }

  #makeBreaker(): OpossumMirror {
    const { window } = this.settings;
    const statusMs = window.type === 'time' ? window.ms : STATUS_MS;
    return new OpossumMirror(this.runtime.name, statusMs, this.machine, this);
  }

  #followChecks(): void {
    if (this.#closed || (this.#checks === undefined && this.settings.probe === undefined)) return;
    this.#checks ??= new HealthChecks(this);
    this.#checks.follow();
  }

  #restore(snapshot: CircuitSnapshot): void {
    const { maxOpenMs } = this.settings;
    this.#since = snapshot.since;
    this.governs = snapshot.state === 'forced-open' || snapshot.state === 'disabled';
    // A wall clock that jumped must not keep the circuit open for longer than it could have been.
    const longestMs = snapshot.state === 'open' ? maxOpenMs * (1 + OPEN_JITTER) : Number.POSITIVE_INFINITY;
    const leftMs = snapshot.until === null ? Number.POSITIVE_INFINITY : snapshot.until - wallNow();
    this.machine.restore(snapshot, monotonicNow() + Math.min(Math.max(0, leftMs), longestMs));
    this.#setTimer(monotonicNow());
  }

  /** One timer, which keeps no process alive, while the state may change by time alone. */
  #setTimer(now: number): void {
    this.#timer.clear();
    if (this.#closed) return;
    const isIdle = this.machine.isIdle && this.#owner.endsIdle;
    const wakeAt = isIdle ? now + this.settings.maxOpenMs : this.machine.wakeAt;
    if (wakeAt === Number.POSITIVE_INFINITY) return;
    this.#timer.set(wakeAt - now, () => (isIdle ? this.#owner.circuitIdle(this) : this.#wake()));
  }

  #wake(): void {
    const now = monotonicNow();
    this.machine.wake(now);
    this.#setTimer(now);
  }

  /** Ends its timers and health checks, for good. */
  stop(): void {
    this.#closed = true;
    this.#checks?.stop();
    this.#timer.clear();
  }
}

const NO_ARGUMENTS: readonly unknown[] = [];
