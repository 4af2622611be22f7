import { type AlertSeverity, type BurnAlert, burnAlerts } from '../burn-alerts.ts';
import type { Slo, SloSpec } from '../spec/model.ts';
import { alertLabels, BURN_ALERT, labelsOf, SloSeries } from './identity.ts';
import { countedEvents } from './query.ts';
import { indented, series } from './text.ts';

/** The pairs of windows by which an objective alerts with a severity: those that can fire and are not silenced. */
export function burnPairs(slo: Slo, severity: AlertSeverity): readonly BurnAlert[] {
  if (slo.silenced.includes(severity)) return [];
  return burnAlerts(slo.objective, slo.periodMs).alerts.filter((alert) => alert.severity === severity);
}

/** Bad events from which on an objective alerts; 0 where nobody can count them. */
export function minimumBadEvents(spec: SloSpec, slo: Slo): number {
  return countedEvents(slo) === undefined ? 0 : spec.alerts.minimumBadEvents;
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
export function holdingAlerts(spec: SloSpec, slo: Slo, severity: AlertSeverity): readonly string[] {
  return holders(spec, slo).flatMap((availability) =>
    holdingSeverities(severity)
      .filter((holding) => burnPairs(availability, holding).length > 0)
      .map((holding) => firingAlert(spec, availability, BURN_ALERT, holding)),
  );
}

/** The selector of an objective's alert while it fires. */
export function firingAlert(spec: SloSpec, slo: Slo, alertname: string, severity: AlertSeverity): string {
  return series('ALERTS', labelsOf({ alertname, alertstate: 'firing' }, alertLabels(spec, slo, severity)));
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
  const bad =
    slo.indicator.kind === 'policy'
      ? `${own.total(longWindow)} - ${own.good(longWindow)}`
      : own.bad(longWindow);
  // What Prometheus extrapolates is no whole number.
  if (minimum > 0) conditions.push(`round(${bad}) >= ${minimum}`);
  return conditions.join('\nand ignoring (window)\n');
}
