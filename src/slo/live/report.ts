import type { Sli } from '../../metrics/sli.ts';
import { burnRateOf, timeLeftMs } from '../budget.ts';
import { type BurnWindow, burnWindows } from '../windows.ts';
import { type FiringAlert, type Standing, standingsOf } from './standing.ts';
import type { ObjectiveTracker, SloTracker } from './tracker.ts';

/** Where an objective stands. */
export interface ObjectiveReport {
  readonly sli: Sli;
  readonly objective: number;
  /** From where on a call is too slow; of the latency objective. */
  readonly thresholdMs?: number;
  /** Events within the period, or within `observedMs` where that is shorter. */
  readonly good: number;
  readonly bad: number;
  /** How far back the figures reach, in milliseconds: to the first event, at most the period. */
  readonly observedMs: number;
  /** Whether good events make up the objective; without events nobody knows. */
  readonly status: 'met' | 'missed' | 'no-data';
  /** How fast the budget goes over each window; `undefined` where the window holds no events. */
  readonly burnRates: Readonly<Record<BurnWindow, number | undefined>>;
  /** Share of the error budget that is spent, 0 and up, past 1 when it is overspent; `undefined` without data. */
  readonly budgetSpent: number | undefined;
  /** Share of the error budget that is left: 1 - `budgetSpent`; `undefined` without data. */
  readonly budgetRemaining: number | undefined;
  /**
   * When the budget is spent if it burns on as in the last hour (in the last 5 minutes, where the period is shorter
   * than an hour), in whole milliseconds from now. 0 when it is spent, `undefined` when nothing burned, or nobody knows.
   */
  readonly exhaustedInMs: number | undefined;
  /** The alerts that fire, the most urgent first. */
  readonly firing: readonly FiringAlert[];
  /** Those that are held back while the alert on the policy's availability fires. */
  readonly heldBack: readonly FiringAlert[];
}

/** Where a policy's objectives stand. */
export interface SloReport {
  readonly policy: string;
  /** The period that the error budgets are for, in milliseconds. */
  readonly periodMs: number;
  readonly objectives: readonly ObjectiveReport[];
}

/** Where a policy's objectives stand at `now`. */
export function reportOf(
  { policy, periodMs, minimumBadEvents, objectives }: SloTracker,
  now: number,
): SloReport {
  const standings = standingsOf(objectives, minimumBadEvents, now);
  return {
    policy,
    periodMs,
    objectives: objectives.flatMap((objective, at) => {
      const standing = standings[at];
      return standing === undefined ? [] : objectiveReport(objective, standing, now);
    }),
  };
}

function objectiveReport(tracker: ObjectiveTracker, standing: Standing, now: number): ObjectiveReport {
  const { sli, objective, thresholdMs, periodMs } = tracker;
  const { good, bad, budgetRemaining, firing, heldBack } = standing;
  const budgetSpent = burnRateOf(good, bad, objective);
  return {
    sli,
    objective,
    ...(thresholdMs === undefined ? {} : { thresholdMs }),
    good,
    bad,
    observedMs: Math.min(periodMs, tracker.observedMs(now)),
    status: budgetSpent === undefined ? 'no-data' : budgetSpent <= 1 ? 'met' : 'missed',
    burnRates: {
      '5m': tracker.burnRate('5m', now),
      '30m': tracker.burnRate('30m', now),
      '1h': tracker.burnRate('1h', now),
      '2h': tracker.burnRate('2h', now),
      '6h': tracker.burnRate('6h', now),
      '1d': tracker.burnRate('1d', now),
      '3d': tracker.burnRate('3d', now),
    },
    budgetSpent,
    budgetRemaining,
    exhaustedInMs: exhaustedInMs(tracker, budgetRemaining, now),
    firing,
    heldBack,
  };
}

function exhaustedInMs(
  tracker: ObjectiveTracker,
  budgetRemaining: number | undefined,
  now: number,
): number | undefined {
  const pace = tracker.burnRate(tracker.periodMs < burnWindows['1h'] ? '5m' : '1h', now);
  if (budgetRemaining === undefined) return undefined;
  if (budgetRemaining <= 0) return 0;
  if (pace === undefined || pace === 0) return undefined;
  return Math.round(timeLeftMs(budgetRemaining, pace, tracker.periodMs));
}
