import type { Permit } from '../../core/permit.ts';
import type { CircuitBreakerSettings } from './options.ts';
import { judgeProbes, type ProbeVerdict } from './thresholds.ts';

/** What one half-open state has let through, and what became of it. */
export class HalfOpen {
  /** Admitted and not yet settled. */
  running: Permit[] = [];
  settled = 0;
  failures = 0;
  slow = 0;
  /** Whether somebody asked for it; that its probes fail does not lengthen the open time. */
  readonly byHand: boolean;

  constructor(byHand: boolean) {
    this.byHand = byHand;
  }

  /** Whether it lets no more calls through. Where there is a health check, that is asked instead of them. */
  isFull({ probe, halfOpenProbes }: CircuitBreakerSettings): boolean {
    return probe !== undefined || this.running.length + this.settled >= halfOpenProbes;
  }

  /** When the oldest one running has taken too long; `Infinity` while none runs. */
  expiresAt({ halfOpenMaxMs }: CircuitBreakerSettings): number {
    const oldest = this.running[0];
    return oldest === undefined ? Number.POSITIVE_INFINITY : oldest.admittedAt + halfOpenMaxMs;
  }

  forget(permit: Permit): void {
    this.running = this.running.filter((probe) => probe !== permit);
  }

  count(failure: boolean, slow: boolean): void {
    this.settled += 1;
    if (failure) this.failures += 1;
    if (slow) this.slow += 1;
  }

  /** What those that have settled say; `undefined` while the answer is open. */
  judge(settings: CircuitBreakerSettings): ProbeVerdict | undefined {
    return judgeProbes(this, settings);
  }
}
