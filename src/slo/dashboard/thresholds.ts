import { type BurnAlert, burnAlerts } from '../burn-alerts.ts';
import type { SloSpec } from '../spec/model.ts';
import { DEFAULT_PERIOD_MS } from '../windows.ts';

/** What the dashboard draws lines at. */
export interface Thresholds {
  /** The alerts on burn rates; those of one factor together. */
  readonly burnAlerts: readonly DrawnAlert[];
  /** Share of the budget below which an objective is at risk. */
  readonly atRiskRemaining: number;
  /** From where on calls are too slow, in seconds, ascending. */
  readonly latencySeconds: readonly number[];
}

/** An alert on burn rates, and for which objectives it is. */
export interface DrawnAlert extends BurnAlert {
  /** Names; `undefined` for all. */
  readonly slos?: readonly string[];
}

const AT_RISK_REMAINING = 0.1;
/** An objective with which all four alerts are of use. */
const USUAL_OBJECTIVE = 0.999;

/** The thresholds of a spec. */
export function thresholdsOf({ slos, alerts: { atRiskRemaining } }: SloSpec): Thresholds {
  const drawn = new Map<string, BurnAlert & { slos: string[] }>();
  for (const { name, objective, periodMs, silenced } of slos) {
    for (const alert of burnAlerts(objective, periodMs).alerts) {
      if (silenced.includes(alert.severity)) continue;
      const key = [alert.severity, alert.longWindow, alert.factor].join();
      const same = drawn.get(key);
      if (same === undefined) drawn.set(key, { ...alert, slos: [name] });
      else same.slos.push(name);
    }
  }
  const latencies = slos.flatMap(({ thresholdMs }) => (thresholdMs === undefined ? [] : thresholdMs / 1_000));
  return {
    burnAlerts: [...drawn.values()].map(({ slos: own, ...alert }) =>
      own.length === slos.length ? alert : { ...alert, slos: own },
    ),
    atRiskRemaining,
    latencySeconds: [...new Set(latencies)].sort((a, b) => a - b),
  };
}

/** The thresholds of objectives over 30 days, for a dashboard that knows no more about them. */
export const usualThresholds: Thresholds = {
  burnAlerts: burnAlerts(USUAL_OBJECTIVE, DEFAULT_PERIOD_MS).alerts,
  atRiskRemaining: AT_RISK_REMAINING,
  latencySeconds: [],
};
