import type { AlertSeverity } from '../burn-alerts.ts';
import type { RuleLabels, Slo, SloSpec } from '../spec/model.ts';
import { type BurnWindow, burnWindowNames, burnWindows } from '../windows.ts';
import { durationText, series, wellFormed } from './text.ts';

/** A window over which events are recorded. */
export interface RecordedWindow {
  /** As in `slo:sli_error:ratio_rate5m`. */
  readonly name: string;
  /** A window of burn rates; not the period, unless it is as long as one. */
  readonly burn: boolean;
}

const BURN_WINDOWS: readonly RecordedWindow[] = burnWindowNames.map((name) => ({ name, burn: true }));

/** The window of an objective's period. */
export function periodWindow({ periodMs }: Slo): RecordedWindow {
  const name = durationText(periodMs);
  return { name, burn: burnWindowNames.some((window) => burnWindows[window] === Math.round(periodMs)) };
}

/** The windows of the burn rates, the shortest first. */
export const recordedWindows = BURN_WINDOWS;

/** The labels by which an objective is known. */
export function identityOf({ service }: SloSpec, { name, policy, sli }: Slo): RuleLabels {
  return { service, slo: name, policy, sli };
}

/** What the rules of an objective are called and by which labels their series are told from others'. */
export class SloSeries {
  /** Labels of everything that is recorded of it, and of its alerts. */
  readonly labels: RuleLabels;
  readonly #matched: RuleLabels;

  constructor(spec: SloSpec, slo: Slo) {
    this.labels = labelsOf(identityOf(spec, slo), spec.labels, slo.labels);
    // Policy and SLI follow from the name; labels of the user's own may tell one environment from another.
    const { policy: _policy, sli: _sli, ...matched } = this.labels;
    this.#matched = matched;
  }

  /** The selector of one of its recorded series. */
  select(name: string, labels: RuleLabels = {}): string {
    return series(name, { ...this.#matched, ...labels });
  }

  good(window: string): string {
    return this.select(goodName(window));
  }

  total(window: string): string {
    return this.select(totalName(window));
  }

  bad(window: string): string {
    return this.select(badName(window));
  }

  errorRatio(window: string): string {
    return this.select(errorRatioName(window));
  }

  burnRate(window: BurnWindow): string {
    return this.select(BURN_RATE, { window });
  }
}

export const BURN_RATE = 'slo:burn_rate:ratio';
export const OBJECTIVE = 'slo:objective:ratio';
export const ERROR_BUDGET = 'slo:error_budget:ratio';
export const PERIOD_DAYS = 'slo:time_period:days';
export const PERIOD_BURN_RATE = 'slo:period_burn_rate:ratio';
export const BUDGET_REMAINING = 'slo:period_error_budget_remaining:ratio';
/** Bad events over the period, where they can be counted. */
export const PERIOD_BAD_EVENTS = 'slo:period_bad_events:increase';
export const BURN_ALERT = 'SloErrorBudgetBurn';
export const AT_RISK_ALERT = 'SloErrorBudgetAtRisk';
export const MISSING_DATA_ALERT = 'SloDataMissing';
/** `page` or `ticket`, on each alert: for machines, whatever the spec labels them with for people. */
export const SEVERITY_LABEL = 'slo_severity';

/** Bad events over a window, of a query's that can be counted. */
export function badName(window: string): string {
  return `slo:sli_bad:increase${window}`;
}

export function goodName(window: string): string {
  return `slo:sli_good:increase${window}`;
}

export function totalName(window: string): string {
  return `slo:sli_total:increase${window}`;
}

export function errorRatioName(window: string): string {
  return `slo:sli_error:ratio_rate${window}`;
}

/**
 * The labels of a rule. What identifies it cannot be changed by labels of the user's own; empty values are no labels
 * to Prometheus.
 */
export function labelsOf(identity: RuleLabels, ...own: readonly RuleLabels[]): RuleLabels {
  const labels = new Map(Object.entries(identity));
  for (const [name, value] of own.flatMap((given) => Object.entries(given))) {
    if (!Object.hasOwn(identity, name)) labels.set(name, value);
  }
  return Object.fromEntries(
    [...labels].filter(([, value]) => value !== '').map(([name, value]) => [name, wellFormed(value)]),
  );
}

/** The labels of an objective's alert, as they are when it fires. */
export function alertLabels(spec: SloSpec, slo: Slo, severity: AlertSeverity): RuleLabels {
  return labelsOf(identityOf(spec, slo), spec.labels, slo.labels, severityLabels(spec, severity));
}

/**
 * The labels that say how urgent an alert is: those of the spec, for people and routes, and `slo_severity`, for
 * machines. By that, pages and tickets are never labelled alike: one that ends would end the other.
 */
export function severityLabels({ alerts }: SloSpec, severity: AlertSeverity): RuleLabels {
  const { pageLabels, ticketLabels } = alerts;
  const own = severity === 'page' ? pageLabels : ticketLabels;
  return { ...own, severity: own.severity || severity, [SEVERITY_LABEL]: severity };
}
