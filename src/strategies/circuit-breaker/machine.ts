import type {
  CircuitSnapshot,
  CircuitState,
  CircuitTransition,
  CircuitWindowCounts,
} from '../../core/circuit.ts';
import type { FailureOnset } from '../../core/failure-onset.ts';
import { NO_GENERATION, type Permit } from '../../core/permit.ts';
import type { NoteFailure } from './failure-marks.ts';
import { FailureTrail } from './failure-trail.ts';
import { HalfOpen } from './half-open.ts';
import type { CircuitBreakerSettings } from './options.ts';
import { openTimeMs, tripsOnRow, whyTrip } from './thresholds.ts';
import { type AttemptWindow, attemptWindow, isSameShape, resizedWindow } from './window.ts';

/** Up to this share of the open time is added to it by chance, so that replicas do not probe together. */
export const OPEN_JITTER = 0.1;

const always = (): boolean => true;

/** Gives a number from 0 up to 1; drawn from only where a circuit opens. */
type Chance = () => number;

/**
 * The circuit's state machine. It decides and runs nothing: time and chance are arguments, and the one callback
 * tells of transitions.
 *
 * Closed, it records each settled attempt in the window and trips when a threshold is reached. Open, it admits
 * nothing until its time is up. Half-open, it admits `halfOpenProbes` in all; when that many have settled, or as
 * soon as the answer is sure, it closes with a fresh window or opens for longer. Where there is a health check, that
 * many of its runs take their place. Every transition starts a new generation, so that an attempt or a check begun
 * before it can no longer move the state.
 *
 * Forced-open and disabled are set by hand and end by hand, or after a time: forced-open then goes to half-open,
 * disabled to closed. Open and forced-open go to closed, too, where nothing would try the dependency.
 */
export class CircuitMachine {
  #settings: CircuitBreakerSettings;
  #window: AttemptWindow;
  readonly #onTransition: (transition: CircuitTransition) => void;
  #state: CircuitState = 'closed';
  #generation = 0;
  #consecutiveFailures = 0;
  #failedRecoveries = 0;
  /** When open, forced-open or disabled ends by itself. */
  #until = Number.POSITIVE_INFINITY;
  /** What became of this half-open state so far. */
  #halfOpen: HalfOpen | undefined = undefined;
  /** Health checks that failed in a row while it is closed. */
  #failedChecks = 0;
  readonly #trail: FailureTrail | undefined;
  readonly #isTried: () => boolean;

  /**
   * @param noteFailure called, where it is given, with each failure or slow attempt that enters the window
   * @param isTried whether something may try the dependency once its open time is up; else it closes then
   */
  constructor(
    settings: CircuitBreakerSettings,
    onTransition: (transition: CircuitTransition) => void,
    noteFailure?: NoteFailure,
    isTried: () => boolean = always,
  ) {
    this.#settings = settings;
    this.#window = attemptWindow(settings.window);
    this.#onTransition = onTransition;
    this.#trail = noteFailure === undefined ? undefined : new FailureTrail(noteFailure);
    this.#isTried = isTried;
  }

  get state(): CircuitState {
    return this.#state;
  }

  get failedRecoveries(): number {
    return this.#failedRecoveries;
  }

  /** What an attempt or a health check that begins now belongs to. */
  get generation(): number {
    return this.#generation;
  }

  /** Monotonic time at which the state may change without anything else happening; `Infinity` when never. */
  get wakeAt(): number {
    return this.#halfOpen?.expiresAt(this.#settings) ?? this.#until;
  }

  /** Whether it is half-open and nothing is on its way that would end that. */
  get isIdle(): boolean {
    return this.#halfOpen !== undefined && this.#halfOpen.running.length === 0;
  }

  /** Milliseconds until an open circuit lets a probe through; `Infinity` for one held open by hand without an end. */
  retryAfterMs(now: number): number {
    return this.#state === 'open' || this.#state === 'forced-open' ? Math.max(0, this.#until - now) : 0;
  }

