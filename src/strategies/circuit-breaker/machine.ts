import type {
  CircuitSnapshot,
  CircuitState,
  CircuitTransition,
  CircuitWindowCounts,
} from '../../core/circuit.ts';
import type { FailureOnset } from '../../core/failure-onset.ts';
import { NO_GENERATION, type Permit } from '../../core/permit.ts';
import { FailureMarks, type NoteFailure } from './failure-marks.ts';
import type { CircuitBreakerSettings } from './options.ts';
import { judgeProbes, tripsOnRow, whyTrip } from './thresholds.ts';
import { type AttemptWindow, attemptWindow } from './window.ts';

/** Up to this share of the open time is added to it by chance, so that replicas do not probe together. */
export const OPEN_JITTER = 0.1;

/** Gives a number from 0 up to 1; drawn from only where a circuit opens. */
type Chance = () => number;

/**
 * The circuit's state machine. It decides and runs nothing: time and chance are arguments, and the one callback
 * tells of transitions.
 *
 * Closed, it records each settled attempt in the window and trips when a threshold is reached. Open, it admits
 * nothing until its time is up. Half-open, it admits `halfOpenProbes` in all; when that many have settled, or as
 * soon as the answer is sure, it closes with a fresh window or opens for longer. Every transition starts a new
 * generation, so that an attempt admitted before it can no longer move the state.
 *
 * Forced-open and disabled are set by hand and end by hand, or after a time: forced-open then goes to half-open,
 * disabled to closed.
 */
export class CircuitMachine {
  readonly #settings: CircuitBreakerSettings;
  readonly #window: AttemptWindow;
  readonly #onTransition: (transition: CircuitTransition) => void;
  #state: CircuitState = 'closed';
  #generation = 0;
  #consecutiveFailures = 0;
  #failedRecoveries = 0;
  /** When open, forced-open or disabled ends by itself. */
  #until = Number.POSITIVE_INFINITY;
  /** Probes admitted in this half-open state and not yet settled. */
  #probes: Permit[] = [];
  #probesSettled = 0;
  #probeFailures = 0;
  #probesSlow = 0;
  /** Whether somebody asked for this half-open state; that its probes fail does not lengthen the open time. */
  #isProbedByHand = false;
  #openMs: number;
  readonly #noteFailure: NoteFailure | undefined;
  /** Made with the first failure. */
  #marks: FailureMarks | undefined = undefined;
  /** Why it is not closed, where failures are the reason. */
  #onset: FailureOnset | undefined = undefined;

  /** @param noteFailure called, where it is given, with each failure or slow attempt that enters the window */
  constructor(
    settings: CircuitBreakerSettings,
    onTransition: (transition: CircuitTransition) => void,
    noteFailure?: NoteFailure,
  ) {
    this.#settings = settings;
    this.#openMs = settings.openMs;
    this.#window = attemptWindow(settings.window);
    this.#onTransition = onTransition;
    this.#noteFailure = noteFailure;
  }

  get state(): CircuitState {
    return this.#state;
  }

  get failedRecoveries(): number {
    return this.#failedRecoveries;
  }

  /** Monotonic time at which the state may change without anything else happening; `Infinity` when never. */
  get wakeAt(): number {
    if (this.#state === 'half-open') {
      const oldest = this.#probes[0];
      return oldest === undefined
        ? Number.POSITIVE_INFINITY
        : oldest.admittedAt + this.#settings.halfOpenMaxMs;
    }
    return this.#until;
  }

  /** Milliseconds until an open circuit lets a probe through; `Infinity` for one held open by hand without an end. */
  retryAfterMs(now: number): number {
    return this.#state === 'open' || this.#state === 'forced-open' ? Math.max(0, this.#until - now) : 0;
  }

  counts(now: number): CircuitWindowCounts {
    this.#window.advance(now);
    const { attempts, failures, slow } = this.#window;
    return { attempts, failures, slow };
  }

