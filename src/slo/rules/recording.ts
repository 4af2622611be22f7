import { shareOf } from '../budget.ts';
import { alertSeverities } from '../burn-alerts.ts';
import type { Indicator, RuleLabels, Slo, SloSpec } from '../spec/model.ts';
import { burnWindows, DAY_MS } from '../windows.ts';
import { burnPairs } from './burn.ts';
import type { RecordingRule } from './groups.ts';
import {
  BUDGET_REMAINING,
  BURN_RATE,
  badName,
  ERROR_BUDGET,
  errorRatioName,
  goodName,
  OBJECTIVE,
  PERIOD_BAD_EVENTS,
  PERIOD_BURN_RATE,
  PERIOD_DAYS,
  periodWindow,
  recordedWindows,
  SloSeries,
  totalName,
} from './identity.ts';
import { countedEvents, singleValue } from './query.ts';
import { durationText, indented, series } from './text.ts';

/** The metric from which a policy's good and bad events are read. */
export const SLI_EVENTS = 'breakwater_sli_events_total';

/** Prometheus forgets a value after this time, in milliseconds; what is recorded more rarely has gaps. */
const LOOKBACK_MS = 300_000;

/** What an objective records each time its rules are evaluated. */
export function recordingRules(spec: SloSpec, slo: Slo): readonly RecordingRule[] {
  const own = new SloSeries(spec, slo);
  const period = periodWindow(slo);
  const budget = shareOf(slo.objective);
  const record = (name: string, expr: string): RecordingRule => ({ record: name, expr, labels: own.labels });
  const periodRatio = overPeriod(spec, slo, own.errorRatio(period.name));
  return [
    record(OBJECTIVE, `vector(${slo.objective})`),
    record(ERROR_BUDGET, `vector(${budget})`),
    record(PERIOD_DAYS, `vector(${slo.periodMs / DAY_MS})`),
    ...recordedWindows.flatMap(({ name }) => eventRules(spec, slo, name)),
    ...recordedWindows.map(
      ({ name }): RecordingRule => ({
        record: BURN_RATE,
        expr: `${own.errorRatio(name)} / ${budget}`,
        labels: { ...own.labels, window: name },
      }),
    ),
    ...(slo.indicator.kind === 'policy' ? [] : badEventRules(spec, slo)),
    ...periodBadEvents(spec, slo),
    record(PERIOD_BURN_RATE, `${periodRatio} / ${budget}`),
    record(BUDGET_REMAINING, `1 - ${own.select(PERIOD_BURN_RATE)}`),
  ];
}

/** What an objective records over its period; nothing when one of the other windows is as long. */
export function periodRules(spec: SloSpec, slo: Slo): readonly RecordingRule[] {
  const { name, burn } = periodWindow(slo);
  return burn ? [] : eventRules(spec, slo, name);
}

/** The bad events in the long windows of a query's alerts, where they can be counted. */
function badEventRules(spec: SloSpec, slo: Slo): readonly RecordingRule[] {
  const own = new SloSeries(spec, slo);
  const pairs = alertSeverities.flatMap((severity) => burnPairs(slo, severity));
  const windows = new Set(pairs.map(({ longWindow }) => longWindow));
  if (countedEvents(slo) === undefined) return [];
  return [...windows].map((window) => ({
    record: badName(window),
    expr: badEvents(slo, burnWindows[window], own.total(window), own.good(window)),
    labels: own.labels,
  }));
}

function periodBadEvents(spec: SloSpec, slo: Slo): readonly RecordingRule[] {
  if (countedEvents(slo) === undefined) return [];
  const own = new SloSeries(spec, slo);
  const { name } = periodWindow(slo);
  const [total, good] = [own.total(name), own.good(name)].map((events) => overPeriod(spec, slo, events));
  return [
    {
      record: PERIOD_BAD_EVENTS,
      expr: badEvents(slo, slo.periodMs, total ?? '', good ?? ''),
      labels: own.labels,
    },
  ];
}

function badEvents(slo: Slo, windowMs: number, total: string, good: string): string {
  const bad = `${total} - ${good}`;
  return countedEvents(slo) === 'rate' ? `(${bad}) * ${windowMs / 1_000}` : bad;
}

/** What was last recorded over the period. */
function overPeriod(spec: SloSpec, slo: Slo, recorded: string): string {
  if (periodWindow(slo).burn) return recorded;
  return `last_over_time(${recorded}[${durationText(bridgedMs(spec))}])`;
}

/** For how long what was last recorded over the period holds: a missed evaluation leaves no gap. */
function bridgedMs({ periodEvaluationMs }: SloSpec): number {
  return LOOKBACK_MS + 2 * Math.max(1, Math.round(periodEvaluationMs));
}

/** All events, good events and the ratio of bad ones, over one window. */
function eventRules(spec: SloSpec, slo: Slo, window: string): readonly RecordingRule[] {
  const own = new SloSeries(spec, slo);
  const rule = (record: string, expr: string): RecordingRule => ({ record, expr, labels: own.labels });
  const { indicator } = slo;
  if (indicator.kind === 'ratio') {
    // Comparing drops the NaN of an idle window. Several series are no ratio of the whole: the worst counts.
    return [rule(errorRatioName(window), `${singleValue(indicator.badRatio, window, 'max')} >= 0`)];
  }
  const { total, good } = eventExpressions(spec.selector, indicator, window, own);
  const [allEvents, goodEvents] = [own.total(window), own.good(window)];
  const ratio = `(${allEvents} - ${goodEvents})\n/\n(${allEvents} > 0)`;
  return [
    rule(totalName(window), total),
    rule(goodName(window), good),
    // Queries of the user's own may contradict each other, or give NaN.
    rule(
      errorRatioName(window),
      indicator.kind === 'policy' ? ratio : `clamp_min(\n${indented(ratio)},\n  0\n) >= 0`,
    ),
  ];
}

/** All events, and the good ones: those that no series counts yet are none, as long as there are any events at all. */
function eventExpressions(
  selector: RuleLabels,
  indicator: Exclude<Indicator, { kind: 'ratio' }>,
  window: string,
  own: SloSeries,
): { readonly total: string; readonly good: string } {
  const none = `or on () 0 * ${own.total(window)}`;
  if (indicator.kind === 'policy') {
    const labels = { ...selector, policy: indicator.policy, sli: indicator.sli };
    const increase = (all: RuleLabels) => `increase(${series(SLI_EVENTS, all)}[${window}])`;
    return {
      // Good and bad apart at first, so that all but the good are exactly none where none is bad.
      total: `sum(sum by (result) (${increase(labels)}))`,
      good: `sum(${increase({ ...labels, result: 'good' })})\n${none}`,
    };
  }
  const total = singleValue(indicator.total, window, 'sum');
  return 'good' in indicator
    ? { total, good: `${singleValue(indicator.good, window, 'sum')}\n${none}` }
    : {
        total,
        good: `${own.total(window)}\n- on ()\n(\n  ${singleValue(indicator.bad, window, 'sum')}\n  ${none}\n)`,
      };
}
