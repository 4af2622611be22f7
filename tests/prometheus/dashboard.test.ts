import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Choices,
  type DashboardQuery,
  queriesOf,
  queryOf,
  variablesOf,
} from '../../examples/slo/dashboard-queries.ts';
import { grafanaDashboard } from '../../src/slo/dashboard/dashboard.ts';
import { prometheusRules } from '../../src/slo/rules/rules.ts';
import { slosOf, specOf } from '../slo/dashboard/specs.ts';
import { objectives, type Shop, startShop } from './shop.ts';
import {
  type Prometheus,
  prometheusInstalled,
  type RangeSeries,
  skipWithoutPrometheus,
  startPrometheus,
} from './support.ts';

const spec = specOf(slosOf(objectives), { periodEvaluationMs: 500 });
const dashboards = { 'without rules': grafanaDashboard(), 'with rules': grafanaDashboard(spec) };
const choices: Choices = { service: 'shop', rateInterval: '4s' };
let shop: Shop | undefined;
let prometheus: Prometheus | undefined;
/** Unix times in seconds between which there is data. */
let [beganAt, endedAt] = [0, 0];

/** One service and one Prometheus for all tests of this file. */
beforeAll(async () => {
  if (!prometheusInstalled) return;
  shop = await startShop();
  prometheus = await startPrometheus({
    scrape: [{ job: 'shop', url: shop.metricsUrl }],
    rules: { 'slo.rules.yaml': prometheusRules(spec).text },
  });
  // What happened before a counter's first scrape is no increase.
  await prometheus.newSamples('breakwater_calls_total');
  beganAt = Date.now() / 1_000;
  await shop.beWell();
  await prometheus.newSamples('breakwater_calls_total');
  await shop.beIll();
  await prometheus.newSamples(
    'breakwater_calls_total',
    'slo:sli_error:ratio_rate30d',
    'slo:period_error_budget_remaining:ratio',
  );
  endedAt = Date.now() / 1_000;
});
afterAll(async () => {
  await prometheus?.stop();
  await shop?.close();
});

function server(): Prometheus {
  if (prometheus === undefined) throw new Error('Prometheus was not started.');
  return prometheus;
}

/** What a query gives as Grafana would ask it. */
async function answer({ expr, instant }: DashboardQuery): Promise<readonly RangeSeries[]> {
  if (!instant) return server().queryRange(expr, { start: beganAt, end: endedAt, step: 0.2 });
  const samples = await server().query(expr, endedAt);
  return samples.map(({ labels, value, time }) => ({ labels, points: [[time, value]] }));
}

describe.each(Object.entries(dashboards))('a dashboard %s', (_, dashboard) => {
  skipWithoutPrometheus();

  it.each(queriesOf(dashboard, choices).map((query) => [query.where, query] as const))(
    'has data for %s',
    async (_, query) => {
      const series = await answer(query);
      const values = series.flatMap(({ points }) => points.map(([, value]) => value));
      expect(values.length, query.expr).toBeGreaterThan(0);
      expect(values.filter(Number.isNaN)).toEqual([]);
      expect(values.filter((value) => value !== 0).length, 'nothing but zeros').toBeGreaterThan(0);
      // A legend names labels that the series have.
      for (const [, label = ''] of query.legend.matchAll(/\{\{(\w+)\}\}/g)) {
        for (const { labels } of series) expect(labels[label], `label ${label}`).toBeDefined();
      }
    },
  );

  it('says what happened', async () => {
    const table = 'Objectives and what is left of their budgets';
    const samplesOf = async (query: string, labels: Readonly<Record<string, string>>) => {
      const samples = await server().query(query, endedAt);
      return samples.filter((sample) =>
        Object.entries(labels).every(([name, is]) => sample.labels[name] === is),
      );
    };
    const figure = async (refId: string, policy: string, sli: string): Promise<number | undefined> => {
      const [sample] = await samplesOf(queryOf(dashboard, table, choices, refId), { policy, sli });
      return sample?.value;
    };
    // 20 good calls, then 3 that were answered with stale values and 3 that failed.
    expect(await figure('A', 'database', 'availability')).toBe(0.99);
    expect(await figure('B', 'database', 'availability')).toBeCloseTo(23 / 26, 6);
    expect(await figure('B', 'database', 'correctness')).toBeCloseTo(20 / 26, 6);
    expect(await figure('C', 'database', 'availability')).toBeCloseTo(1 - 3 / 26 / 0.01, 6);
    expect(await figure('E', 'database', 'availability')).toBe(0);
    // 20 good ones, 3 wrong requests, 2 failures, and half of them may be bad.
    expect(await figure('B', 'search', 'availability')).toBeCloseTo(23 / 25, 6);
    expect(await figure('C', 'search', 'availability')).toBeCloseTo(1 - 2 / 25 / 0.5, 6);
    expect(await figure('E', 'search', 'availability')).toBe(2);
    const states = queryOf(dashboard, 'Circuit states', choices);
    expect(await samplesOf(states, { policy: 'quotes' })).toMatchObject([{ value: 3 }]);
    expect(await samplesOf(states, { policy: 'database' })).toMatchObject([{ value: 0 }]);
    expect(await samplesOf(queryOf(dashboard, 'Open incidents', choices), {})).toMatchObject([{ value: 1 }]);
  });

  it('offers the service and its policies', async () => {
    const offered = variablesOf(dashboard, choices).map(async ({ name, series, label }) => {
      return [name, await server().labelValues(label, series)];
    });
    expect(Object.fromEntries(await Promise.all(offered))).toEqual({
      service: ['shop'],
      policy: ['database', 'quotes', 'search'],
    });
  });
});
