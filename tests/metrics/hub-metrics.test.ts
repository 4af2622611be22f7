import { AggregatorRegistry, Counter, Gauge, type OpenMetricsContentType, Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { circuitStates } from '../../src/core/circuit.ts';
import { InvalidOptionsError } from '../../src/core/errors.ts';
import { components } from '../../src/core/observer.ts';
import { incidentStatuses } from '../../src/incidents/incident/status.ts';
import { DEFAULT_DURATION_BUCKETS } from '../../src/metrics/buckets.ts';
import { HubMetrics, type HubMetricsOptions } from '../../src/metrics/hub-metrics.ts';
import { parseExposition } from './exposition.ts';
import { live, stale, threw } from './outcomes.ts';

let registry: Registry;
const open: HubMetrics[] = [];

beforeEach(() => {
  registry = new Registry();
});

afterEach(() => {
  for (const hub of open.splice(0)) hub.close();
});

function newHub(options: Partial<HubMetricsOptions> = {}): HubMetrics {
  const hub = new HubMetrics({ registry, version: '1.2.3', ...options });
  open.push(hub);
  return hub;
}

async function scrape(from: Pick<Registry, 'metrics'> = registry) {
  return parseExposition(await from.metrics());
}

const counterSeries: readonly [string, Record<string, readonly string[]>][] = [
  [
    'breakwater_calls_total',
    { outcome: ['success', 'fallback', 'failure', 'timeout', 'rejected', 'refused', 'defect', 'ignored'] },
  ],
  [
    'breakwater_attempts_total',
    { outcome: ['success', 'failure', 'timeout', 'refused', 'defect', 'ignored'] },
  ],
  ['breakwater_late_outcomes_total', {}],
  ['breakwater_retries_total', { reason: ['error', 'timeout', 'result', 'retry_after'] }],
  [
    'breakwater_rejections_total',
    {
      reason: ['circuit_open', 'bulkhead_full', 'rate_limited', 'limit_reached', 'throttled', 'budget_spent'],
    },
  ],
  ['breakwater_fallbacks_total', { source: ['stale', 'fallback'] }],
  ['breakwater_cache_requests_total', { result: ['hit', 'miss', 'stale', 'error'] }],
  [
    'breakwater_sli_events_total',
    { sli: ['availability', 'latency', 'correctness'], result: ['good', 'bad'] },
  ],
];

function combinations(labels: Record<string, readonly string[]>): Record<string, string>[] {
  return Object.entries(labels).reduce<Record<string, string>[]>(
    (rows, [name, values]) => rows.flatMap((row) => values.map((value) => ({ ...row, [name]: value }))),
    [{}],
  );
}

describe('a new policy', () => {
  test.each(counterSeries)('has every series of %s at zero', async (name, labels) => {
    newHub().policy('database');
    const { all, value, types } = await scrape();
    expect(types.get(name)).toBe('counter');
    const expected = combinations(labels);
    for (const row of expected)
      expect(value(name, { policy: 'database', ...row }), JSON.stringify(row)).toBe(0);
    expect(all(name)).toHaveLength(expected.length);
  });

  test('has every transition between two states at zero', async () => {
    newHub().policy('database');
    const { all } = await scrape();
    const transitions = all('breakwater_circuit_transitions_total', { policy: 'database' });
    expect(transitions).toHaveLength(circuitStates.length * (circuitStates.length - 1));
    expect(transitions.every(({ value }) => value === 0)).toBe(true);
  });

  test('has empty histograms with all buckets', async () => {
    newHub().policy('database');
    const { types, all, value } = await scrape();
    for (const name of ['breakwater_call_duration_seconds', 'breakwater_attempt_duration_seconds']) {
      expect(types.get(name)).toBe('histogram');
      expect(all(`${name}_bucket`).map(({ labels }) => labels.le)).toEqual([
        ...DEFAULT_DURATION_BUCKETS.map(String),
        '+Inf',
      ]);
      expect(value(`${name}_count`, { policy: 'database' })).toBe(0);
      expect(value(`${name}_sum`, { policy: 'database' })).toBe(0);
    }
  });

  test('has no circuit state until its circuits are known', async () => {
    newHub().policy('database');
    expect((await scrape()).all('breakwater_circuit_state')).toEqual([]);
  });

  test('hub-wide families are there without any policy', async () => {
    newHub();
    const { value, all } = await scrape();
    expect(value('breakwater_build_info', { version: '1.2.3' })).toBe(1);
    expect(all('breakwater_internal_errors_total').map(({ labels }) => labels.component)).toEqual([
      ...components,
    ]);
  });
});

describe('a scrape', () => {
  test('shows what happened', async () => {
    const recorder = newHub().policy('database', { latencyThresholdMs: 100 });
    recorder.callStarted();
    recorder.callStarted();
    recorder.attemptStarted();
    recorder.attemptSettled('failure', 30);
    recorder.attemptEnded(false);
    recorder.retried('retry_after');
    recorder.attemptStarted();
    recorder.rejected('budget_spent');
    recorder.fellBack('stale');
    recorder.cacheAnswered('stale');
    recorder.circuitMoved('half-open', 'open');
    recorder.failedInside('sink');
    recorder.callEnded('fallback', stale, 250, 1);

    const { value } = await scrape();
    const policy = 'database';
    expect(value('breakwater_calls_total', { policy, outcome: 'fallback' })).toBe(1);
    expect(value('breakwater_calls_in_flight', { policy })).toBe(1);
    expect(value('breakwater_attempts_in_flight', { policy })).toBe(1);
    expect(value('breakwater_attempts_total', { policy, outcome: 'failure' })).toBe(1);
    expect(value('breakwater_retries_total', { policy, reason: 'retry_after' })).toBe(1);
    expect(value('breakwater_rejections_total', { policy, reason: 'budget_spent' })).toBe(1);
    expect(value('breakwater_fallbacks_total', { policy, source: 'stale' })).toBe(1);
    expect(value('breakwater_cache_requests_total', { policy, result: 'stale' })).toBe(1);
    expect(value('breakwater_circuit_transitions_total', { policy, from: 'half-open', to: 'open' })).toBe(1);
    expect(value('breakwater_internal_errors_total', { component: 'sink' })).toBe(1);
    expect(value('breakwater_sli_events_total', { policy, sli: 'availability', result: 'good' })).toBe(1);
    expect(value('breakwater_sli_events_total', { policy, sli: 'latency', result: 'bad' })).toBe(1);
    expect(value('breakwater_sli_events_total', { policy, sli: 'correctness', result: 'bad' })).toBe(1);
    expect(value('breakwater_call_duration_seconds_bucket', { policy, le: '0.1' })).toBe(0);
    expect(value('breakwater_call_duration_seconds_bucket', { policy, le: '0.25' })).toBe(1);
    expect(value('breakwater_call_duration_seconds_bucket', { policy, le: '+Inf' })).toBe(1);
    expect(value('breakwater_call_duration_seconds_sum', { policy })).toBe(0.25);
    expect(value('breakwater_call_duration_seconds_count', { policy })).toBe(1);
    expect(value('breakwater_attempt_duration_seconds_bucket', { policy, le: '0.05' })).toBe(1);
  });

  test('buckets are cumulative and agree with the count', async () => {
    const recorder = newHub({ durationBuckets: [0.01, 0.1] }).policy('p');
    for (const durationMs of [1, 10, 50, 100, 5_000]) recorder.callEnded('success', live(), durationMs, 1);
    const { all, value } = await scrape();
    expect(all('breakwater_call_duration_seconds_bucket').map((sample) => sample.value)).toEqual([2, 4, 5]);
    expect(value('breakwater_call_duration_seconds_count', { policy: 'p' })).toBe(5);
  });

  test('the value of a circuit state is the number of circuits in it', async () => {
    const hub = newHub();
    hub.policy('one');
    hub.policy('many');
    hub.watchCircuits('one', () => ['half-open']);
    hub.watchCircuits('many', () => ['open', 'closed', 'open']);
    hub.watchCircuits('unknown', () => ['open']);
    hub.policy('none');
    hub.watchCircuits('none', () => []);
    const { all } = await scrape();
    const states = (policy: string) =>
      Object.fromEntries(
        all('breakwater_circuit_state', { policy }).map(({ labels, value }) => [labels.state, value]),
      );
    expect(states('one')).toEqual({ closed: 0, open: 0, 'half-open': 1, 'forced-open': 0, disabled: 0 });
    expect(states('many')).toEqual({ closed: 1, open: 2, 'half-open': 0, 'forced-open': 0, disabled: 0 });
    expect(states('unknown')).toEqual({});
    expect(states('none')).toEqual({});
  });

  test('circuits that cannot be read are reported, and the rest is shown', async () => {
    const hub = newHub();
    hub.policy('before');
    hub.watchCircuits('before', () => ['open']);
    hub.policy('p').callEnded('success', live(), 1, 1);
    hub.watchCircuits('p', () => {
      throw new Error('no state');
    });
    await scrape();
    const { all, value } = await scrape();
    expect(all('breakwater_circuit_state', { policy: 'p' })).toEqual([]);
    expect(value('breakwater_circuit_state', { policy: 'before', state: 'open' })).toBe(1);
    expect(value('breakwater_calls_total', { policy: 'p', outcome: 'success' })).toBe(1);
    expect(value('breakwater_internal_errors_total', { component: 'metrics' })).toBeGreaterThan(0);
  });

  test.each(['quote " and \\ backslash', 'ship ⛵ 🌊', '__proto__', 'le', '{}', '\\n', ' '])(
    'the policy name %j survives',
    async (name) => {
      const hub = newHub();
      hub.policy(name).callEnded('success', live(), 1, 1);
      hub.watchCircuits(name, () => ['closed']);
      const { value } = await scrape();
      expect(value('breakwater_calls_total', { policy: name, outcome: 'success' })).toBe(1);
      expect(value('breakwater_call_duration_seconds_bucket', { policy: name, le: '+Inf' })).toBe(1);
      expect(value('breakwater_circuit_state', { policy: name, state: 'closed' })).toBe(1);
    },
  );

  test("the registry's default labels are added, and do not replace ours", async () => {
    registry.setDefaultLabels({ service: 'shop', policy: 'theirs' });
    newHub().policy('p');
    const { value } = await scrape();
    expect(value('breakwater_calls_total', { policy: 'p', outcome: 'success', service: 'shop' })).toBe(0);
    const json = await registry.getMetricsAsJSON();
    const calls = json.find(({ name }) => name === 'breakwater_calls_total');
    expect(calls?.values[0]?.labels).toEqual({ policy: 'p', outcome: 'success', service: 'shop' });
    registry.setDefaultLabels({});
    expect((await scrape()).value('breakwater_calls_total', { policy: 'p', outcome: 'success' })).toBe(0);
  });

  test('a removed policy is gone, and one made anew begins at zero', async () => {
    const hub = newHub();
    const old = hub.policy('p');
    old.callEnded('success', live(), 1, 1);
    hub.remove('p');
    expect((await scrape()).samples.filter(({ labels }) => labels.policy !== undefined)).toEqual([]);
    hub.policy('p');
    old.callEnded('success', live(), 1, 1);
    expect((await scrape()).value('breakwater_calls_total', { policy: 'p', outcome: 'success' })).toBe(0);
  });

  test('resetMetrics resets nothing of ours, and breaks nothing', async () => {
    const hub = newHub();
    const recorder = hub.policy('p');
    recorder.callStarted();
    recorder.callEnded('success', live(), 1, 1);
    recorder.callStarted();
    const before = await registry.metrics();
    registry.resetMetrics();
    expect(await registry.metrics()).toBe(before);
    recorder.callEnded('success', live(), 1, 1);
    const { value } = await scrape();
    expect(value('breakwater_calls_total', { policy: 'p', outcome: 'success' })).toBe(2);
    expect(value('breakwater_calls_in_flight', { policy: 'p' })).toBe(0);
  });
});

describe('OpenMetrics', () => {
  test('has names without _total in TYPE and with it in samples, at every scrape', async () => {
    const openMetrics = new Registry<OpenMetricsContentType>();
    openMetrics.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
    const hub = new HubMetrics({ registry: openMetrics, version: '1' });
    open.push(hub);
    hub.policy('p').callEnded('success', live(), 1, 1);
    for (let n = 0; n < 3; n += 1) {
      const text = await openMetrics.metrics();
      expect(text.endsWith('# EOF\n')).toBe(true);
      expect(text).not.toContain('_total_total');
      const { types, value } = parseExposition(text);
      expect(types.get('breakwater_calls')).toBe('counter');
      expect(value('breakwater_calls_total', { policy: 'p', outcome: 'success' })).toBe(1);
      expect(value('breakwater_build_info', { version: '1' })).toBe(1);
      expect(await openMetrics.getSingleMetricAsString('breakwater_calls_total')).toContain(
        'breakwater_calls_total{policy="p",outcome="success"} 1',
      );
      // The aggregator of a cluster renders for Prometheus, whatever its workers do.
      const names = (await openMetrics.getMetricsAsJSON()).map(({ name }) => name);
      expect(names).toContain('breakwater_calls_total');
    }
  });

  test('a registry may change its content type and back', async () => {
    const openMetrics = new Registry<OpenMetricsContentType>();
    openMetrics.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
    const hub = new HubMetrics({ registry: openMetrics, version: '1' });
    open.push(hub);
    hub.policy('p');
    await openMetrics.metrics();
    const contentType: unknown = Registry.PROMETHEUS_CONTENT_TYPE;
    Reflect.apply(openMetrics.setContentType, openMetrics, [contentType]);
    const { types, value } = await scrape(openMetrics);
    expect(types.get('breakwater_calls_total')).toBe('counter');
    expect(value('breakwater_calls_total', { policy: 'p', outcome: 'success' })).toBe(0);
  });
});

describe('several hubs on one registry', () => {
  test('equal label sets are added up, others stand side by side', async () => {
    const one = newHub();
    const two = newHub();
    one.policy('shared').callEnded('success', live(), 5, 1);
    two.policy('shared').callEnded('success', live(), 20, 1);
    two.policy('own').callEnded('failure', threw('transient'), 1, 1);
    one.watchCircuits('shared', () => ['open']);
    two.watchCircuits('shared', () => ['closed']);
    two.failedInside('event-listener');
    const { value } = await scrape();
    expect(value('breakwater_calls_total', { policy: 'shared', outcome: 'success' })).toBe(2);
    expect(value('breakwater_calls_total', { policy: 'own', outcome: 'failure' })).toBe(1);
    expect(value('breakwater_call_duration_seconds_count', { policy: 'shared' })).toBe(2);
    expect(value('breakwater_call_duration_seconds_bucket', { policy: 'shared', le: '0.005' })).toBe(1);
    expect(value('breakwater_call_duration_seconds_sum', { policy: 'shared' })).toBeCloseTo(0.025, 9);
    expect(value('breakwater_circuit_state', { policy: 'shared', state: 'open' })).toBe(1);
    expect(value('breakwater_circuit_state', { policy: 'shared', state: 'closed' })).toBe(1);
    expect(value('breakwater_internal_errors_total', { component: 'event-listener' })).toBe(1);
    expect(value('breakwater_build_info', { version: '1.2.3' })).toBe(1);
  });

  test('the families leave with the last hub, and come back with the next', async () => {
    const one = newHub();
    const two = newHub();
    one.policy('p').callEnded('success', live(), 1, 1);
    two.policy('p').callEnded('success', live(), 1, 1);
    one.close();
    one.close();
    expect((await scrape()).value('breakwater_calls_total', { policy: 'p', outcome: 'success' })).toBe(1);
    two.close();
    expect(registry.getMetricsAsArray()).toEqual([]);
    newHub().policy('p');
    expect((await scrape()).value('breakwater_calls_total', { policy: 'p', outcome: 'success' })).toBe(0);
  });

  test('another copy of the package joins', async () => {
    const one = newHub();
    vi.resetModules();
    const copy = await import('../../src/metrics/hub-metrics.ts');
    expect(copy.HubMetrics).not.toBe(HubMetrics);
    const two = new copy.HubMetrics({ registry, version: '1.3.0' });
    one.policy('p').callEnded('success', live(), 1, 1);
    two.policy('p').callEnded('success', live(), 1, 1);
    const { value } = await scrape();
    expect(value('breakwater_calls_total', { policy: 'p', outcome: 'success' })).toBe(2);
    expect(value('breakwater_build_info', { version: '1.2.3' })).toBe(1);
    expect(value('breakwater_build_info', { version: '1.3.0' })).toBe(1);
    one.close();
    expect((await scrape()).value('breakwater_calls_total', { policy: 'p', outcome: 'success' })).toBe(1);
    two.close();
    expect(registry.getMetricsAsArray()).toEqual([]);
  });

  test('other buckets are refused', () => {
    newHub();
    expect(() => newHub({ durationBuckets: [1, 2] })).toThrow(/durationBuckets: must be those of the hub/);
    expect(() => newHub({ durationBuckets: [...DEFAULT_DURATION_BUCKETS] })).not.toThrow();
  });

  test('a foreign metric of one of the names is refused, and nothing half-made stays behind', async () => {
    const foreign = new Counter({ name: 'breakwater_retries_total', help: 'Theirs.', registers: [registry] });
    new Gauge({ name: 'breakwater_build_info', help: 'Theirs.', registers: [registry] });
    let thrown: unknown;
    try {
      newHub();
    } catch (error) {
      thrown = error;
    }
    if (!(thrown instanceof InvalidOptionsError)) throw new Error('expected InvalidOptionsError');
    expect(thrown.problems.map(({ path, message }) => [path, message.match(/'(.*?)'/)?.[1]])).toEqual([
      ['registry', 'breakwater_retries_total'],
      ['registry', 'breakwater_build_info'],
    ]);
    expect(registry.getMetricsAsArray()).toHaveLength(2);
    expect(registry.getSingleMetric('breakwater_retries_total')).toBe(foreign);
  });

  test("closing leaves alone what has taken a name's place since", () => {
    const hub = newHub();
    registry.clear();
    const foreign = new Counter({ name: 'breakwater_retries_total', help: 'Theirs.', registers: [registry] });
    hub.close();
    expect(registry.getSingleMetric('breakwater_retries_total')).toBe(foreign);
  });
});

describe('a cluster', () => {
  test('adds up counters, histograms, circuits and calls in flight', async () => {
    const workers = [new Registry(), new Registry(), new Registry(), new Registry()];
    for (const [index, worker] of workers.entries()) {
      const hub = new HubMetrics({ registry: worker, version: '1' });
      open.push(hub);
      const recorder = hub.policy('p');
      recorder.callEnded('success', live(), 20, 1);
      recorder.callStarted();
      recorder.callStarted();
      hub.watchCircuits('p', () => [index === 0 ? 'open' : 'closed']);
    }
    const reported = await Promise.all(workers.map((worker) => worker.getMetricsAsJSON()));
    // As between processes.
    const sent: object[][] = JSON.parse(JSON.stringify(reported));
    const { value } = await scrape(AggregatorRegistry.aggregate(sent));
    expect(value('breakwater_calls_total', { policy: 'p', outcome: 'success' })).toBe(4);
    expect(value('breakwater_calls_in_flight', { policy: 'p' })).toBe(4);
    expect(value('breakwater_call_duration_seconds_bucket', { policy: 'p', le: '0.025' })).toBe(4);
    expect(value('breakwater_call_duration_seconds_count', { policy: 'p' })).toBe(4);
    expect(value('breakwater_circuit_state', { policy: 'p', state: 'open' })).toBe(1);
    expect(value('breakwater_circuit_state', { policy: 'p', state: 'closed' })).toBe(3);
    expect(value('breakwater_build_info', { version: '1' })).toBe(1);
  });
});

describe('incidents', () => {
  test('exist at zero for every severity, status, sink and result', async () => {
    const hub = newHub();
    expect((await scrape()).all('breakwater_incidents')).toEqual([]);
    hub.trackIncidents(incidentStatuses, ['log', 'webhook']);
    const { all } = await scrape();
    expect(all('breakwater_incidents')).toHaveLength(24);
    expect(all('breakwater_incident_notifications_total')).toHaveLength(6);
    expect(
      [...all('breakwater_incidents'), ...all('breakwater_incident_notifications_total')].every(
        ({ value }) => value === 0,
      ),
    ).toBe(true);
  });

  test('are counted by severity and status, notifications by sink and result', async () => {
    const hub = newHub();
    const counters = hub.trackIncidents(incidentStatuses, ['log', 'webhook']);
    counters.incidentsChanged('High', 'declared', 1);
    counters.incidentsChanged('High', 'declared', 1);
    counters.incidentsChanged('High', 'declared', -1);
    counters.incidentsChanged('High', 'resolved', 1);
    counters.incidentsChanged('Low', 'unheard-of', 1);
    counters.notified('webhook', 'failed');
    counters.notified('webhook', 'failed');
    counters.notified('log', 'delivered');
    counters.notified('unheard-of', 'delivered');
    const { all, value } = await scrape();
    expect(value('breakwater_incidents', { severity: 'High', status: 'declared' })).toBe(1);
    expect(value('breakwater_incidents', { severity: 'High', status: 'resolved' })).toBe(1);
    expect(all('breakwater_incidents').reduce((sum, sample) => sum + sample.value, 0)).toBe(2);
    expect(value('breakwater_incident_notifications_total', { sink: 'webhook', result: 'failed' })).toBe(2);
    expect(value('breakwater_incident_notifications_total', { sink: 'log', result: 'delivered' })).toBe(1);
    expect(
      all('breakwater_incident_notifications_total').reduce((sum, sample) => sum + sample.value, 0),
    ).toBe(3);
  });
});
