import { AggregatorRegistry, Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { monotonicNow } from '../../../src/core/clock.ts';
import { HubMetrics } from '../../../src/metrics/hub-metrics.ts';
import { type SloObjectives, sloOptions } from '../../../src/slo/live/options.ts';
import { SloRegistry } from '../../../src/slo/live/registry.ts';
import {
  type BurnWindow,
  burnWindowNames,
  burnWindows,
  DEFAULT_PERIOD_MS,
} from '../../../src/slo/windows.ts';
import { parseExposition } from '../../metrics/exposition.ts';
import { live, stale, threw } from '../../metrics/outcomes.ts';

const MINUTE_MS = 60_000;
const policy = 'database';
const objectives: SloObjectives = {
  availability: 0.999,
  latency: { objective: 0.99, thresholdMs: 200 },
  correctness: 0.9,
  periodMs: DEFAULT_PERIOD_MS,
  minimumBadEvents: 5,
  freezeBelow: 0.1,
};

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

function newHub(registry = new Registry()) {
  const slo = new SloRegistry();
  const metrics = new HubMetrics({ registry, version: '1', families: slo.metricFamilies });
  const measure = (name: string, given: SloObjectives) => {
    const tracker = slo.track(name, given);
    return metrics.policy(name, { latencyThresholdMs: tracker.latencyThresholdMs, sliSink: tracker });
  };
  const scrape = async () => parseExposition(await registry.metrics());
  return { slo, metrics, registry, measure, scrape };
}

function calls(recorder: ReturnType<HubMetrics['policy']>, good: number, bad: number): void {
  for (let n = 0; n < good; n += 1) recorder.callEnded('success', live(), 1, monotonicNow());
  for (let n = 0; n < bad; n += 1) recorder.callEnded('failure', threw('transient'), 1, monotonicNow());
}

describe('the gauges', () => {
  test('begin with a full budget, and no burn rate', async () => {
    const { measure, scrape } = newHub();
    measure(policy, objectives);
    const { value, all } = await scrape();
    expect(value('breakwater_slo_objective_ratio', { policy, sli: 'availability' })).toBe(0.999);
    expect(value('breakwater_slo_objective_ratio', { policy, sli: 'latency' })).toBe(0.99);
    expect(value('breakwater_slo_objective_ratio', { policy, sli: 'correctness' })).toBe(0.9);
    for (const sli of ['availability', 'latency', 'correctness']) {
      expect(value('breakwater_error_budget_remaining_ratio', { policy, sli })).toBe(1);
    }
    expect(all('breakwater_slo_burn_rate')).toEqual([]);
  });

  test('show only the SLIs that have an objective', async () => {
    const { measure, metrics, scrape } = newHub();
    metrics.policy('without');
    measure(policy, sloOptions.parse({ correctness: 0.99 }));
    const { all } = await scrape();
    expect(all('breakwater_slo_objective_ratio').map(({ labels }) => labels)).toEqual([
      { policy, sli: 'correctness' },
    ]);
  });

  test('tell the period and the threshold of those that have one, in seconds', async () => {
    const { measure, metrics, scrape } = newHub();
    metrics.policy('without');
    measure('no objective', sloOptions.parse({}));
    measure('available', sloOptions.parse({ availability: 0.9, periodMs: 1_500 }));
    measure(policy, objectives);
    const { all } = await scrape();
    expect(all('breakwater_slo_period_seconds').map(({ labels, value }) => [labels, value])).toEqual([
      [{ policy: 'available' }, 1.5],
      [{ policy }, 2_592_000],
    ]);
    expect(
      all('breakwater_slo_latency_threshold_seconds').map(({ labels, value }) => [labels, value]),
    ).toEqual([[{ policy }, 0.2]]);
  });

  test('follow the calls', async () => {
    const { measure, scrape } = newHub();
    const recorder = measure(policy, objectives);
    calls(recorder, 9_990, 4);
    recorder.callEnded('fallback', stale, 1, monotonicNow());
    recorder.callEnded('fallback', stale, 1, monotonicNow());
    recorder.callEnded('success', live(), 300, monotonicNow());
    for (let n = 0; n < 3; n += 1) recorder.callEnded('success', live('success', false), 1, monotonicNow());
    const { value, all } = await scrape();
    const remaining = (sli: string) => value('breakwater_error_budget_remaining_ratio', { policy, sli });
    // 10,000 calls: 4 failed; 1 more was late; 5 more were stale or wrong.
    expect(remaining('availability')).toBe(0.6);
    expect(remaining('latency')).toBe(0.95);
    expect(remaining('correctness')).toBe(0.991);
    expect(
      all('breakwater_slo_burn_rate', { sli: 'availability' }).map(({ labels }) => labels.window),
    ).toEqual([...burnWindowNames]);
    expect(value('breakwater_slo_burn_rate', { policy, sli: 'availability', window: '5m' })).toBe(0.4);
    expect(value('breakwater_slo_burn_rate', { policy, sli: 'latency', window: '3d' })).toBe(0.05);
  });

  test('a burn rate goes when its window is empty, the budget stays spent', async () => {
    const { measure, scrape } = newHub();
    calls(measure(policy, objectives), 999, 1);
    for (const window of burnWindowNames) {
      const before = await scrape();
      expect(before.value('breakwater_slo_burn_rate', { policy, sli: 'availability', window }), window).toBe(
        1,
      );
      const elapsed = monotonicNow();
      vi.advanceTimersByTime(burnWindows[window] - elapsed + MINUTE_MS);
      const after = await scrape();
      expect(
        after.value('breakwater_slo_burn_rate', { policy, sli: 'availability', window }),
        window,
      ).toBeUndefined();
      expect(after.value('breakwater_error_budget_remaining_ratio', { policy, sli: 'availability' })).toBe(0);
    }
    vi.advanceTimersByTime(DEFAULT_PERIOD_MS);
    const later = await scrape();
    expect(later.value('breakwater_error_budget_remaining_ratio', { policy, sli: 'availability' })).toBe(1);
  });

  test('leave with their policy, and with their hub', async () => {
    const { slo, metrics, registry, measure, scrape } = newHub();
    measure(policy, objectives);
    measure('other', objectives);
    slo.remove(policy);
    metrics.remove(policy);
    expect((await scrape()).samples.filter(({ labels }) => labels.policy === policy)).toEqual([]);
    expect((await scrape()).all('breakwater_slo_objective_ratio', { policy: 'other' })).toHaveLength(3);
    slo.close();
    metrics.close();
    expect(registry.getMetricsAsArray()).toEqual([]);
  });

  test('of two hubs on one registry are averaged, and the objective is the stricter one', async () => {
    const registry = new Registry();
    const [one, two] = [newHub(registry), newHub(registry)];
    calls(one.measure(policy, objectives), 999, 1);
    calls(two.measure(policy, { ...objectives, availability: 0.99 }), 100, 0);
    const { value } = await one.scrape();
    expect(value('breakwater_slo_objective_ratio', { policy, sli: 'availability' })).toBe(0.999);
    expect(value('breakwater_error_budget_remaining_ratio', { policy, sli: 'availability' })).toBe(0.5);
  });

  test('of the workers of a cluster are averaged over those that have data', async () => {
    const workers = [newHub(), newHub(), newHub()];
    const [first, second, idle] = workers.map(({ measure }) => measure(policy, objectives));
    if (first === undefined || second === undefined || idle === undefined) throw new Error('three workers');
    calls(first, 999, 1);
    calls(second, 998, 2);
    const reported = await Promise.all(workers.map(({ registry }) => registry.getMetricsAsJSON()));
    const { value } = parseExposition(await AggregatorRegistry.aggregate(reported).metrics());
    expect(value('breakwater_slo_objective_ratio', { policy, sli: 'availability' })).toBe(0.999);
    expect(value('breakwater_slo_burn_rate', { policy, sli: 'availability', window: '1h' })).toBe(1.5);
  });
});

describe('the report', () => {
  test('says "no data" before the first call, neither met nor missed', () => {
    const { slo, measure } = newHub();
    measure(policy, objectives);
    const [report] = slo.report();
    expect(report).toMatchObject({ policy, periodMs: DEFAULT_PERIOD_MS });
    expect(report?.objectives.map(({ sli, status }) => [sli, status])).toEqual([
      ['availability', 'no-data'],
      ['latency', 'no-data'],
      ['correctness', 'no-data'],
    ]);
    expect(report?.objectives[1]).toEqual({
      sli: 'latency',
      objective: 0.99,
      thresholdMs: 200,
      good: 0,
      bad: 0,
      status: 'no-data',
      burnRates: Object.fromEntries(
        burnWindowNames.map((window): [BurnWindow, undefined] => [window, undefined]),
      ),
      observedMs: 0,
      budgetSpent: undefined,
      budgetRemaining: undefined,
      exhaustedInMs: undefined,
      firing: [],
      heldBack: [],
    });
  });

  test.each([
    [9_999, 1, 'met', 0.1, 0.9],
    [9_990, 10, 'met', 1, 0],
    [9_980, 20, 'missed', 2, -1],
  ])('of %d good and %d bad calls at 99.9 %%: %s', (good, bad, status, budgetSpent, budgetRemaining) => {
    const { slo, measure } = newHub();
    calls(measure(policy, objectives), good, bad);
    const [availability] = slo.report()[0]?.objectives ?? [];
    expect(availability).toMatchObject({ good, bad, status, budgetSpent, budgetRemaining });
    expect(availability?.burnRates['1h']).toBe(budgetSpent);
  });

  test.each([
    // At 99 %: share of bad calls in the last hour, and hours until a budget of 30 days is spent.
    [980, 20, 0],
    [9_995, 5, 684 / 0.05],
    [10_000, 0, undefined],
  ])('says when the budget is spent, after %d good and %d bad calls: %d hours', (good, bad, hours) => {
    const { slo, measure } = newHub();
    calls(measure(policy, sloOptions.parse({ availability: 0.99 })), good, bad);
    const expected = hours === undefined ? undefined : hours * 60 * MINUTE_MS;
    expect(slo.report()[0]?.objectives[0]?.exhaustedInMs).toBe(expected);
  });

  test('says so at the pace of the last hour, and nothing when nothing burned in it', () => {
    const { slo, measure } = newHub();
    const recorder = measure(policy, sloOptions.parse({ availability: 0.9 }));
    calls(recorder, 80, 2);
    vi.advanceTimersByTime(2 * 60 * MINUTE_MS);
    expect(slo.report()[0]?.objectives[0]?.exhaustedInMs).toBeUndefined();
    calls(recorder, 10, 0);
    expect(slo.report()[0]?.objectives[0]?.exhaustedInMs).toBeUndefined();
    calls(recorder, 7, 1);
    // 100 calls may hold 10 bad ones and held 3; in the last hour 1 in 18 was bad.
    expect(slo.report()[0]?.objectives[0]).toMatchObject({
      budgetRemaining: 0.7,
      exhaustedInMs: (0.7 * 1.8 * DEFAULT_PERIOD_MS) / 1,
    });
  });

  test('says how far back the figures reach', () => {
    const { slo, measure } = newHub();
    const recorder = measure(policy, sloOptions.parse({ availability: 0.9, periodMs: 60 * MINUTE_MS }));
    const observed = () => slo.report()[0]?.objectives[0]?.observedMs;
    vi.advanceTimersByTime(5 * MINUTE_MS);
    expect(observed()).toBe(0);
    calls(recorder, 1, 0);
    vi.advanceTimersByTime(7 * MINUTE_MS);
    expect(observed()).toBe(7 * MINUTE_MS);
    calls(recorder, 1, 0);
    vi.advanceTimersByTime(90 * MINUTE_MS);
    expect(observed()).toBe(60 * MINUTE_MS);
  });

  test('looks back over the period only', () => {
    const { slo, measure } = newHub();
    const recorder = measure(policy, sloOptions.parse({ availability: 0.999, periodMs: 60 * MINUTE_MS }));
    calls(recorder, 0, 5);
    vi.advanceTimersByTime(58 * MINUTE_MS);
    calls(recorder, 7, 0);
    expect(slo.report()[0]?.objectives[0]).toMatchObject({ good: 7, bad: 5 });
    vi.advanceTimersByTime(3 * MINUTE_MS);
    expect(slo.report()[0]?.objectives[0]).toMatchObject({ good: 7, bad: 0, status: 'met' });
  });

  test('of the policies named', () => {
    const { slo, measure } = newHub();
    measure('a', objectives);
    measure('b', objectives);
    expect(slo.report().map((report) => report.policy)).toEqual(['a', 'b']);
    expect(slo.report('b', 'unknown').map((report) => report.policy)).toEqual(['b']);
  });

  test('survives a switch from the real clock to a fake one and back', () => {
    vi.useRealTimers();
    const { slo, measure } = newHub();
    const recorder = measure(policy, objectives);
    calls(recorder, 1, 1);
    vi.useFakeTimers({ now: 0 });
    calls(recorder, 1, 1);
    vi.advanceTimersByTime(10 * MINUTE_MS);
    calls(recorder, 1, 1);
    vi.useRealTimers();
    calls(recorder, 1, 1);
    expect(slo.report()[0]?.objectives[0]).toMatchObject({ good: 4, bad: 4 });
  });
});
