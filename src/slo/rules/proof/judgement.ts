import { shareOf } from '../../budget.ts';
import type { AlertSeverity } from '../../burn-alerts.ts';
import type { Slo, SloSpec } from '../../spec/model.ts';
import { burnWindows } from '../../windows.ts';
import { burnPairs, holders, holdingSeverities, minimumBadEvents } from '../burn.ts';
import type { Traffic } from './events.ts';

/** What stands to reason of one objective at one time, worked out from its traffic and not by PromQL. */
export interface Judgement {
  /** The burn rate by which it alerts. */
  readonly alerts: ReadonlyMap<AlertSeverity, number>;
  /** Whether nothing lies so near to a threshold that extrapolation could decide. */
  readonly clear: boolean;
}

/** The share of a threshold within which nothing is sure. */
const MARGIN = 0.01;

/** The ratio of bad events; `undefined` without events. */
export function errorRatio(traffic: Traffic, at: number, samples: number): number | undefined {
  const { good, bad } = traffic.counts(at, samples);
  return good + bad === 0 ? undefined : bad / (good + bad);
}

/**
 * Judges an objective by itself.
 *
 * @param sampleMs how far its samples are apart
 */
export function judge(spec: SloSpec, slo: Slo, traffic: Traffic, at: number, sampleMs: number): Judgement {
  const budget = shareOf(slo.objective);
  const minimum = minimumBadEvents(spec, slo);
  const alerts = new Map<AlertSeverity, number>();
  let clear = true;
  for (const severity of ['page', 'ticket'] as const) {
    for (const { longWindow, shortWindow, factor } of burnPairs(slo, severity)) {
      const [long, short] = [burnWindows[longWindow] / sampleMs, burnWindows[shortWindow] / sampleMs];
      const { good, bad } = traffic.counts(at, long);
      const burns = [errorRatio(traffic, at, long), errorRatio(traffic, at, short)].map((ratio) =>
        ratio === undefined ? 0 : ratio / budget,
      );
      // Where everything is bad there is nothing to extrapolate.
      if (burns.some((burn) => Math.abs(burn / factor - 1) < MARGIN) && good > 0) clear = false;
      if (minimum > 0 && Math.abs(bad - minimum) < MARGIN * minimum)
        clear &&= bad === minimum && minimum < 50;
      const fires = burns.every((burn) => burn > factor) && bad >= minimum && good + bad > 0;
      if (fires) alerts.set(severity, Math.max(alerts.get(severity) ?? 0, burns[0] ?? 0));
    }
  }
  return { alerts, clear };
}

/** Whether an alert of an objective is held back, given what the objectives would do by themselves. */
export function isHeld(
  spec: SloSpec,
  slo: Slo,
  severity: AlertSeverity,
  alertsOf: (slo: Slo) => ReadonlyMap<AlertSeverity, number> | undefined,
): boolean {
  return holders(spec, slo).some((availability) =>
    holdingSeverities(severity).some((holding) => alertsOf(availability)?.has(holding) ?? false),
  );
}
