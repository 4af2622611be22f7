import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import { join } from 'node:path';
import { AggregatorRegistry, type PrometheusContentType } from 'prom-client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Exposition, parseExposition } from '../metrics/exposition.ts';
import type { Part } from './cluster-worker.ts';

/** The first worker's dependency is down for it alone; the third is as it was before a deployment. */
const parts: readonly Part[] = [
  { good: 15, bad: 5, cacheCalls: 1, isBusy: true, objective: 0.9, thresholdMs: 200 },
  { good: 20, bad: 0, cacheCalls: 2, isBusy: false, objective: 0.9, thresholdMs: 200 },
  { good: 20, bad: 0, cacheCalls: 3, isBusy: false, objective: 0.8, thresholdMs: 500 },
  { good: 20, bad: 0, cacheCalls: 0, isBusy: false, objective: 0.9, thresholdMs: 200 },
];

const workers: Worker[] = [];
let text = '';
let metrics: Exposition;

/** Waits for a worker's next word; one that ends instead is an error. */
async function heard(worker: Worker, word: string): Promise<void> {
  const ended = new AbortController();
  const exit = once(worker, 'exit', { signal: ended.signal }).then(([code, signal]) => {
    throw new Error(`worker ${worker.id} ended (${code ?? signal}) before it said ${word}`);
  });
  const said = new Promise<void>((resolve) => {
    worker.on('message', (message) => {
      if (message === word) resolve();
    });
  });
  await Promise.race([said, exit]).finally(() => {
    exit.catch(() => {});
    ended.abort();
  });
}

beforeAll(async () => {
  const primary = new AggregatorRegistry<PrometheusContentType>();
  cluster.setupPrimary({
    exec: join(import.meta.dirname, 'cluster-worker.ts'),
    execArgv: ['--import', 'tsx'],
    args: [],
  });
  await Promise.all(
    parts.map(async (part) => {
      const worker = cluster.fork();
      workers.push(worker);
      await heard(worker, 'ready');
      const played = heard(worker, 'played');
      worker.send(part);
      await played;
    }),
  );
  text = await primary.clusterMetrics();
  metrics = parseExposition(text);
});

// Each by its own process id, also where one of them did not start. They end by themselves when this process is gone.
afterAll(async () => {
  await Promise.all(
    workers.map(async (worker) => {
      if (worker.isDead()) return;
      const exit = once(worker, 'exit');
      worker.process.kill('SIGKILL');
      await exit;
    }),
  );
});

const value = (name: string, labels: Readonly<Record<string, string>>) =>
  metrics.value(`breakwater_${name}`, labels);

describe('what prom-client adds up of four workers', () => {
  test('counters are sums', () => {
    expect(value('calls_total', { policy: 'database', outcome: 'success' })).toBe(75);
    expect(value('calls_total', { policy: 'database', outcome: 'failure' })).toBe(5);
    expect(value('attempts_total', { policy: 'database', outcome: 'failure' })).toBe(5);
    expect(value('calls_total', { policy: 'cache', outcome: 'success' })).toBe(6);
    expect(value('circuit_transitions_total', { policy: 'database', from: 'closed', to: 'open' })).toBe(1);
  });

  test('histograms are sums, bucket by bucket', () => {
    const policy = 'database';
    const buckets = metrics.all('breakwater_call_duration_seconds_bucket', { policy });
    const counts = buckets.map((bucket) => bucket.value);
    expect(counts).toEqual(counts.toSorted((a, b) => a - b));
    expect(value('call_duration_seconds_bucket', { policy, le: '+Inf' })).toBe(80);
    expect(value('call_duration_seconds_count', { policy })).toBe(80);
    expect(value('call_duration_seconds_sum', { policy })).toBeGreaterThan(0);
  });

  test('a circuit that is open in one worker shows as that', () => {
    const states = metrics.all('breakwater_circuit_state', { policy: 'database' });
    expect(Object.fromEntries(states.map(({ labels, value }) => [labels.state, value]))).toEqual({
      closed: 3,
      open: 1,
      'half-open': 0,
      'forced-open': 0,
      disabled: 0,
    });
  });

  test('SLI events are sums', () => {
    const events = { policy: 'database', sli: 'availability' };
    expect(value('sli_events_total', { ...events, result: 'good' })).toBe(75);
    expect(value('sli_events_total', { ...events, result: 'bad' })).toBe(5);
  });

  test('with as many calls in each worker, burn and budget are those of all calls together', () => {
    const objective = { policy: 'database', sli: 'availability' };
    const burn = 5 / 80 / (1 - 0.9);
    expect(value('slo_burn_rate', { ...objective, window: '5m' })).toBeCloseTo(burn, 9);
    expect(value('slo_burn_rate', { ...objective, window: '3d' })).toBeCloseTo(burn, 9);
    expect(value('error_budget_remaining_ratio', objective)).toBeCloseTo(1 - burn, 9);
  });

  test('a worker without calls has no say in what is left', () => {
    const uneven = { policy: 'uneven', sli: 'availability' };
    expect(value('error_budget_remaining_ratio', uneven)).toBe(-9);
    expect(value('slo_burn_rate', { ...uneven, window: '1h' })).toBe(10);
  });

  test('nor in the burn rate', () => {
    const idle = { policy: 'cache', sli: 'availability' };
    expect(value('slo_burn_rate', { ...idle, window: '5m' })).toBe(0);
    expect(value('error_budget_remaining_ratio', idle)).toBe(1);
  });

  test('where workers differ, the strictest objective and threshold are shown', () => {
    expect(value('slo_objective_ratio', { policy: 'cache', sli: 'availability' })).toBe(0.9);
    expect(value('slo_latency_threshold_seconds', { policy: 'cache' })).toBe(0.2);
    expect(value('slo_period_seconds', { policy: 'database' })).toBe(2_592_000);
  });

  test('there is one version, and everything is a number', () => {
    const builds = metrics.all('breakwater_build_info');
    expect(builds.map((build) => build.value)).toEqual([1]);
    expect(text).not.toContain('NaN');
    expect(text).not.toContain('null');
    expect(metrics.samples.every((sample) => Number.isFinite(sample.value))).toBe(true);
  });

  test('calls in flight and incidents are sums', () => {
    expect(value('calls_in_flight', { policy: 'database' })).toBe(0);
    const open = metrics.all('breakwater_incidents', { status: 'declared' });
    expect(open.reduce((sum, sample) => sum + sample.value, 0)).toBe(1);
  });
});
