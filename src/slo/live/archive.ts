import { randomUUID } from 'node:crypto';
import { wallNow } from '../../core/clock.ts';
import { InvalidOptionsError, type OptionsProblem } from '../../core/errors.ts';
import { parseOptions } from '../../core/options.ts';
import type { Sli } from '../../metrics/sli.ts';
import {
  aged,
  keyOf,
  namedWindows,
  type SavedObjective,
  type SloState,
  savedWindows,
  stateSchema,
} from './state.ts';
import type { SloTracker } from './tracker.ts';

/** An objective of a policy. */
export interface ObjectiveName {
  readonly policy: string;
  readonly sli: Sli;
}

/** What became of the objectives of a saved state. */
export interface RestoreResult {
  /** Those that were put back. */
  readonly restored: readonly ObjectiveName[];
  /** Those whose policy is not made yet; they are put back when it is. */
  readonly waiting: readonly ObjectiveName[];
  /** Those that their policy does not have, or has with another threshold. */
  readonly dropped: readonly ObjectiveName[];
}

/** A saved objective, until its policy is made. */
interface Waiting {
  readonly saved: SavedObjective;
  readonly savedAt: number;
}

const SUBJECT = 'The state given to breakwater.slo.restore()';

/** Saves and puts back the events of a hub's objectives. */
export class Archive {
  readonly #hub = randomUUID();
  readonly #waiting = new Map<string, Waiting>();

  /** What the objectives hold at `now`, and what still waits for its policy. */
  save(trackers: Iterable<SloTracker>, now: number): SloState {
    const savedAt = wallNow();
    const objectives: SavedObjective[] = [];
    for (const { policy, periodMs, objectives: tracked } of trackers) {
      for (const objective of tracked) {
        const held = objective.save(now);
        if (held === undefined) continue;
        const { sli, thresholdMs } = objective;
        const threshold = thresholdMs === undefined ? {} : { thresholdMs };
        objectives.push({ policy, sli, ...threshold, periodMs, ...namedWindows(held) });
      }
    }
    for (const waiting of this.#waiting.values()) {
      const left = aged(waiting.saved, ageMs(waiting.savedAt));
      if (left !== undefined) objectives.push(left);
    }
    return { version: 1, savedAt, hub: this.#hub, objectives };
  }

  /**
   * Checks a state as a whole, then puts back what it has for policies that are there; the rest waits.
   *
   * @throws {InvalidOptionsError} naming everything that is wrong; nothing is put back then
   */
  restore(given: unknown, trackerOf: (policy: string) => SloTracker | undefined, now: number): RestoreResult {
    const state = parseOptions(stateSchema, given, '', SUBJECT);
    const problems = this.#countedAlready(state, trackerOf);
    if (problems.length > 0) throw new InvalidOptionsError('', `${SUBJECT} cannot be used`, problems);
    const result = { restored: [], waiting: [], dropped: [] } satisfies RestoreResult;
    const lists: Record<keyof RestoreResult, ObjectiveName[]> = result;
    for (const saved of state.objectives) {
      const waiting = { saved, savedAt: state.savedAt };
      const tracker = trackerOf(saved.policy);
      if (tracker === undefined) this.#waiting.set(keyOf(saved), waiting);
      const became =
        tracker === undefined ? 'waiting' : putBack(tracker, waiting, now) ? 'restored' : 'dropped';
      lists[became].push({ policy: saved.policy, sli: saved.sli });
    }
    return result;
  }

  /** Puts back what waited for the policy, and forgets what of it does not fit. Whether there was any. */
  policyMade(tracker: SloTracker, now: number): boolean {
    let isAny = false;
    for (const [key, waiting] of this.#waiting) {
      if (waiting.saved.policy !== tracker.policy) continue;
      this.#waiting.delete(key);
      isAny = putBack(tracker, waiting, now) || isAny;
    }
    return isAny;
  }

  #countedAlready(
    { hub, objectives }: SloState,
    trackerOf: (policy: string) => SloTracker | undefined,
  ): OptionsProblem[] {
    if (hub === this.#hub) {
      return [{ path: 'hub', message: 'is this hub itself: it counts the events of that state already' }];
    }
    return objectives.flatMap((saved, at) => {
      const { policy, sli } = saved;
      const isCounted = this.#waiting.has(keyOf(saved)) || trackerOf(policy)?.objective(sli)?.isRestored;
      if (isCounted !== true) return [];
      return [{ path: `objectives[${at}]`, message: `the ${sli} of '${policy}' was restored already` }];
    });
  }
}

function putBack(tracker: SloTracker, { saved, savedAt }: Waiting, now: number): boolean {
  const objective = tracker.objective(saved.sli);
  if (objective === undefined || objective.thresholdMs !== saved.thresholdMs) return false;
  tracker.restore(objective, savedWindows(saved), ageMs(savedAt), now);
  return true;
}

/** How long ago; a clock that went back shows that no time has passed. */
function ageMs(savedAt: number): number {
  return Math.max(0, wallNow() - savedAt);
}
