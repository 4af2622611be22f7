import pTimeout from 'p-timeout';
import { runWithoutDeadline } from '../../core/ambient-deadline.ts';
import { monotonicNow } from '../../core/clock.ts';
import { LONGEST_TIMER_MS } from '../../core/deadlines.ts';
import { errorKind } from '../../core/error-tally.ts';
import type { PolicyRuntime } from '../../core/runtime.ts';
import { verdictOnError } from '../../core/verdict.ts';
import type { CircuitMachine } from './machine.ts';
import type { CircuitBreakerSettings, ProbeContext } from './options.ts';
import { outsideRequests } from './own-context.ts';
import { WakeTimer } from './wake-timer.ts';

/** How a health check ended; the values of the label `result` of `circuit_probes_total`. */
export const probeResults = ['success', 'failure', 'timeout'] as const;
/** How many health checks ended how. */
export type ProbeCounts = Record<(typeof probeResults)[number], number>;

/** How long a check may take where neither it nor the policy says. */
const TIMEOUT_MS = 5_000;

/** Up to this share of the interval is added to it or taken off by chance, so that replicas do not check together. */
const INTERVAL_JITTER = 0.1;

const TIMED_OUT = Symbol('timed out');

/** What runs health checks, and hears how they end. */
export interface Checked {
  readonly runtime: PolicyRuntime;
  readonly machine: CircuitMachine;
  readonly settings: CircuitBreakerSettings;
  readonly counts: ProbeCounts;
  readonly about: Pick<ProbeContext, 'key' | 'endpoint'>;
  /** Whether it is checked while it is closed, too. */
  isChecked(): boolean;
  /** Takes in how a check ended that began in `generation`; `problem` says in words what it failed with. */
  checked(generation: number, problem: string | undefined): void;
}

/** A check that runs, with the state that it began in. */
interface RunningCheck {
  readonly controller: AbortController;
  readonly generation: number;
  readonly timeoutMs: number;
  /** On the monotonic clock. */
  readonly endsAt: number;
}

/** How a check ended, and what it failed with, in words. */
interface CheckEnd {
  readonly result: (typeof probeResults)[number];
  readonly problem?: string | undefined;
}

/**
 * The health checks of one circuit: again and again while it is half-open, and from time to time while it is closed,
 * if the options say so. Never two at once: one that ignores its signal holds the next back until it ends or its time
 * is up. They run off the call path, and outside of any request's asynchronous context.
 */
export class HealthChecks {
  readonly #circuit: Checked;
  #running: RunningCheck | undefined = undefined;
  readonly #timer = new WakeTimer();
  /** The interval that it waits for now. */
  #waitsFor: number | undefined = undefined;
  /** Aborts when nobody wants to know any more, whatever the check that runs does. */
  readonly #stopped = new AbortController();
  #hasWaited = false;
  /** When an attempt last succeeded, on the monotonic clock. */
  healthyAt = Number.NEGATIVE_INFINITY;

  constructor(circuit: Checked) {
    this.#circuit = circuit;
  }

