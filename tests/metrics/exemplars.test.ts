import { type OpenMetricsContentType, Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Breakwater, type MetricsRegistry, renderMetrics, type Tracing } from '../../src/index.ts';
import { errorOf, testHub } from '../support.ts';
import { type ParsedSample, parseExposition } from './exposition.ts';

const START = 1_700_000_000_123;

let registry: Registry<OpenMetricsContentType>;
let hub: Breakwater;
/** What `capture` gives. */
let active: unknown;

beforeEach(() => {
  vi.useFakeTimers({ now: START });
  registry = new Registry<OpenMetricsContentType>();
  registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  hub = testHub({ registry, durationBuckets: [0.1, 1] });
  active = undefined;
});

afterEach(async () => {
  await hub.close();
  vi.useRealTimers();
});

function trace(exemplar: Tracing['exemplar'] = (id) => ({ trace_id: String(id) }), of = hub): () => void {
  return of.useTracing({ capture: () => active, exemplar });
}

/** A call that takes so long, traced as `id`. */
async function call(id: unknown, durationMs: number, options: { fails?: boolean; of?: Breakwater } = {}) {
  const { fails = false, of = hub } = options;
  const policy = of.has('p') ? of.get('p') : of.policy('p', { circuitBreaker: false });
  active = id;
  const running = policy.execute(async () => {
    await new Promise((resolve) => setTimeout(resolve, durationMs));
    if (fails) throw new Error('down');
  });
  const ended = Promise.allSettled([running]);
  await vi.advanceTimersByTimeAsync(durationMs);
  const [{ status }] = await ended;
  expect(status).toBe(fails ? 'rejected' : 'fulfilled');
}

async function textOf(from: MetricsRegistry = registry): Promise<string> {
  return Buffer.concat(await renderMetrics(from)).toString();
}

/** The samples with exemplars, by what tells them apart. */
async function exemplars(): Promise<Record<string, ParsedSample['exemplar']>> {
  const text = await textOf();
  expect(text).toBe(await registry.metrics());
  const { samples } = parseExposition(text);
  return Object.fromEntries(
    samples
      .filter(({ exemplar }) => exemplar !== undefined)
      .map(({ name, labels: { policy: _, ...labels }, exemplar }) => [
        [name.replace('breakwater_', ''), ...Object.values(labels)].join(' '),
        exemplar,
      ]),
  );
}

function example(id: string, value: number, sinceStartMs: number) {
  return { labels: { trace_id: id }, value, timestamp: (START + sinceStartMs) / 1_000 };
}

describe('an exemplar', () => {
  test('stands for a call with its duration, where the call is counted', async () => {
    trace();
    await call('one', 50);
    expect(await textOf()).toContain(
      '\nbreakwater_call_duration_seconds_bucket{policy="p",le="0.1"} 1 # {trace_id="one"} 0.05 1700000000.173\n',
    );
    expect(await exemplars()).toEqual({
      'call_duration_seconds_bucket 0.1': example('one', 0.05, 50),
      'attempt_duration_seconds_bucket 0.1': example('one', 0.05, 50),
      'calls_total success': example('one', 1, 50),
      'attempts_total success': example('one', 1, 50),
      'sli_events_total availability good': example('one', 1, 50),
      'sli_events_total correctness good': example('one', 1, 50),
    });
  });

  test('is the last of each sample, and goes on standing for it', async () => {
    trace();
    await call('one', 50);
    await call('two', 50);
    await call('three', 500);
    await call('four', 5_000, { fails: true });
    await call(undefined, 50);
    expect(await exemplars()).toMatchObject({
      'call_duration_seconds_bucket 0.1': example('two', 0.05, 100),
      'call_duration_seconds_bucket 1': example('three', 0.5, 600),
      'call_duration_seconds_bucket +Inf': example('four', 5, 5_600),
      'calls_total success': example('three', 1, 600),
      'calls_total failure': example('four', 1, 5_600),
      'sli_events_total availability bad': example('four', 1, 5_600),
    });
    const { value } = parseExposition(await textOf());
    expect(value('breakwater_calls_total', { policy: 'p', outcome: 'success' })).toBe(4);
  });

  test('is one at most for each sample, however many calls there were', async () => {
    trace();
    await call(0, 50);
    const before = Object.keys(await exemplars());
    for (let id = 1; id <= 500; id += 1) await call(id, 50);
    expect(Object.keys(await exemplars())).toEqual(before);
  });

  test('is written with what the format escapes', async () => {
    trace(() => ({ trace_id: 'a"b\\c\nd', zone: '⛵' }));
    await call('one', 50);
    expect(await textOf()).toContain('# {trace_id="a\\"b\\\\c\\nd",zone="⛵"} 0.05');
    expect((await exemplars())['calls_total success']?.labels).toEqual({ trace_id: 'a"b\\c\nd', zone: '⛵' });
  });

  test('of several hubs in a registry is the newest', async () => {
    const other = testHub({ registry, durationBuckets: [0.1, 1] });
    trace();
    trace(undefined, other);
    await call('one', 50);
    await call('two', 50, { of: other });
    await call('three', 500, { of: other });
    await call('four', 500);
    expect(await exemplars()).toMatchObject({
      'call_duration_seconds_bucket 0.1': example('two', 0.05, 100),
      'call_duration_seconds_bucket 1': example('four', 0.5, 1_100),
      'calls_total success': example('four', 1, 1_100),
    });
    await other.close();
    expect(await exemplars()).toMatchObject({ 'call_duration_seconds_bucket 0.1': example('one', 0.05, 50) });
  });

  test('has the shape of prom-client’s own in JSON', async () => {
    trace();
    await call('one', 50);
    const found = await registry.getSingleMetric('breakwater_call_duration_seconds')?.get();
    expect(found?.values).toContainEqual({
      value: 1,
      labels: { policy: 'p', le: 0.1 },
      metricName: 'breakwater_call_duration_seconds_bucket',
      exemplar: { labelSet: { trace_id: 'one' }, value: 0.05, timestamp: 1_700_000_000.173 },
    });
  });
});

