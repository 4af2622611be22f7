import type CircuitBreaker from 'opossum';
import type { FailureOnset } from './failure-onset.ts';

/** The states of a circuit. */
export type CircuitState = 'closed' | 'open' | 'half-open' | 'forced-open' | 'disabled';

/** All states, in the order in which metrics list them. */
export const circuitStates: readonly CircuitState[] = [
  'closed',
  'open',
  'half-open',
  'forced-open',
  'disabled',
];

/** A circuit's state in a form that survives a restart: give it to `circuitBreaker.restore`. */
export interface CircuitSnapshot {
  readonly state: CircuitState;
  /** When the state began, in milliseconds since the epoch. */
  readonly since: number;
  /** When an open or forced-open state ends, in milliseconds since the epoch; `null` where it does not by itself. */
  readonly until: number | null;
  /** How many half-open states in a row have failed; the open time grows with it. */
  readonly failedRecoveries: number;
  /** Whose it is, where it is not the policy's own. */
  readonly key?: string | undefined;
  readonly endpoint?: string | undefined;
  /** Whether it held for all calls of its policy or endpoint, where its state does not say so already. */
  readonly governs?: boolean | undefined;
}

/** A change of a circuit's state. */
export interface CircuitTransition {
  readonly from: CircuitState;
  readonly to: CircuitState;
  /** Why, in words for people. */
  readonly reason: string;
  /** Whether a person, not the dependency's behaviour, caused it. */
  readonly manual: boolean;
  /** Of one that opens: when the failures began that led to it, in milliseconds since the epoch. */
  readonly failingSince?: number | undefined;
}

/** A policy's circuit as its user sees and steers it. */
export interface Circuit {
  /** The key whose calls go through it (`perKey`). It comes from calls: it belongs in no metric's label. */
  readonly key?: string | undefined;
  /** Name of the endpoint whose calls go through it (`failover`). */
  readonly endpoint?: string | undefined;
  readonly state: CircuitState;
  /** When the state began, in milliseconds since the epoch. */
  readonly since: number;
  /**
   * Milliseconds until an open circuit lets a probe through; `Infinity` while one is held open by hand without an end.
   * While a health check tests it, what is left of that check's time; else 0 when it is not open.
   */
  readonly retryAfterMs: number;
  /** Whether it only watches (`mode: 'shadow'`) and turns nothing away. */
  readonly shadow: boolean;
  /**
   * @internal Whether it holds for all calls of its policy or endpoint, whatever their keys and endpoints: somebody, or
   * a health check of it all, opened or disabled it.
   */
  readonly governs: boolean;
  /** What the window holds. */
  readonly window: CircuitWindowCounts;
  /** Its options with their defaults, as plain data. */
  readonly configuration: Readonly<Record<string, unknown>>;
  /** @internal When that began which its window holds, or held when it left the closed state. */
  readonly onset: FailureOnset | undefined;
  /**
   * Opens it by hand, for `forMs` milliseconds or until `reset()`. Pages nobody. What is done by hand to `policy.circuit`
   * holds for all its calls until it is closed again, whatever their keys and endpoints; what is done to an endpoint's,
   * for all of that endpoint. Once its time is up it goes to half-open; where calls have circuits of their own behind it
   * (`perKey`, `failover`), and no health check speaks for it, it closes, and each call meets its own again.
   *
   * @throws {InvalidOptionsError} when an argument is wrong, or the circuit is that of a key that was forgotten since
   */
  forceOpen(reason: string, forMs?: number): void;
  /**
   * Lets everything through and counts nothing, for `forMs` milliseconds or until `reset()`.
   *
   * @throws {InvalidOptionsError} as `forceOpen` does
   */
  disable(forMs?: number): void;
  /**
   * Lets an open circuit, one forced open included, try the dependency now instead of when its time is up: by its health
   * check where it has one, else by the next calls. A probe that fails then opens it for as long as before. One that
   * holds for all calls ends as it does when its time is up.
   *
   * @returns whether it was open; otherwise nothing happens
   */
  probeNow(reason: string): boolean;
  /** Closes it and starts a fresh window. */
  reset(): void;
  toJSON(): CircuitSnapshot;
  /**
   * The opossum instance that mirrors this circuit, for tools made for opossum: its state, events and stats are
   * true, and its `open()`, `close()`, `enable()` and `disable()` steer this circuit. Its `fire()` is not for use. That
   * of a key's circuit is made when it is first asked for: its stats begin then, empty.
   */
  readonly breaker: CircuitBreaker;
}

/** Attempts in a circuit's window. */
export interface CircuitWindowCounts {
  readonly attempts: number;
  readonly failures: number;
  readonly slow: number;
}