  /** Does what the circuit's state asks for. Called after each change of the state and of the options. */
  follow(): void {
    const { machine, settings } = this.#circuit;
    this.#wait(this.#interval);
    if (this.#running !== undefined) {
      if (this.#running.generation !== machine.generation || settings.probe === undefined)
        this.#running.controller.abort(new Error('Its outcome moves nothing any more.'));
    } else if (machine.state === 'half-open' && settings.probe !== undefined && !this.#isStopped)
      this.#begin();
  }

  /** Milliseconds that the check that runs may still take; 0 while none does. */
  leftMs(now: number): number {
    return this.#running === undefined ? 0 : Math.max(0, this.#running.endsAt - now);
  }

  stop(): void {
    const reason = new Error('The policy is closed, or the circuit forgotten.');
    this.#stopped.abort(reason);
    this.#wait(undefined);
    this.#running?.controller.abort(reason);
  }

  get #isStopped(): boolean {
    return this.#stopped.signal.aborted;
  }

  /** What it has to wait for now. */
  get #interval(): number | undefined {
    const { machine, settings } = this.#circuit;
    if (this.#isStopped || this.#running !== undefined || machine.state !== 'closed') return undefined;
    return this.#circuit.isChecked() ? settings.probe?.intervalMs : undefined;
  }

  /**
   * A wait that is under way goes on, unless its length changes. Replicas that start together do not check together:
   * the first wait is any part of the interval.
   */
  #wait(intervalMs: number | undefined): void {
    if (intervalMs === this.#waitsFor) return;
    this.#waitsFor = intervalMs;
    this.#timer.clear();
    if (intervalMs === undefined) return;
    const factor = this.#hasWaited ? 1 + (2 * Math.random() - 1) * INTERVAL_JITTER : Math.random();
    this.#hasWaited = true;
    this.#timer.set(intervalMs * factor, () => this.#waited(intervalMs));
  }

  /** What users' calls have shown since need not be asked. */
  #waited(intervalMs: number): void {
    this.#waitsFor = undefined;
    const healthyForMs = monotonicNow() - this.healthyAt;
    if (healthyForMs >= 0 && healthyForMs < intervalMs) {
      this.#circuit.checked(this.#circuit.machine.generation, undefined);
      this.follow();
    } else if (this.#circuit.isChecked()) this.#begin();
  }

  #begin(): void {
    const timeoutMs = this.#timeoutMs;
    const running: RunningCheck = {
      controller: new AbortController(),
      generation: this.#circuit.machine.generation,
      timeoutMs,
      endsAt: monotonicNow() + timeoutMs,
    };
    this.#running = running;
    // The state may have moved by a call, which is not to run the check.
    outsideRequests(() => queueMicrotask(() => void this.#run(running)));
  }

  async #run(running: RunningCheck): Promise<void> {
    const { controller, generation } = running;
    const end = controller.signal.aborted ? undefined : await this.#check(running);
    const wasGivenUp = controller.signal.aborted;
    controller.abort(new Error('The check is over.'));
    this.#running = undefined;
    if (this.#isStopped) return;
    if (end !== undefined && !wasGivenUp) {
      this.#circuit.counts[end.result] += 1;
      this.#circuit.checked(generation, end.problem);
    }
    this.follow();
  }

  async #check({ controller, timeoutMs }: RunningCheck): Promise<CheckEnd | undefined> {
    const { runtime, settings, about } = this.#circuit;
    const check = settings.probe?.check;
    if (check === undefined) return undefined;
    try {
      // A promise, so that a check that throws at once fails like any other.
      const answer = new Promise((resolve) => {
        resolve(
          runWithoutDeadline(() => check({ signal: controller.signal, policy: runtime.name, ...about })),
        );
      });
      const healthy = await pTimeout(answer, {
        milliseconds: timeoutMs,
        fallback: () => TIMED_OUT,
        signal: this.#stopped.signal,
      });
      if (healthy === TIMED_OUT) return { result: 'timeout', problem: `took longer than ${timeoutMs} ms` };
      return healthy === false
        ? { result: 'failure', problem: 'failed (it gave false)' }
        : { result: 'success' };
    } catch (error) {
      // A defect of the check's own would keep the circuit open for ever, and nobody would know why.
      if (!controller.signal.aborted && verdictOnError(error) === 'defect')
        runtime.report('circuit-probe', error);
      // Its message may hold what nobody is to read.
      return { result: 'failure', problem: `failed (${errorKind(error)})` };
    }
  }

  get #timeoutMs(): number {
    const { runtime, settings } = this.#circuit;
    const { attemptTimeoutMs } = runtime;
    const asked =
      settings.probe?.timeoutMs ?? (Number.isFinite(attemptTimeoutMs) ? attemptTimeoutMs : TIMEOUT_MS);
    return Math.min(asked, LONGEST_TIMER_MS);
  }
}
