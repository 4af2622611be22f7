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
import { checkArguments, refuseForgotten, untilAfter } from './by-hand.ts';
import { configurationOf } from './configuration.ts';
import { FailureNotes } from './failure-notes.ts';
import { governed, governsAfter } from './governance.ts';
import { type Checked, HealthChecks, type ProbeCounts } from './health-checks.ts';
import { InOrder } from './in-order.ts';
import { CircuitMachine } from './machine.ts';
import type { OpossumMirror } from './mirror.ts';
import { MirrorFeed } from './mirror-feed.ts';
import type { CircuitBreakerSettings } from './options.ts';
import type { CircuitOwner, Whose } from './owner.ts';
import { endOf, savedState } from './saved-states.ts';
import { StateTimer, type Timed } from './state-timer.ts';

/**
 * The machine at work: it reads the clock, wakes the machine when a state has lasted its time, runs its health checks,
 * feeds the opossum mirror, and tells the policy of transitions.
 */
export class MachineCircuit implements Circuit, Checked, Timed {
  readonly machine: CircuitMachine;
  readonly runtime: PolicyRuntime;
  readonly about: Whose;
  /** Under what its owner keeps the circuit of a key. */
  readonly slot: string | undefined;
  governs = false;
  /** Whether its key has no circuit any more, or another one. */
  isForgotten = false;
  /** When a call last asked for it, on the monotonic clock. Kept for circuits of keys. */
  usedAt = monotonicNow();
  readonly #owner: CircuitOwner;
  #mirror: MirrorFeed | undefined = undefined;
  #checks: HealthChecks | undefined = undefined;
  #isChecking = false;
  #since = wallNow();
  #timer: StateTimer | undefined = undefined;
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
      slot === undefined ? () => !this.governs || !owner.isAround(about) || this.isHealthChecked : undefined,
    );
    // That of a key is made when somebody asks for it.
    if (slot === undefined) this.#mirror = new MirrorFeed(this);
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
    this.#mirror ??= new MirrorFeed(this);
    return this.#mirror.breaker;
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
    return this.#retryAfterMs(now);
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
    if (this.isForgotten) refuseForgotten('forceOpen', this.runtime.name);
    this.machine.forceOpen(reason, untilAfter(forMs));
    this.#setTimer(monotonicNow());
  }

  disable(forMs?: number): void {
    checkArguments('disable', { forMs }, this.runtime.name);
    if (this.isForgotten) refuseForgotten('disable', this.runtime.name);
    this.machine.disable(untilAfter(forMs));
    this.#setTimer(monotonicNow());
  }

  reset(): void {
    this.machine.reset();
  }

  isChecked(): boolean {
    return this.#owner.isChecked(this.about);
  }

  checked(generation: number, problem: string | undefined): void {
    this.#isChecking = true;
    this.machine.checked(generation, problem, monotonicNow(), Math.random);
    this.#isChecking = false;
  }

  /** An attempt of a key whose calls it is around has succeeded. */
  healthy(now: number): void {
    if (this.#checks !== undefined) this.#checks.healthyAt = now;
  }

  /** Whether it waits for a call to try it that may never come. */
  get isIdle(): boolean {
    return this.machine.isIdle && this.#owner.endsIdle;
  }

  get longestIdleMs(): number {
    return this.settings.maxOpenMs;
  }

  idle(): void {
    this.#owner.circuitIdle(this);
  }

  /** Whether its health checks, not calls, try the dependency. */
  get isHealthChecked(): boolean {
    return this.settings.probe !== undefined && this.isChecked();
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
    this.isForgotten = true;
    this.machine.retire(`it was forgotten: ${reason}`);
    this.stop();
  }

  /** Whether it would turn an attempt away now. */
  refuses(now: number): boolean {
    return !this.shadow && this.machine.refuses(now);
  }

  toJSON(): CircuitSnapshot {
    return savedState(this, this.machine);
  }

  /** Asks to run an attempt: gives `permit` what it needs, or turns the attempt away. */
  admit(permit: Permit, now: number, trace: unknown): boolean {
    this.#mirror?.fired(now);
    this.#notes.trace = trace;
    const admitted = this.machine.admit(permit, now);
    this.#notes.trace = undefined;
    if (admitted && this.machine.state === 'half-open') this.#setTimer(now);
    return admitted;
  }

  /** Notes that an attempt was turned away, and gives its outcome. */
  turnAway(now: number, trace: unknown): Outcome {
    const retryAfterMs = this.#retryAfterMs(now);
    const shownMs = Math.ceil(retryAfterMs);
    const openError = () => withoutStack(() => new CircuitOpenError(this.runtime.name, shownMs));
    const outcome = rejected(openError, 'circuit_open', shownMs);
    // In shadow mode the attempt runs, and tools made for opossum hear how it ends instead.
    if (!this.shadow) this.#mirror?.turnedAway(outcome, now);
    this.runtime.rejected('circuit_open', retryAfterMs, trace, this.shadow);
    return outcome;
  }

  /** Settles a permit with its attempt's outcome. One of no generation moves nothing, and is mirrored all the same. */
  settle(permit: Permit, outcome: Outcome, now: number, trace: unknown): void {
    const latencyMs = now - permit.admittedAt;
    switch (outcome.verdict) {
      case 'success':
      case 'refused':
        this.#mirror?.succeeded(outcome, now, latencyMs);
        this.healthy(now);
        if (this.slot !== undefined) this.#owner.keyHealthy(this, now);
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
    this.#mirror?.failed(outcome, now, latencyMs);
    this.#notes.trace = trace;
    this.#notes.failure = outcome;
    this.machine.settle(permit, true, now, Math.random, outcome.retryAfterMs);
    this.#notes.trace = undefined;
    this.#notes.failure = undefined;
  }

  #moved(transition: CircuitTransition): void {
    const now = monotonicNow();
    this.#since = wallNow();
    this.governs = governsAfter(this.governs, transition, this.#isChecking);
    this.#owner.circuitMoved(this, transition);
    this.#setTimer(now);
    this.#followChecks();
    this.#announce(transition, now);
    if (this.machine.state === 'half-open' && this.#isAbandoned(now)) this.#owner.circuitIdle(this);
  }

  #announce(transition: CircuitTransition, now: number): void {
    // What has no place any more has nothing more to say.
    const isHeard = !this.#closed || this.slot === undefined;
    const openForMs = this.machine.retryAfterMs(now);
    const trace = this.#notes.trace;
    // What a listener does meanwhile, this call has not caused.
    this.#notes.trace = undefined;
    this.#told ??= new InOrder();
    this.#told.tell(() => {
      this.#mirror?.moved(transition.to, openForMs);
      if (!isHeard) return;
      const shownMs = openForMs === 0 ? undefined : openForMs;
      this.runtime.circuitMoved(transition, this.shadow, shownMs, trace, this.about);
    });
  }

  /** Whether a health check would go on and on for a key whose calls have ceased. */
  #isAbandoned(now: number): boolean {
    const { probe, maxOpenMs } = this.settings;
    return this.slot !== undefined && probe !== undefined && now - this.usedAt >= maxOpenMs;
  }

  /** While a health check is asked, what is left of its time. */
  #retryAfterMs(now: number): number {
    if (this.machine.state === 'half-open') return this.#checks?.leftMs(now) ?? 0;
    return this.machine.retryAfterMs(now);
  }

  #setTimer(now: number): void {
    if (this.#timer === undefined && this.isClosed) return;
    this.#timer ??= new StateTimer(this);
    if (this.#closed) this.#timer.stop();
    else this.#timer.set(now);
  }

  #followChecks(): void {
    if (this.#closed || (this.#checks === undefined && this.settings.probe === undefined)) return;
    this.#checks ??= new HealthChecks(this);
    this.#checks.follow();
  }

  #restore(snapshot: CircuitSnapshot): void {
    this.#since = snapshot.since;
    this.governs = governed(snapshot);
    this.machine.restore(snapshot, endOf(snapshot, this.settings));
    this.#setTimer(monotonicNow());
  }

  /** Ends its timers and health checks, for good. */
  stop(): void {
    this.#closed = true;
    this.#checks?.stop();
    this.#timer?.stop();
  }
}