  /** The failures that the window holds, or that led out of the closed state: when they began. */
  onset(now: number): FailureOnset | undefined {
    if (this.#state !== 'closed') return this.#onset;
    this.#window.advance(now);
    return this.#currentOnset(false);
  }

  /** Adds what did not count against the dependency to what goes on since the last failure. */
  noteBeside(note: NoteFailure): void {
    const newest = this.#marks?.newest;
    if (newest !== undefined) note(newest);
  }

  /** How long it stays open at first, in milliseconds, from the next opening on. */
  set openMs(openMs: number) {
    this.#openMs = openMs;
  }

  get openMs(): number {
    return this.#openMs;
  }

  /** Asks to run an attempt: gives `permit` its generation, or turns the attempt away. */
  admit(permit: Permit, now: number): boolean {
    permit.admittedAt = now;
    if (this.#state !== 'closed') {
      this.wake(now);
      if (this.#isFull()) return false;
      if (this.#state === 'half-open') this.#probes.push(permit);
    }
    permit.generation = this.#generation;
    return true;
  }

  /** Whether `admit` would turn an attempt away now. */
  refuses(now: number): boolean {
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
    if (this.#state === 'half-open') this.#expireProbes(now, chance);
    if (!this.#spend(permit)) return;
    const slow = now - permit.admittedAt > this.#settings.slowAttemptMs;
    if (this.#state === 'closed') this.#settleClosed(failure, slow, now, chance, retryAfterMs);
    else if (this.#state === 'half-open') this.#settleProbe(failure, slow, now, chance, retryAfterMs);
  }

  /** Gives a permit back without a word about the dependency. */
  release(permit: Permit): void {
    this.#spend(permit);
  }

  /** Lets time pass: ends what has lasted long enough. */
  wake(now: number, chance: Chance = Math.random): void {
    if (this.#state === 'half-open') this.#expireProbes(now, chance);
    else if (now >= this.#until) {
      if (this.#state === 'disabled') this.#close('the time it was disabled for is up', false);
      else
        this.#halfOpen(
          this.#state === 'open' ? 'its open time is up' : 'the time it was forced open for is up',
        );
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

  /** Goes from open or forced-open to half-open before the time is up. False in any other state. */
  probeNow(reason: string): boolean {
    if (this.#state !== 'open' && this.#state !== 'forced-open') return false;
    this.#isProbedByHand = true;
    this.#move('half-open', reason, true, Number.POSITIVE_INFINITY);
    return true;
  }

  reset(): void {
    if (this.#state !== 'closed') {
      this.#close('reset by hand', true);
      return;
    }
    this.#window.clear();
    this.#marks?.clear();
    this.#startGeneration();
  }

  /** Takes up a state saved earlier, `until` being monotonic. */
  restore(
    { state, failedRecoveries }: Pick<CircuitSnapshot, 'state' | 'failedRecoveries'>,
    until: number,
  ): void {
    this.#state = state;
    this.#failedRecoveries = failedRecoveries;
    // A closed or half-open state does not end by time, whatever was saved with it.
    this.#until = state === 'closed' || state === 'half-open' ? Number.POSITIVE_INFINITY : until;
    this.#generation += 1;
  }

  #isFull(): boolean {
    if (this.#state === 'half-open')
      return this.#probes.length + this.#probesSettled >= this.#settings.halfOpenProbes;
    return this.#state === 'open' || this.#state === 'forced-open';
  }

  /** Takes a permit out of play. False when it is spent already, or belongs to an older state. */
  #spend(permit: Permit): boolean {
    const { generation } = permit;
    permit.generation = NO_GENERATION;
    if (generation !== this.#generation) return false;
    if (this.#state === 'half-open') this.#probes = this.#probes.filter((probe) => probe !== permit);
    return true;
  }

  #settleClosed(
    failure: boolean,
    slow: boolean,
    now: number,
    chance: Chance,
    retryAfterMs: number | undefined,
  ): void {
    this.#window.record(failure, slow, now);
    this.#consecutiveFailures = failure ? this.#consecutiveFailures + 1 : 0;
    if (failure || slow) this.#mark(failure);
    else this.#marks?.endRow();
    const why = whyTrip(this.#window, this.#consecutiveFailures, this.#settings);
    if (why !== undefined) this.#open(why, now, chance, retryAfterMs);
  }

  #mark(failure: boolean): void {
    if (this.#noteFailure === undefined) return;
    this.#marks ??= new FailureMarks(this.#noteFailure);
    if (!failure) this.#marks.endRow();
    const beginsRow =
      failure && this.#consecutiveFailures === 1 && this.#settings.consecutiveFailures !== false;
    this.#marks.note(this.#window.slot, this.#window.oldestSlot, beginsRow);
  }

  #currentOnset(ofRow: boolean): FailureOnset | undefined {
    return this.#marks?.onset(this.#window.slot, this.#window.oldestSlot, ofRow);
  }

  #settleProbe(
    failure: boolean,
    slow: boolean,
    now: number,
    chance: Chance,
    retryAfterMs: number | undefined,
  ): void {
    this.#probesSettled += 1;
    if (failure) this.#probeFailures += 1;
    if (slow) this.#probesSlow += 1;
    this.#judgeProbes(now, chance, retryAfterMs);
  }

  /** Decides as soon as the probes still to come could not change the answer. */
  #judgeProbes(now: number, chance: Chance, retryAfterMs: number | undefined): void {
    const seen = { settled: this.#probesSettled, failures: this.#probeFailures, slow: this.#probesSlow };
    const verdict = judgeProbes(seen, this.#settings);
    if (verdict === undefined) return;
    if (verdict.recovered) this.#close('its probes succeeded', false);
    else this.#reopen(verdict.reason, now, chance, retryAfterMs);
  }

  #expireProbes(now: number, chance: Chance): void {
    const { halfOpenMaxMs } = this.#settings;
    for (const probe of this.#probes) {
      if (
        probe.generation !== this.#generation ||
        now - probe.admittedAt < halfOpenMaxMs ||
        this.#state !== 'half-open'
      )
        continue;
      this.#spend(probe);
      this.#settleProbe(true, false, now, chance, undefined);
    }
  }

  #reopen(reason: string, now: number, chance: Chance, retryAfterMs: number | undefined): void {
    if (!this.#isProbedByHand) this.#failedRecoveries += 1;
    this.#open(reason, now, chance, retryAfterMs);
  }

  #open(reason: string, now: number, chance: Chance, retryAfterMs = 0, manual = false): void {
    const { openBackoffFactor } = this.#settings;
    const maxOpenMs = Math.max(this.#settings.maxOpenMs, this.#openMs);
    const grownMs = Math.min(this.#openMs * openBackoffFactor ** this.#failedRecoveries, maxOpenMs);
    const askedMs = Math.min(retryAfterMs, maxOpenMs);
    const openForMs = Math.max(grownMs, askedMs) * (1 + chance() * OPEN_JITTER);
    this.#move('open', reason, manual, now + openForMs);
  }

  #halfOpen(reason: string): void {
    this.#move('half-open', reason, false, Number.POSITIVE_INFINITY);
  }

  #close(reason: string, manual: boolean): void {
    this.#failedRecoveries = 0;
    this.#move('closed', reason, manual, Number.POSITIVE_INFINITY);
  }

  #move(to: CircuitState, reason: string, manual: boolean, until: number): void {
    const from = this.#state;
    if (from === 'closed')
      this.#onset = this.#currentOnset(tripsOnRow(this.#consecutiveFailures, this.#settings));
    this.#state = to;
    this.#until = until;
    if (to !== 'half-open') this.#isProbedByHand = false;
    if (to === 'closed') {
      this.#window.clear();
      this.#onset = undefined;
    }
    this.#marks?.clear();
    this.#startGeneration();
    const failingSince = to === 'open' ? this.#onset?.since : undefined;
    this.#onTransition({ from, to, reason, manual, ...(failingSince === undefined ? {} : { failingSince }) });
  }

  /** What was admitted until now moves nothing any more. */
  #startGeneration(): void {
    this.#generation += 1;
    this.#consecutiveFailures = 0;
    this.#probes = [];
    this.#probesSettled = 0;
    this.#probeFailures = 0;
    this.#probesSlow = 0;
  }
}
