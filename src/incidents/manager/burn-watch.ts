import type { SloBurningEvent, SloEvent } from '../../core/slo-events.ts';
import { burnWindows } from '../../slo/windows.ts';

const windowsMs: ReadonlyMap<string, number> = new Map(Object.entries(burnWindows));

/** How long the alert that fires counts a failure in its short window. */
export function shortWindowMs({ shortWindow }: Pick<SloBurningEvent, 'shortWindow'>): number {
  return windowsMs.get(shortWindow) ?? burnWindows['1h'];
}

interface Burning {
  /** What it told last. */
  readonly event: SloBurningEvent;
  /** From when on it burns although a person said that it is over; infinite where nobody did. */
  dueAt: number;
}

/**
 * Error budgets that burn on though a person resolved their incident, which no event tells. The short window of the alert
 * holds failures of before still; once it has passed, what burns is new. Times are monotonic.
 */
export class BurnWatch {
  readonly #onBurnsOn: (event: SloBurningEvent) => void;
  readonly #burning = new Map<string, Burning>();

  constructor(onBurnsOn: (event: SloBurningEvent) => void) {
    this.#onBurnsOn = onBurnsOn;
  }

  heed(event: SloEvent): void {
    if (event.status === 'burning')
      this.#burning.set(keyOf(event), { event, dueAt: Number.POSITIVE_INFINITY });
    if (event.status === 'recovered') this.#burning.delete(keyOf(event));
  }

  /** A person resolved the policy's incident, or a drill that burned its budget ended, at `now`. */
  resolved(policy: string, now: number): void {
    for (const burning of this.#of(policy)) {
      burning.dueAt = now + shortWindowMs(burning.event);
    }
  }

  /** When something is to be looked at; infinite where nothing is. */
  nextAt(): number {
    let next = Number.POSITIVE_INFINITY;
    for (const { dueAt } of this.#burning.values()) next = Math.min(next, dueAt);
    return next;
  }

  look(now: number): void {
    for (const burning of [...this.#burning.values()]) {
      if (burning.dueAt > now) continue;
      burning.dueAt = Number.POSITIVE_INFINITY;
      this.#onBurnsOn(burning.event);
    }
  }

  forget(policy: string): void {
    for (const { event } of this.#of(policy)) this.#burning.delete(keyOf(event));
  }

  #of(policy: string): readonly Burning[] {
    return [...this.#burning.values()].filter(({ event }) => event.policy === policy);
  }
}

function keyOf({ policy, sli }: Pick<SloBurningEvent, 'policy' | 'sli'>): string {
  return `${sli} ${policy}`;
}
