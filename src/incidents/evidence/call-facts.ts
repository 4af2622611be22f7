import type { PeriodCounts } from '../../core/counts.ts';
import type { ChangeOf } from '../incident/changes/change.ts';
import type { IncidentJson } from '../incident/document.ts';
import type { CallFactsJson } from '../incident/document-facts.ts';

/**
 * Counts of calls as an incident tells them, from what `/metrics` counts: `failed` is `calls_total` with the outcomes
 * failure and defect, `timedOut` timeout, `rejected` rejected; `retried` is `retries_total`, `servedStale` and
 * `servedFallback` are `fallbacks_total` of either source.
 */
export function callFacts({ calls, retries, fallbacks }: PeriodCounts['stats']): CallFactsJson {
  return {
    calls: Object.values(calls).reduce((sum, count) => sum + count, 0),
    failed: (calls.failure ?? 0) + (calls.defect ?? 0),
    timedOut: calls.timeout ?? 0,
    rejected: calls.rejected ?? 0,
    retried: retries,
    servedStale: fallbacks.stale ?? 0,
    servedFallback: fallbacks.fallback ?? 0,
  };
}

/** The facts of two stretches of time together. */
export function together(a: CallFactsJson, b: CallFactsJson): CallFactsJson {
  return {
    calls: a.calls + b.calls,
    failed: a.failed + b.failed,
    timedOut: a.timedOut + b.timedOut,
    rejected: a.rejected + b.rejected,
    retried: a.retried + b.retried,
    servedStale: a.servedStale + b.servedStale,
    servedFallback: a.servedFallback + b.servedFallback,
  };
}

type Latency = ChangeOf<'measured'>['latency'];

/**
 * Estimates from the histograms, as Prometheus' `histogram_quantile` makes them.
 *
 * @param earlier what was known before the process that counts began
 */
export function latencyFacts(
  before: PeriodCounts,
  during: PeriodCounts,
  earlier: IncidentJson['impact']['latency'] | undefined,
): Latency {
  const past =
    earlier === undefined ? before.stats.latency : { p50Ms: earlier.p50BeforeMs, p99Ms: earlier.p99BeforeMs };
  const { p50Ms, p99Ms } = during.stats.latency;
  return defined({
    p50BeforeMs: past.p50Ms,
    p99BeforeMs: past.p99Ms,
    p50DuringMs: p50Ms ?? earlier?.p50DuringMs,
    p99DuringMs: p99Ms ?? earlier?.p99DuringMs,
  });
}

function defined(latency: Record<keyof Latency, number | null | undefined>): Latency {
  const known: Latency = {};
  if (typeof latency.p50BeforeMs === 'number') known.p50BeforeMs = latency.p50BeforeMs;
  if (typeof latency.p99BeforeMs === 'number') known.p99BeforeMs = latency.p99BeforeMs;
  if (typeof latency.p50DuringMs === 'number') known.p50DuringMs = latency.p50DuringMs;
  if (typeof latency.p99DuringMs === 'number') known.p99DuringMs = latency.p99DuringMs;
  return known;
}
