import type { Circuit, CircuitSnapshot } from '../../core/circuit.ts';
import { monotonicNow, wallNow } from '../../core/clock.ts';
import { governed } from './governance.ts';
import { type CircuitMachine, OPEN_JITTER } from './machine.ts';
import type { CircuitBreakerSettings } from './options.ts';
import type { Whose } from './owner.ts';

/** The states that a policy's circuits begin with, each for one circuit, once: one that is made anew begins closed. */
export class SavedStates {
  readonly #states = new Map<string, CircuitSnapshot>();

  constructor(restore: CircuitBreakerSettings['restore']) {
    for (const state of restore === undefined ? [] : Array.isArray(restore) ? restore : [restore]) {
      const slot = slotOf(state);
      const isNeeded = state.key === undefined || state.state !== 'closed';
      if (isNeeded && !this.#states.has(slot)) this.#states.set(slot, state);
    }
  }

  /** Those of keys. Closed ones are as good as new ones. */
  get ofKeys(): readonly CircuitSnapshot[] {
    return [...this.#states.values()].filter(({ key }) => key !== undefined);
  }

  take(whose: Whose): CircuitSnapshot | undefined {
    if (this.#states.size === 0) return undefined;
    const slot = slotOf(whose);
    const state = this.#states.get(slot);
    this.#states.delete(slot);
    return state;
  }

  /** Whether a circuit would turn calls away with the state that it is still to take up. */
  refuses(whose: Whose, settings: CircuitBreakerSettings, now: number): boolean {
    if (this.#states.size === 0) return false;
    const saved = this.#states.get(slotOf(whose));
    if (saved?.state !== 'open' && saved?.state !== 'forced-open') return false;
    return now < endOf(saved, settings);
  }

  /** Keys mean something else from now on. */
  dropKeys(): void {
    for (const [slot, { key }] of this.#states) if (key !== undefined) this.#states.delete(slot);
  }
}

/** A circuit's state in a form that survives a restart. */
export function savedState(
  circuit: Circuit & { readonly about: Whose },
  machine: CircuitMachine,
): CircuitSnapshot {
  const { state, since, governs, about } = circuit;
  const leftMs = state === 'half-open' ? Number.POSITIVE_INFINITY : machine.wakeAt - monotonicNow();
  const until = Number.isFinite(leftMs) ? wallNow() + leftMs : null;
  const saved = { state, since, until, failedRecoveries: machine.failedRecoveries, ...about };
  return governs && !governed(saved) ? { ...saved, governs } : saved;
}

/** When a saved state ends, on the monotonic clock. */
export function endOf({ state, until }: CircuitSnapshot, { maxOpenMs }: CircuitBreakerSettings): number {
  // A wall clock that jumped must not keep the circuit open for longer than it could have been.
  const longestMs = state === 'open' ? maxOpenMs * (1 + OPEN_JITTER) : Number.POSITIVE_INFINITY;
  const leftMs = until === null ? Number.POSITIVE_INFINITY : until - wallNow();
  return monotonicNow() + Math.min(Math.max(0, leftMs), longestMs);
}

function slotOf({ key, endpoint }: Whose): string {
  return JSON.stringify([endpoint ?? null, key ?? null]);
}
