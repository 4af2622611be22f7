import type { Load } from './load.ts';
import { parseMetrics, type Sample, sumOf } from './metrics-text.ts';
import { padEnd, padStart, type Terminal } from './terminal.ts';

/** What callers of a handler saw. Times in milliseconds, availability as a ratio. */
export interface CallerFigures {
  readonly calls: number;
  readonly failed: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly availability: number;
}

/** What a policy counted, with the times that its callers saw. */
export interface PolicyFigures extends CallerFigures {
  readonly live: number;
  readonly stale: number;
  readonly retries: number;
  /** Calls that failed and found nothing in the cache. */
  readonly cacheMisses: number;
  readonly objective: number;
  /** Share of the error budget of the availability objective that is spent; past 1 when it is overspent. */
  readonly budgetSpent: number;
}

/** One dependency: its policy, and the same load without one. */
export interface Comparison {
  readonly dependency: string;
  readonly protected: PolicyFigures;
  readonly unprotected: CallerFigures;
}

/** Makes the figures from a scrape of `/metrics` and from what the callers measured. */
export function compare(metrics: string, load: Load, dependency: string): Comparison {
  return {
    dependency,
    protected: policyFigures(parseMetrics(metrics), load, dependency),
    unprotected: callerFigures(load, dependency, 'unprotected'),
  };
}

function policyFigures(samples: readonly Sample[], load: Load, policy: string): PolicyFigures {
  const calls = (outcome?: string): number =>
    sumOf(samples, 'breakwater_calls_total', outcome === undefined ? { policy } : { policy, outcome });
  const events = (result: string): number =>
    sumOf(samples, 'breakwater_sli_events_total', { policy, sli: 'availability', result });
  const availability = { policy, sli: 'availability' };
  const { p50Ms, p99Ms } = callerFigures(load, policy, 'protected');
  return {
    calls: calls(),
    live: calls('success'),
    stale: sumOf(samples, 'breakwater_fallbacks_total', { policy, source: 'stale' }),
    failed: calls('failure') + calls('timeout') + calls('rejected') + calls('defect'),
    retries: sumOf(samples, 'breakwater_retries_total', { policy }),
    cacheMisses: sumOf(samples, 'breakwater_cache_requests_total', { policy, result: 'miss' }),
    p50Ms,
    p99Ms,
    availability: events('good') / (events('good') + events('bad')),
    objective: sumOf(samples, 'breakwater_slo_objective_ratio', availability),
    budgetSpent: 1 - sumOf(samples, 'breakwater_error_budget_remaining_ratio', availability),
  };
}

function callerFigures(load: Load, dependency: string, variant: 'protected' | 'unprotected'): CallerFigures {
  const { sent, answered, failed, latenciesMs } = load.tally(dependency, variant);
  const sorted = latenciesMs.toSorted((a, b) => a - b);
  return {
    calls: sent,
    failed,
    p50Ms: percentile(sorted, 0.5),
    p99Ms: percentile(sorted, 0.99),
    availability: answered / sent,
  };
}

/** The smallest value that at least this share of all do not pass: the nearest-rank method. */
function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
}

const columns = [
  ['calls', 7],
  ['live', 7],
  ['stale', 7],
  ['failed', 8],
  ['retries', 9],
  ['p50', 9],
  ['p99', 9],
  ['availability', 14],
  ['budget spent', 14],
] as const;

/** Writes the table. */
export function writeTable(terminal: Terminal, comparisons: readonly Comparison[]): void {
  const row = (name: string, cells: readonly string[]): string =>
    `  ${padEnd(name, 12)}${cells.map((cell, at) => padStart(cell, columns[at]?.[1] ?? 0)).join('')}`;
  const heading = row(
    '',
    columns.map(([title]) => title),
  );
  terminal.line(terminal.paint('dim', heading));
  for (const { dependency, protected: own, unprotected: twin } of comparisons) {
    terminal.line(
      row(terminal.paint('bold', dependency), [
        count(own.calls),
        count(own.live),
        count(own.stale),
        count(own.failed),
        count(own.retries),
        time(own.p50Ms),
        time(own.p99Ms),
        terminal.paint('green', percent(own.availability)),
        percent(own.budgetSpent),
      ]),
    );
    terminal.line(
      row('unprotected', [
        count(twin.calls),
        count(twin.calls - twin.failed),
        NONE,
        count(twin.failed),
        NONE,
        time(twin.p50Ms),
        time(twin.p99Ms),
        terminal.paint('red', percent(twin.availability)),
        NONE,
      ]),
    );
  }
}

const NONE = '–';

export function count(n: number): string {
  return String(n).replace(/\B(?=(\d{3})+$)/g, ' ');
}

export function time(ms: number): string {
  return ms < 1_000 ? `${ms.toFixed(ms < 10 ? 1 : 0)} ms` : `${(ms / 1_000).toFixed(2)} s`;
}

export function percent(ratio: number): string {
  return `${(ratio * 100).toFixed(1)} %`;
}
