import { type AlertSeverity, type BurnAlert, burnAlerts } from '../burn-alerts.ts';
import type { Slo, SloSpec } from '../spec/model.ts';
import { alertLabels, labelsOf, SloSeries } from './identity.ts';
import { indented, series } from './text.ts';

export const BURN_ALERT = 'SloErrorBudgetBurn';

/** The pairs of windows by which an objective alerts with a severity: those that can fire and are not silenced. */
export function burnPairs(slo: Slo, severity: AlertSeverity): readonly BurnAlert[] {
  if (slo.silenced.includes(severity)) return [];
  return burnAlerts(slo.objective, slo.periodMs).alerts.filter((alert) => alert.severity === severity);
}

/**
 * Bad events in the long window from which on an objective alerts. Only a policy's are counted: a query of the user's
 * own gives rates as often as numbers of events.
 */
export function minimumBadEvents(spec: SloSpec, { indicator }: Slo): number {
  return indicator.kind === 'policy' ? spec.alerts.minimumBadEvents : 0;
}

/** The expression of an objective's alert of a severity; `undefined` when it has none. Gives the highest burn rate. */
export function burnExpression(spec: SloSpec, slo: Slo, severity: AlertSeverity): string | undefined {
  const pairs = burnPairs(slo, severity);
  if (pairs.length === 0) return undefined;
  const either = pairs.map((pair) => `  (\n${indented(pairExpression(spec, slo, pair), '    ')}\n  )`);
  const burns = `max without (window) (\n${either.join('\n  or\n')}\n)`;
  return [burns, ...holdingAlerts(spec, slo, severity).map((alert) => `unless on ()\n${alert}`)].join('\n');
}

/**
 * The alerts that hold back one of an objective's, as Prometheus writes them down while they fire. They are evaluated
 * before it, at the same time.
 */
function holdingAlerts(spec: SloSpec, slo: Slo, severity: AlertSeverity): readonly string[] {
  return holders(spec, slo).flatMap((availability) =>
    holdingSeverities(severity)
      .filter((holding) => burnPairs(availability, holding).length > 0)
      .map((holding) =>
        series(
          'ALERTS',
          labelsOf({ alertname: BURN_ALERT, alertstate: 'firing' }, alertLabels(spec, availability, holding)),
        ),
      ),
  );
}

/** Which alerts on availability hold back one on latency or correctness: the page everything, the ticket tickets. */
export function holdingSeverities(severity: AlertSeverity): readonly AlertSeverity[] {
  return severity === 'page' ? ['page'] : ['page', 'ticket'];
}

/**
 * The objectives whose alerts hold an objective's back: the availability of its policy. A failed call is bad in
 * every SLI, so that the others say nothing new while that burns.
 */
export function holders(spec: SloSpec, { indicator }: Slo): readonly Slo[] {
  if (indicator.kind !== 'policy' || indicator.sli === 'availability') return [];
  return spec.slos.filter(
    ({ indicator: other }) =>
      other.kind === 'policy' && other.policy === indicator.policy && other.sli === 'availability',
  );
}

function pairExpression(spec: SloSpec, slo: Slo, { longWindow, shortWindow, factor }: BurnAlert): string {
  const own = new SloSeries(spec, slo);
  const conditions = [`${own.burnRate(longWindow)} > ${factor}`, `${own.burnRate(shortWindow)} > ${factor}`];
  const minimum = minimumBadEvents(spec, slo);
  // What Prometheus extrapolates is no whole number.
  if (minimum > 0) conditions.push(`round(${own.total(longWindow)} - ${own.good(longWindow)}) >= ${minimum}`);
  return conditions.join('\nand ignoring (window)\n');
}
