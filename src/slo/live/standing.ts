import type { Sli, SliCounts } from '../../metrics/sli.ts';
import { burnRateOf, remainingOf } from '../budget.ts';
import { type AlertSeverity, type BurnAlert, burnAlerts } from '../burn-alerts.ts';
import type { BurnWindow } from '../windows.ts';

/** An objective as it is followed. */
export interface FollowedObjective {
  readonly sli: Sli;
  readonly objective: number;
  readonly periodMs: number;
  /** Events in a window that ends at `now`. */
  counts(window: BurnWindow, now: number): SliCounts;
  /** Events in the budget's period. */
  periodCounts(now: number): SliCounts;
  /** How far back the first event lies; 0 before it. */
  observedMs(now: number): number;
}

/** An alert that fires, and the burn rates that it fires on. */
export interface FiringAlert extends BurnAlert {
  readonly longBurnRate: number;
  readonly shortBurnRate: number;
}

/** Where an objective stands at one moment. */
export interface Standing {
  readonly sli: Sli;
  readonly objective: number;
  /** Events in the budget's period. */
  readonly good: number;
  readonly bad: number;
  /** How far back those reach, where that is less than the period. */
  readonly observedMs: number | undefined;
  /** `undefined` without events. */
  readonly budgetRemaining: number | undefined;
  /** The alerts that fire, the most urgent first. */
  readonly firing: readonly FiringAlert[];
  /** Those that would fire, but are held back while the availability of the same policy fires. */
  readonly heldBack: readonly FiringAlert[];
  /** Whether an alert may yet fire without another bad event, when good ones leave its windows. */
  readonly mayFire: boolean;
}

/**
 * Where the objectives of one policy stand at `now`.
 *
 * An alert fires while both its windows burn faster than its factor and the long one holds at least
 * `minimumBadEvents`. A failed call is bad in every SLI, so what availability already says the others do not say
 * again: while its page fires all their alerts are held back, while only its ticket fires their tickets are.
 */
export function standingsOf(
  objectives: readonly FollowedObjective[],
  minimumBadEvents: number,
  now: number,
): readonly Standing[] {
  const standings = objectives.map((objective) => standingOf(objective, minimumBadEvents, now));
  const availability = standings.find(({ sli }) => sli === 'availability')?.firing[0]?.severity;
  if (availability === undefined) return standings;
  return standings.map((standing) =>
    standing.sli === 'availability' ? standing : heldBackBy(availability, standing),
  );
}

/** The most urgent severity that fires; `undefined` where none does. */
export function severityOf({ firing }: Standing): AlertSeverity | undefined {
  return firing[0]?.severity;
}

function standingOf(objective: FollowedObjective, minimumBadEvents: number, now: number): Standing {
  const { good, bad } = objective.periodCounts(now);
  const observedMs = objective.observedMs(now);
  const firing: FiringAlert[] = [];
  let mayFire = false;
  for (const alert of alertsOf(objective)) {
    const long = objective.counts(alert.longWindow, now);
    if (long.bad < minimumBadEvents) continue;
    const short = objective.counts(alert.shortWindow, now);
    if (short.bad === 0) continue;
    mayFire = true;
    const longBurnRate = burnRateOf(long.good, long.bad, objective.objective) ?? 0;
    const shortBurnRate = burnRateOf(short.good, short.bad, objective.objective) ?? 0;
    if (longBurnRate > alert.factor && shortBurnRate > alert.factor) {
      firing.push({ ...alert, longBurnRate, shortBurnRate });
    }
  }
  return {
    sli: objective.sli,
    objective: objective.objective,
    good,
    bad,
    observedMs: observedMs < objective.periodMs ? observedMs : undefined,
    budgetRemaining: remainingOf(good, bad, objective.objective),
    firing,
    heldBack: [],
    mayFire,
  };
}

function heldBackBy(availability: AlertSeverity, standing: Standing): Standing {
  const isHeldBack = ({ severity }: FiringAlert) => availability === 'page' || severity === 'ticket';
  return {
    ...standing,
    firing: standing.firing.filter((alert) => !isHeldBack(alert)),
    heldBack: standing.firing.filter(isHeldBack),
  };
}

/** Most services have few pairs of objective and period; those that have many compute them again. */
const MAX_REMEMBERED = 256;
const remembered = new Map<string, readonly BurnAlert[]>();

function alertsOf({ objective, periodMs }: FollowedObjective): readonly BurnAlert[] {
  const key = `${objective}/${periodMs}`;
  let alerts = remembered.get(key);
  if (alerts === undefined) {
    alerts = burnAlerts(objective, periodMs).alerts;
    if (remembered.size >= MAX_REMEMBERED) remembered.clear();
    remembered.set(key, alerts);
  }
  return alerts;
}
