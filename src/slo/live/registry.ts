import { monotonicNow } from '../../core/clock.ts';
import type { FamilyShare } from '../../metrics/family.ts';
import { sloFamilies } from './gauges.ts';
import type { SloObjectives } from './options.ts';
import { type ObjectiveReport, SloTracker } from './tracker.ts';

/** Where a policy's objectives stand. */
export interface SloReport {
  readonly policy: string;
  /** The period that the error budgets are for, in milliseconds. */
  readonly periodMs: number;
  readonly objectives: readonly ObjectiveReport[];
}

/** The objectives of a hub's policies: `breakwater.slo`. */
export class SloRegistry {
  readonly #trackers = new Map<string, SloTracker>();

  /** Where the objectives of all policies that have some stand, or of the policies named. */
  report(...policies: readonly string[]): readonly SloReport[] {
    const now = monotonicNow();
    return [...this.#trackers.values()]
      .filter(({ policy }) => policies.length === 0 || policies.includes(policy))
      .map((tracker) => ({
        policy: tracker.policy,
        periodMs: tracker.periodMs,
        objectives: tracker.objectives.map((objective) => objective.report(now)),
      }));
  }

  /** @internal Starts to follow a policy's objectives. */
  track(policy: string, objectives: SloObjectives): SloTracker {
    const tracker = new SloTracker(policy, objectives);
    this.#trackers.set(policy, tracker);
    return tracker;
  }

  /** @internal Forgets a policy. */
  remove(policy: string): void {
    this.#trackers.delete(policy);
  }

  /** @internal Forgets all. */
  close(): void {
    this.#trackers.clear();
  }

  /** @internal Its share in `/metrics`, for the hub's metrics to register. */
  readonly metricFamilies: readonly FamilyShare[] = sloFamilies(() => this.#trackers.values(), monotonicNow);
}
