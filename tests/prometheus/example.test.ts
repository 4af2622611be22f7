import { readFileSync } from 'node:fs';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Application, startApplication } from '../../examples/app/application.ts';
import { Cleanup } from '../../examples/support/cleanup.ts';
import { startDatabase } from '../../examples/support/database.ts';
import { PriceService } from '../../examples/upstream/price-service.ts';
import { prometheusRules } from '../../src/slo/rules/rules.ts';
import type { SloSpec } from '../../src/slo/spec/model.ts';
import { readSpec } from '../../src/slo/spec/read.ts';
import { burnWindowNames } from '../../src/slo/windows.ts';
import {
  type Prometheus,
  prometheusInstalled,
  promtool,
  skipWithoutPrometheus,
  startPrometheus,
} from './support.ts';

/** The example's own spec, but that the period is looked at after each scrape. */
const specText = readFileSync(new URL('../../examples/slo/slo.yaml', import.meta.url), 'utf8');
const spec: SloSpec = { ...readSpec(specText), periodEvaluationMs: 500 };

/** What is scraped, and what the rules make of it, one after the other. */
const EVALUATED = [
  'breakwater_sli_events_total',
  'slo:sli_error:ratio_rate30d',
  'slo:period_error_budget_remaining:ratio',
] as const;

/** Floating point rounds otherwise here than there. */
const TOLERANCE = 1e-9;

describe('the running example, scraped by a real Prometheus', () => {
  skipWithoutPrometheus();
  const cleanup = new Cleanup();
  let application: Application;
  let prometheus: Prometheus;

  afterAll(async () => {
    expect(await cleanup.run()).toEqual([]);
  });
  beforeAll(async () => {
    if (!prometheusInstalled) return;
    const upstream = new PriceService();
    cleanup.add('the upstream', () => upstream.stop());
    const [{ postgres }, upstreamUrl] = await Promise.all([startDatabase(cleanup), upstream.start()]);
    application = await startApplication({
      databaseUrl: postgres.connectionString,
      upstreamUrl,
      logger: pino({ level: 'silent' }),
    });
    cleanup.add('the application', () => application.stop());
    prometheus = await startPrometheus({
      scrape: [{ job: 'shop', url: `${application.expressUrl}/metrics` }],
      rules: { 'slo.rules.yaml': prometheusRules(spec).text },
    });
    cleanup.add('Prometheus', () => prometheus.stop());

    // What happens before the first scrape is no increase.
    await prometheus.newSamples('breakwater_sli_events_total');
    for (let id = 1; id <= 30; id += 1) await Promise.all([get(`/users/${id}`), get(`/quotes/${id}`)]);
    upstream.overloaded = true;
    await postgres.stopImmediate();
    for (let id = 21; id <= 36; id += 1) await Promise.all([get(`/users/${id}`), get(`/quotes/${id}`)]);
    await prometheus.newSamples(...EVALUATED);
  });

  async function get(path: string): Promise<void> {
    const response = await fetch(`${application.expressUrl}${path}`, { signal: AbortSignal.timeout(10_000) });
    await response.arrayBuffer();
  }

  async function figure(query: string): Promise<number> {
    const [sample, ...others] = await prometheus.query(query);
    if (sample === undefined || others.length > 0) throw new Error(`${query} is not one series`);
    return sample.value;
  }

  it.each(['database', 'quotes'])('agrees with slo.report() on %s', async (policy) => {
    const [report] = application.breakwater.slo.report(policy);
    expect(report?.objectives.map(({ sli }) => sli)).toEqual(['availability', 'latency', 'correctness']);
    const expectEqual = (actual: number, expected: number | undefined, what: string): void => {
      if (expected === undefined) throw new Error(`${what} is unknown to the process`);
      expect(Math.abs(actual - expected) / Math.abs(expected), what).toBeLessThan(TOLERANCE);
    };
    for (const { sli, good, bad, burnRates, budgetRemaining } of report?.objectives ?? []) {
      const labels = `service="shop", policy="${policy}", sli="${sli}"`;
      expect(good, sli).toBeGreaterThan(20);
      expect(bad, sli).toBeGreaterThan(5);
      for (const window of burnWindowNames) {
        const ratio = await figure(`slo:sli_error:ratio_rate${window}{${labels}}`);
        expectEqual(ratio, bad / (good + bad), `errors of ${sli} over ${window}`);
        const burnRate = await figure(`slo:burn_rate:ratio{${labels}, window="${window}"}`);
        expectEqual(burnRate, burnRates[window], `burn rate of ${sli} over ${window}`);
      }
      const remaining = await figure(`slo:period_error_budget_remaining:ratio{${labels}}`);
      expectEqual(remaining, budgetRemaining, `budget of ${sli}`);
      const own = await figure(`breakwater_error_budget_remaining_ratio{policy="${policy}", sli="${sli}"}`);
      expect(own).toBe(budgetRemaining);
    }
  });

  it('fires the alerts that the process announces', async () => {
    const firing = await prometheus.query('ALERTS{alertname="SloErrorBudgetBurn", alertstate="firing"}');
    const ofRules = firing.map(({ labels: { policy, sli, severity } }) => `${policy} ${sli} ${severity}`);
    const ofProcess = application.breakwater.slo
      .report()
      .flatMap(({ policy, objectives: reports }) =>
        reports.flatMap(({ sli, firing: alerts }) =>
          alerts.map(({ severity }) => `${policy} ${sli} ${severity}`),
        ),
      );
    expect(ofRules.sort()).toEqual([...new Set(ofProcess)].sort());
    expect(ofRules).toContain('database availability page');
  });

  it('evaluates every rule without an error', async () => {
    const groups = await prometheus.rules();
    expect(groups.length).toBeGreaterThan(2);
    const failing = groups.flatMap(({ rules }) => rules.filter(({ health }) => health !== 'ok'));
    expect(failing).toEqual([]);
  });

  it('has metrics that pass the lint of promtool', async () => {
    for (const url of [application.expressUrl, application.fastifyUrl]) {
      const metrics = await fetch(`${url}/metrics`);
      const result = await promtool(['check', 'metrics'], { input: await metrics.text() });
      expect(result).toEqual({ status: 0, stdout: '', stderr: '' });
    }
  });
});