  counts(now: number): CircuitWindowCounts {
    this.#window.advance(now);
    return { attempts: this.#window.attempts, failures: this.#window.failures, slow: this.#window.slow };
  }

  /** The failures that the window holds, or that led out of the closed state: when they began. */
  onset(now: number): FailureOnset | undefined {
    if (this.#state !== 'closed') return this.#trail?.cause;
    this.#window.advance(now);
    return this.#trail?.current(this.#window, false);
  }

  /** Adds what did not count against the dependency to what goes on since the last failure. */
  noteBeside(note: NoteFailure): void {
    this.#trail?.beside(note);
  }

  /**
   * Goes by other options from now on. State and window stay, a window of another type excepted, which begins empty;
   * a time that is running already stays as long as it was.
   */
  adjust(settings: CircuitBreakerSettings, now: number, chance: Chance = Math.random): void {
    if (!isSameShape(this.#settings.window, settings.window)) {
      this.#window = resizedWindow(this.#window, settings.window, now);
      this.#trail?.clear();
    }
    this.#settings = settings;
    if (this.#halfOpen !== undefined && this.#halfOpen.settled > 0)
      this.#judgeProbes(this.#halfOpen, now, chance, undefined);
  }

  /** Asks to run an attempt: gives `permit` its generation, or turns the attempt away. */
  admit(permit: Permit, now: number): boolean {
    permit.admittedAt = now;
    if (this.#state !== 'closed') {
      this.wake(now);
      if (this.#isFull()) return false;
      this.#halfOpen?.running.push(permit);
    }
    permit.generation = this.#generation;
    return true;
  }

  /** Whether `admit` would turn an attempt away now. */
  refuses(now: number): boolean {
    if (this.#state === 'closed') return false;
    this.wake(now);
    return this.#isFull();
  }

  /**
   * Settles a permit with what its attempt says about the dependency.
   *
   * @param retryAfterMs how long the dependency asked to be left alone; lengthens the open time if this trips
   */
  settle(
    permit: Permit,
    failure: boolean,
    now: number,
    chance: Chance,
    retryAfterMs: number | undefined,
  ): void {
    if (this.#halfOpen !== undefined) this.#expireProbes(this.#halfOpen, now, chance);
    if (!this.#spend(permit)) return;
    const slow = now - permit.admittedAt > this.#settings.slowAttemptMs;
    if (this.#state === 'closed') {
      this.#record(failure, slow, now);
      const why = whyTrip(this.#window, this.#consecutiveFailures, this.#settings);
      if (why !== undefined) this.#open(why, now, chance, retryAfterMs);
    } else if (this.#halfOpen !== undefined) {
      this.#halfOpen.count(failure, slow);
      this.#judgeProbes(this.#halfOpen, now, chance, retryAfterMs);
    }
  }

  /**
   * Takes in how a health check ended.
   *
   * @param generation that which the check began in; what belongs to another state moves nothing
   * @param problem what it failed with, in words; `undefined` where the dependency is healthy
   */
  checked(generation: number, problem: string | undefined, now: number, chance: Chance): void {
    const { probe, halfOpenProbes } = this.#settings;
    if (generation !== this.#generation || probe === undefined) return;
    if (this.#halfOpen !== undefined) {
      this.#halfOpen.count(problem !== undefined, false);
      if (problem !== undefined) this.#reopen(`its health check ${problem}`, now, chance, undefined);
      else if (this.#halfOpen.settled >= halfOpenProbes) this.#close('its health check succeeded', false);
    } else if (this.#state === 'closed') {
      this.#failedChecks = problem === undefined ? 0 : this.#failedChecks + 1;
      if (problem !== undefined && this.#failedChecks >= probe.failures)
        this.#open(`${this.#failedChecks} health checks in a row failed; the last ${problem}`, now, chance);
    }
  }

  /** Gives a permit back without a word about the dependency. */
  release(permit: Permit): void {
    this.#spend(permit);
  }

  /** Lets time pass: ends what has lasted long enough. */
  wake(now: number, chance: Chance = Math.random): void {
    if (this.#halfOpen !== undefined) this.#expireProbes(this.#halfOpen, now, chance);
    else if (now >= this.#until) {
      if (this.#state === 'disabled') this.#close('the time it was disabled for is up', false);
      else {
        const reason =
          this.#state === 'open' ? 'its open time is up' : 'the time it was forced open for is up';
        this.#endOpen(reason, false);
      }
    }
  }

  /** Opens it as if a threshold had been reached; does nothing while it is open. */
  trip(reason: string, manual: boolean, now: number, chance: Chance): void {
    if (this.#state !== 'open' && this.#state !== 'forced-open') this.#open(reason, now, chance, 0, manual);
  }

  /** Opens it by hand. Again, it only changes how long. */
  forceOpen(reason: string, until: number): void {
    if (this.#state === 'forced-open') this.#until = until;
    else this.#move('forced-open', reason, true, until);
  }

  /** Lets everything through. Again, it only changes how long. */
  disable(until: number): void {
    if (this.#state === 'disabled') this.#until = until;
    else this.#move('disabled', 'disabled by hand', true, until);
  }

  /** Ends open or forced-open before the time is up. False in any other state. */
  probeNow(reason: string): boolean {
    if (this.#state !== 'open' && this.#state !== 'forced-open') return false;
    this.#endOpen(reason, true);
    return true;
  }

  /** Nobody goes by it any more: it closes, and what was admitted moves nothing. */
  retire(reason: string): void {
    if (this.#state === 'closed') this.#startGeneration();
    else this.#close(reason, false);
  }

  reset(): void {
    if (this.#state !== 'closed') {
      this.#close('reset by hand', true);
      return;
    }
    this.#window.clear();
    this.#trail?.clear();
    this.#startGeneration();
  }

  /** Takes up a state saved earlier, `until` being monotonic. */
  restore(
    { state, failedRecoveries }: Pick<CircuitSnapshot, 'state' | 'failedRecoveries'>,
    until: number,
  ): void {
    this.#state = state;
    this.#halfOpen = state === 'half-open' ? new HalfOpen(false) : undefined;
    this.#failedRecoveries = failedRecoveries;
    // A closed or half-open state does not end by time, whatever was saved with it.
    this.#until = state === 'closed' || state === 'half-open' ? Number.POSITIVE_INFINITY : until;
    this.#generation += 1;
  }

  #isFull(): boolean {
    if (this.#halfOpen !== undefined) return this.#halfOpen.isFull(this.#settings);
    return this.#state === 'open' || this.#state === 'forced-open';
  }

  /** Takes a permit out of play. False when it is spent already, or belongs to an older state. */
  #spend(permit: Permit): boolean {
    const { generation } = permit;
    permit.generation = NO_GENERATION;
    if (generation !== this.#generation) return false;
    this.#halfOpen?.forget(permit);
    return true;
  }

  #record(failure: boolean, slow: boolean, now: number): void {
    this.#window.record(failure, slow, now);
    this.#consecutiveFailures = failure ? this.#consecutiveFailures + 1 : 0;
    const beginsRow = this.#consecutiveFailures === 1 && this.#settings.consecutiveFailures !== false;
    this.#trail?.record(failure, slow, this.#window, beginsRow);
  }

  /** Decides as soon as the probes still to come could not change the answer. */
  #judgeProbes(probes: HalfOpen, now: number, chance: Chance, retryAfterMs: number | undefined): void {
    const verdict = probes.judge(this.#settings);
    if (verdict === undefined) return;
    if (verdict.recovered) this.#close('its probes succeeded', false);
    else this.#reopen(verdict.reason, now, chance, retryAfterMs);
  }

  #expireProbes(probes: HalfOpen, now: number, chance: Chance): void {
    const { halfOpenMaxMs } = this.#settings;
    for (const probe of probes.running) {
      if (now - probe.admittedAt < halfOpenMaxMs || this.#halfOpen !== probes || !this.#spend(probe))
        continue;
      probes.count(true, false);
      this.#judgeProbes(probes, now, chance, undefined);
    }
  }

  #endOpen(reason: string, manual: boolean): void {
    if (this.#isTried()) this.#move('half-open', reason, manual, Number.POSITIVE_INFINITY);
    else this.#close(reason, manual);
  }

  #reopen(reason: string, now: number, chance: Chance, retryAfterMs: number | undefined): void {
    if (this.#halfOpen?.byHand !== true) this.#failedRecoveries += 1;
    this.#open(reason, now, chance, retryAfterMs);
  }

  #open(reason: string, now: number, chance: Chance, retryAfterMs = 0, manual = false): void {
    const openForMs = openTimeMs(this.#settings, this.#failedRecoveries, retryAfterMs);
    this.#move('open', reason, manual, now + openForMs * (1 + chance() * OPEN_JITTER));
  }

  #close(reason: string, manual: boolean): void {
    this.#failedRecoveries = 0;
    this.#move('closed', reason, manual, Number.POSITIVE_INFINITY);
  }

  #move(to: CircuitState, reason: string, manual: boolean, until: number): void {
    const from = this.#state;
    const trail = this.#trail;
    if (from === 'closed' && trail !== undefined) {
      const ofRow = tripsOnRow(this.#consecutiveFailures, this.#settings);
      trail.cause = trail.current(this.#window, ofRow);
    }
    this.#state = to;
    this.#halfOpen = to === 'half-open' ? new HalfOpen(manual) : undefined;
    this.#until = until;
    if (to === 'closed') {
      this.#window.clear();
      if (trail !== undefined) trail.cause = undefined;
    }
    trail?.clear();
    this.#startGeneration();
    const failingSince = to === 'open' ? trail?.cause?.since : undefined;
    this.#onTransition({ from, to, reason, manual, ...(failingSince === undefined ? {} : { failingSince }) });
  }

  /** What was admitted until now moves nothing any more. */
  #startGeneration(): void {
    this.#generation += 1;
    this.#consecutiveFailures = 0;
    this.#failedChecks = 0;
  }
}
