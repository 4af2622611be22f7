import type { CircuitState } from '../../src/core/circuit.ts';
import type { CircuitBreakerSettings } from '../../src/strategies/circuit-breaker/options.ts';

/** A permit as the model sees it. */
export interface ModelPermit {
  readonly generation: number;
  readonly at: number;
  spent: boolean;
}

interface Attempt {
  readonly failed: boolean;
  readonly slow: boolean;
}

/**
 * What DESIGN says of the circuit, written down naively: lists instead of counters, everything counted afresh. Its
 * window is one of so many attempts, and chance adds nothing to the open time.
 */
export class CircuitModel {
  state: CircuitState = 'closed';
  until = Number.POSITIVE_INFINITY;
  failedRecoveries = 0;
  readonly transitions: string[] = [];
  #generation = 0;
  #attempts: Attempt[] = [];
  #streak = 0;
  #probes: ModelPermit[] = [];
  #probed: Attempt[] = [];
  #asked = false;
  #checks: boolean[] = [];
  readonly #settings: CircuitBreakerSettings;

  constructor(settings: CircuitBreakerSettings) {
    this.#settings = settings;
  }

  get counts() {
    return {
      attempts: this.#attempts.length,
      failures: this.#attempts.filter(({ failed }) => failed).length,
      slow: this.#attempts.filter(({ slow }) => slow).length,
    };
  }

  admit(now: number): ModelPermit | undefined {
    this.passTime(now);
    if (this.state === 'open' || this.state === 'forced-open') return undefined;
    const permit = { generation: this.#generation, at: now, spent: false };
    if (this.state === 'half-open') {
      if (this.#settings.probe !== undefined) return undefined;
      if (this.#probes.length + this.#probed.length >= this.#settings.halfOpenProbes) return undefined;
      this.#probes.push(permit);
    }
    return permit;
  }

  settle(permit: ModelPermit, failed: boolean, now: number, retryAfterMs = 0): void {
    if (this.state === 'half-open') this.passTime(now);
    if (!this.#take(permit)) return;
    const attempt = { failed, slow: now - permit.at > this.#settings.slowAttemptMs };
    if (this.state === 'closed') this.#record(attempt, now, retryAfterMs);
    if (this.state === 'half-open') this.#probe(attempt, now, retryAfterMs);
  }

  /** A health check that begins now. */
  beginCheck(now: number): ModelPermit {
    return { generation: this.#generation, at: now, spent: false };
  }

  endCheck(check: ModelPermit, healthy: boolean, now: number): void {
    const { probe, halfOpenProbes } = this.#settings;
    if (!this.#take(check) || probe === undefined) return;
    if (this.state === 'half-open') {
      this.#probed.push({ failed: !healthy, slow: false });
      if (!healthy) {
        if (!this.#asked) this.failedRecoveries += 1;
        this.#open(now, 0);
      } else if (this.#probed.length === halfOpenProbes) this.#move('closed');
    } else if (this.state === 'closed') {
      this.#checks.push(healthy);
      const latest = this.#checks.slice(-probe.failures);
      if (latest.length === probe.failures && !latest.includes(true)) this.#open(now, 0);
    }
  }

  release(permit: ModelPermit): void {
    this.#take(permit);
  }

  passTime(now: number): void {
    if (this.state === 'half-open') {
      for (const probe of [...this.#probes]) {
        if (this.state !== 'half-open' || now < probe.at + this.#settings.halfOpenMaxMs) continue;
        this.#take(probe);
        this.#probe({ failed: true, slow: false }, now, 0);
      }
    } else if (now >= this.until) this.#move(this.state === 'disabled' ? 'closed' : 'half-open');
  }

  forceOpen(until: number): void {
    if (this.state !== 'forced-open') this.#move('forced-open');
    this.until = until;
  }

  disable(until: number): void {
    if (this.state !== 'disabled') this.#move('disabled');
    this.until = until;
  }

  probeNow(): boolean {
    if (this.state !== 'open' && this.state !== 'forced-open') return false;
    this.#move('half-open');
    this.#asked = true;
    return true;
  }

  reset(): void {
    if (this.state === 'closed') this.#begin();
    else this.#move('closed');
  }

  #take(permit: ModelPermit): boolean {
    const counts = !permit.spent && permit.generation === this.#generation;
    permit.spent = true;
    if (counts) this.#probes = this.#probes.filter((probe) => probe !== permit);
    return counts;
  }

  #record(attempt: Attempt, now: number, retryAfterMs: number): void {
    const { window, failureRate, slowRate, minimumThroughput, consecutiveFailures } = this.#settings;
    if (window.type !== 'count') throw new Error('the model has a window of so many attempts');
    this.#attempts = [...this.#attempts, attempt].slice(-window.size);
    this.#streak = attempt.failed ? this.#streak + 1 : 0;
    const { attempts, failures, slow } = this.counts;
    const full = attempts >= minimumThroughput;
    const trips =
      (consecutiveFailures !== false && this.#streak >= consecutiveFailures) ||
      (full && failureRate !== false && failures / attempts >= failureRate) ||
      (full && slowRate !== false && slow / attempts >= slowRate);
    if (trips) this.#open(now, retryAfterMs);
  }

  #probe(attempt: Attempt, now: number, retryAfterMs: number): void {
    const { halfOpenProbes, failureRate, slowRate } = this.#settings;
    this.#probed.push(attempt);
    const rate = failureRate === false ? 0.5 : failureRate;
    const failed = (probes: readonly Attempt[]) =>
      probes.filter((probe) => probe.failed).length / halfOpenProbes >= rate ||
      (slowRate !== false && probes.filter((probe) => probe.slow).length / halfOpenProbes >= slowRate);
    const missing = Array.from({ length: halfOpenProbes - this.#probed.length });
    const worst = [...this.#probed, ...missing.map(() => ({ failed: true, slow: true }))];
    if (failed(this.#probed)) {
      if (!this.#asked) this.failedRecoveries += 1;
      this.#open(now, retryAfterMs);
    } else if (!failed(worst)) this.#move('closed');
  }

  #open(now: number, retryAfterMs: number): void {
    const { openMs, openBackoffFactor, maxOpenMs } = this.#settings;
    const grownMs = Math.min(maxOpenMs, openMs * openBackoffFactor ** this.failedRecoveries);
    this.#move('open');
    this.until = now + Math.max(grownMs, Math.min(maxOpenMs, retryAfterMs));
  }

  #move(to: CircuitState): void {
    this.transitions.push(`${this.state} to ${to}`);
    this.state = to;
    this.until = Number.POSITIVE_INFINITY;
    if (to === 'closed') this.failedRecoveries = 0;
    this.#begin();
  }

  #begin(): void {
    this.#generation += 1;
    this.#streak = 0;
    this.#probes = [];
    this.#probed = [];
    this.#asked = false;
    this.#checks = [];
    if (this.state === 'closed') this.#attempts = [];
  }
}