describe('there is no exemplar', () => {
  test('in the Prometheus format, and nobody is asked for one', async () => {
    const plain = new Registry();
    const of = testHub({ registry: plain });
    const exemplar = vi.fn(() => ({ trace_id: 'one' }));
    trace(exemplar, of);
    await call('one', 50, { of });
    expect(exemplar).not.toHaveBeenCalled();
    expect(await textOf(plain)).not.toContain(' # ');
    await of.close();
  });

  test('once the registry is switched to the Prometheus format', async () => {
    trace();
    await call('one', 50);
    Reflect.apply(registry.setContentType, registry, [Registry.PROMETHEUS_CONTENT_TYPE]);
    expect(await textOf()).not.toContain(' # ');
    expect(await textOf()).toBe(await registry.metrics());
  });

  test.each([
    ['a call that nothing traces', undefined, () => ({ trace_id: 'one' })],
    ['a trace that is not sampled', 'one', () => undefined],
    ['a trace without labels', 'one', () => ({})],
  ])('of %s', async (_, id, exemplar) => {
    const reported = vi.fn();
    hub.on('internal-error', reported);
    trace(exemplar);
    await call(id, 50);
    expect(await exemplars()).toEqual({});
    expect(reported).not.toHaveBeenCalled();
  });

  test('of an untraced call that made no attempt, after one that was traced', async () => {
    trace();
    const policy = hub.policy('breaks');
    active = 'one';
    await policy.execute(() => 1);
    policy.circuit.forceOpen('by hand');
    active = undefined;
    await errorOf(policy.execute(() => 1));
    expect(Object.keys(await exemplars())).not.toContain('calls_total rejected');
  });

  test('where nobody gives labels at all', async () => {
    hub.useTracing({ capture: () => 'one' });
    await call('one', 50);
    expect(await exemplars()).toEqual({});
  });
});

describe('what goes wrong harms no call, and is reported', () => {
  async function reportedOf(exemplar: () => unknown, calls = 1): Promise<unknown[]> {
    const reported: unknown[] = [];
    hub.on('internal-error', ({ policy, component, error }) => {
      reported.push(`${policy} ${component}: ${String(error)}`);
    });
    hub.useTracing({ capture: () => active, exemplar: exemplar as never });
    for (let n = 0; n < calls; n += 1) await call('one', 50);
    const { value } = parseExposition(await textOf());
    expect(value('breakwater_calls_total', { policy: 'p', outcome: 'success' })).toBe(calls);
    expect(value('breakwater_internal_errors_total', { component: 'tracing' })).toBe(reported.length);
    expect(await exemplars()).toEqual({});
    return reported;
  }

  test('an exemplar that throws', async () => {
    const throws = () => {
      throw new Error('no context');
    };
    // The attempt, and the call.
    expect(await reportedOf(throws)).toEqual(Array(2).fill('p tracing: Error: no context'));
  });

  test.each([
    ['text', () => 'abc'],
    ['a number for a value', () => ({ trace_id: 1 })],
    ['a name that is no label', () => ({ 'trace-id': 'abc' })],
    ['a promise', () => Promise.resolve({ trace_id: 'abc' })],
    ['a promise that is rejected', () => Promise.reject(new Error('too late'))],
    ['a dangerous name', () => JSON.parse('{"__proto__":"abc"}')],
  ])('%s', async (_, rubbish) => {
    const reported = await reportedOf(rubbish);
    expect(reported).toHaveLength(2);
    expect(reported[0]).toContain('p tracing: TypeError: exemplar gave');
  });

  test('labels that are too long, once', async () => {
    const reported = await reportedOf(() => ({ trace_id: 'x'.repeat(121) }), 3);
    expect(reported).toEqual([
      'p tracing: RangeError: exemplar gave labels of 129 characters; those of more than 128 are dropped',
    ]);
  });
});

test.each(['x', '⛵', '🚢'])(
  'names and values of 128 characters are not too long, in %s',
  async (character) => {
    trace(() => ({ trace_id: character.repeat(120) }));
    await call('one', 50);
    expect(Object.keys(await exemplars())).toHaveLength(6);
  },
);
