import type { RejectionEvent } from '../../core/events.ts';
import type { PolicyStats } from '../../core/policy.ts';

/** When rejections by limits make an incident. */
export interface RejectionSettings {
  readonly minimum: number;
  readonly share: number;
  readonly windowMs: number;
  readonly windows: number;
}

/** Limits of a policy turned calls away for long. */
export interface SustainedRejections {
  readonly policy: string;
  /** The most frequent reason. */
  readonly reason: string;
  /** Of the last window. */
  readonly rejected: number;
  readonly calls: number;
  readonly overMs: number;
}

/** Whom a `RejectionWatch` asks and tells. */
export interface RejectionPorts {
  readonly stats: (policy: string) => PolicyStats | undefined;
  readonly onSustained: (rejections: SustainedRejections) => void;
  readonly onOver: (policy: string) => void;
}

interface Window {
  endsAt: number;
  callsBefore: number;
  readonly rejected: Map<string, number>;
  /** Windows in a row in which too much was turned away. */
  inARow: number;
  sustained: boolean;
}

/**
 * Counts what a policy's own limits turn away: bulkheads, rate limits, throttles, retry budgets. What an open circuit
 * turns away is the circuit's. A policy is counted from its first rejection on, until a window passes without one; it
 * costs nothing where nothing is turned away. Times are monotonic.
 */
export class RejectionWatch {
  readonly #settings: RejectionSettings;
  readonly #ports: RejectionPorts;
  readonly #windows = new Map<string, Window>();

  constructor(settings: RejectionSettings, ports: RejectionPorts) {
    this.#settings = settings;
    this.#ports = ports;
  }

  /** Takes a rejection in. Whether a window begins with it. */
  count({ policy, reason, shadow }: RejectionEvent, now: () => number): boolean {
    if (reason === 'circuit_open' || shadow) return false;
    const known = this.#windows.get(policy);
    const window = known ?? this.#open(policy, now());
    window.rejected.set(reason, (window.rejected.get(reason) ?? 0) + 1);
    return known === undefined;
  }

  /** When a window ends; infinite where none is open. */
  nextAt(): number {
    let next = Number.POSITIVE_INFINITY;
    for (const { endsAt } of this.#windows.values()) next = Math.min(next, endsAt);
    return next;
  }

  /** Judges the windows that have ended. */
  look(now: number): void {
    for (const [policy, window] of [...this.#windows])
      if (window.endsAt <= now) this.#judge(policy, window, now);
  }

  /** A person resolved the policy's incident: what goes on from here on is counted anew, and makes another. */
  resolved(policy: string): void {
    const window = this.#windows.get(policy);
    if (window === undefined) return;
    window.inARow = 0;
    window.sustained = false;
  }

  forget(policy: string): void {
    this.#windows.delete(policy);
  }

  #open(policy: string, now: number): Window {
    const window: Window = {
      endsAt: now + this.#settings.windowMs,
      callsBefore: endedCalls(this.#ports.stats(policy)),
      rejected: new Map(),
      inARow: 0,
      sustained: false,
    };
    this.#windows.set(policy, window);
    return window;
  }

  #judge(policy: string, window: Window, now: number): void {
    const { minimum, share, windowMs, windows } = this.#settings;
    const [worst] = [...window.rejected].sort(([, a], [, b]) => b - a);
    const rejected = [...window.rejected.values()].reduce((sum, count) => sum + count, 0);
    const ended = endedCalls(this.#ports.stats(policy));
    const calls = Math.max(rejected, ended - window.callsBefore);
    const tooMuch = rejected >= minimum && rejected >= share * calls;
    window.inARow = tooMuch ? window.inARow + 1 : 0;
    window.callsBefore = ended;
    window.endsAt = now + windowMs;
    window.rejected.clear();
    if (worst === undefined) this.#windows.delete(policy);
    if (window.sustained && !tooMuch) {
      window.sustained = false;
      this.#ports.onOver(policy);
    } else if (!window.sustained && worst !== undefined && window.inARow >= windows) {
      window.sustained = true;
      const [reason] = worst;
      this.#ports.onSustained({ policy, reason, rejected, calls, overMs: windowMs * windows });
    }
  }
}

function endedCalls(stats: PolicyStats | undefined): number {
  return Object.values(stats?.calls ?? {}).reduce((sum, count) => sum + count, 0);
}
