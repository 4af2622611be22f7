import pTimeout from 'p-timeout';
import { runWithoutDeadline } from '../../core/ambient-deadline.ts';
import { monotonicNow } from '../../core/clock.ts';
import { LONGEST_TIMER_MS } from '../../core/deadlines.ts';
import type { PolicyRuntime } from '../../core/runtime.ts';
import { verdictOnError } from '../../core/verdict.ts';
import type { CircuitMachine } from './machine.ts';
import type { CircuitBreakerSettings, ProbeContext } from './options.ts';
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

/**
 * The health checks of one circuit: again and again while it is half-open, and from time to time while it is closed,
 * if the options say so. Never two at once: one that ignores its signal holds the next back until it ends or its time
 * is up. They run off the call path.
 */
export class HealthChecks {
  readonly #circuit: Checked;
  /** The check that runs, with the state that it began in. */
  #running: { readonly controller: AbortController; generation: number } | undefined = undefined;
  readonly #timer = new WakeTimer();
  #stopped = false;
  #hasWaited = false;
  /** When an attempt last succeeded, on the monotonic clock. */
  healthyAt = Number.NEGATIVE_INFINITY;

  constructor(circuit: Checked) {
    this.#circuit = circuit;
  }

  /** Does what the circuit's state asks for. Called after each change of the state and of the options. */
  follow(): void {
    this.#timer.clear();
    const { machine, settings } = this.#circuit;
    if (this.#running !== undefined) {
      if (this.#running.generation !== machine.generation || settings.probe === undefined)
        this.#running.controller.abort(new Error('Its outcome moves nothing any more.'));
      return;
    }
    if (this.#stopped || settings.probe === undefined) return;
    if (machine.state === 'half-open') this.#begin();
    else if (machine.state === 'closed') this.#wait(settings.probe.intervalMs);
  }

  stop(): void {
    this.#stopped = true;
    this.#timer.clear();
    this.#running?.controller.abort(new Error('The policy is closed, or the circuit forgotten.'));
  }

  /** Replicas that start together do not check together: the first wait is any part of the interval. */
  #wait(intervalMs: number | undefined): void {
    if (intervalMs === undefined || !this.#circuit.isChecked()) return;
    const factor = this.#hasWaited ? 1 + (2 * Math.random() - 1) * INTERVAL_JITTER : Math.random();
    this.#hasWaited = true;
    this.#timer.set(intervalMs * factor, () => this.#waited(intervalMs));
  }

  /** What users' calls have shown since need not be asked. */
  #waited(intervalMs: number): void {
    const healthyForMs = monotonicNow() - this.healthyAt;
    if (healthyForMs >= 0 && healthyForMs < intervalMs) {
      this.#circuit.checked(this.#circuit.machine.generation, undefined);
      this.follow();
    } else if (this.#circuit.isChecked()) this.#begin();
  }

  #begin(): void {
    const running = { controller: new AbortController(), generation: this.#circuit.machine.generation };
    this.#running = running;
    // The state may have moved by a call, which is not to run the check.
    queueMicrotask(() => void this.#run(running));
  }

  async #run(running: { readonly controller: AbortController; readonly generation: number }): Promise<void> {
    const { counts } = this.#circuit;
    const timeoutMs = this.#timeoutMs;
    const result = running.controller.signal.aborted ? undefined : await this.#check(running, timeoutMs);
    running.controller.abort(new Error('The check is over.'));
    this.#running = undefined;
    if (this.#stopped) return;
    if (result !== undefined) {
      counts[result] += 1;
      const problem = result === 'timeout' ? `took longer than ${timeoutMs} ms` : 'failed';
      this.#circuit.checked(running.generation, result === 'success' ? undefined : problem);
    }
    this.follow();
  }

  async #check(
    { controller }: { readonly controller: AbortController },
    milliseconds: number,
  ): Promise<(typeof probeResults)[number] | undefined> {
    const { runtime, settings, about } = this.#circuit;
    const check = settings.probe?.check;
    if (check === undefined) return undefined;
    try {
      // A promise, so that a check that throws at once fails like any other.
      const answer = new Promise((resolve) => {
        // It belongs to no request, whosever call has moved the circuit.
        resolve(
          runWithoutDeadline(() => check({ signal: controller.signal, policy: runtime.name, ...about })),
        );
      });
      const healthy = await pTimeout(answer, { milliseconds, fallback: () => TIMED_OUT });
      if (healthy === TIMED_OUT) return 'timeout';
      return healthy === false ? 'failure' : 'success';
    } catch (error) {
      // A defect of the check's own would keep the circuit open for ever, and nobody would know why.
      if (verdictOnError(error) === 'defect') runtime.report('circuit-probe', error);
      return 'failure';
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
