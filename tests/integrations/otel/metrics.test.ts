import { metrics } from '@opentelemetry/api';
import { AggregationTemporality } from '@opentelemetry/sdk-metrics';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Breakwater, BreakwaterOptions } from '../../../src/index.ts';
import { instrument } from '../../../src/integrations/otel/index.ts';
import {
  attributeOf,
  durationInstruments,
  observedInstruments,
} from '../../../src/integrations/otel/instruments.ts';
import { fc } from '../../fast-check.ts';
import { parseExposition } from '../../metrics/exposition.ts';
import { errorOf, testHub } from '../../support.ts';
import { type Collected, MetricsSdk, removeSdk } from './sdk.ts';

let sdk: MetricsSdk;
const hubs: Breakwater[] = [];

beforeEach(() => {
  sdk = new MetricsSdk();
});

afterEach(async () => {
  vi.useRealTimers();
  for (const hub of hubs.splice(0)) await hub.close();
  await sdk.shutdown();
  removeSdk();
});

function newHub(options: BreakwaterOptions = {}): Breakwater {
  const hub = testHub(options);
  hubs.push(hub);
  return hub;
}

function record(hub: Breakwater): () => void {
  return instrument(hub, { meterProvider: sdk.provider });
}

class CodedError extends Error {
  readonly code: unknown;
  constructor(code: unknown) {
    super('a message that is told to nobody');
    this.code = code;
  }
}

const failsWith = (error: unknown) => () => Promise.reject(error);

/** Holds what was collected to what `/metrics` shows, sample by sample. */
async function expectAgreement(collected: Collected, registry: Registry): Promise<void> {
  const { samples } = parseExposition(await registry.metrics());
  const expected = new Map<string, number>();
  for (const { family, name } of observedInstruments) {
    for (const { labels, value } of samples.filter((sample) => sample.name === `breakwater_${family}`)) {
      const attributes = Object.entries(labels).map(([label, text]) => [attributeOf(label), text]);
      expected.set(JSON.stringify([name, attributes.sort()]), value);
    }
  }
  const found = new Map<string, unknown>();
  for (const { name } of observedInstruments) {
    for (const { attributes, value } of collected.points(name)) {
      found.set(JSON.stringify([name, Object.entries(attributes).sort()]), value);
    }
  }
  expect(Object.fromEntries(found)).toEqual(Object.fromEntries(expected));
  expect(found.size).toBeGreaterThan(0);
}

describe('the instruments', () => {
  test('stand for every family of /metrics, build_info excepted', async () => {
    const registry = new Registry();
    newHub({ registry });
    const families = [...parseExposition(await registry.metrics()).types.keys()];
    const known = [...observedInstruments, ...Object.values(durationInstruments)].map(
      ({ family }) => `breakwater_${family}`,
    );
    expect(known.sort()).toEqual(families.filter((name) => name !== 'breakwater_build_info').sort());
  });

  test('have the scope, units and descriptions that they always have', async () => {
    const hub = newHub();
    const policy = hub.policy('p', { slo: { availability: 0.9 } });
    record(hub);
    await policy.execute(() => 1);
    const collected = await sdk.collect();
    const described = collected.metrics.map(({ descriptor: { name, unit } }) => `${name} ${unit}`).sort();
    expect(described).toContain('breakwater.call.duration s');
    expect(described).toContain('breakwater.calls {call}');
    expect(described).toContain('breakwater.slo.error_budget.remaining 1');
    for (const { descriptor } of collected.metrics) expect(descriptor.description).not.toBe('');
  });

  test('count integers, and give the histograms the buckets of the hub', async () => {
    const hub = newHub({ durationBuckets: [0.5, 7] });
    const policy = hub.policy('p');
    record(hub);
    await policy.execute(() => 1);
    const collected = await sdk.collect();
    expect(collected.histogram('breakwater.call.duration')?.buckets).toEqual({
      boundaries: [0.5, 7],
      counts: [1, 0, 0],
    });
  });
});

describe('what is collected', () => {
  const outcomes = fc.array(
    fc.record({
      policy: fc.constantFrom('one', 'two', 'a "third" \\ ⛵'),
      hub: fc.nat({ max: 1 }),
      code: fc.option(fc.constantFrom('ECONNRESET', 'TIMEOUT', 'E"\n', 7), { nil: undefined }),
    }),
    { maxLength: 20 },
  );

  test('is what /metrics shows, of all hubs together', async () => {
    await fc.assert(
      fc.asyncProperty(outcomes, async (calls) => {
        const registry = new Registry();
        const own = new MetricsSdk();
        const two = [0, 1].map(() => testHub({ registry, incidents: { sinks: [] } }));
        for (const hub of two) instrument(hub, { meterProvider: own.provider });
        for (const { policy: name, hub: at, code } of calls) {
          const hub = two[at];
          if (hub === undefined) continue;
          const policy = hub.has(name)
            ? hub.get(name)
            : hub.policy(name, {
                slo: { availability: 0.9, latency: { objective: 0.9, thresholdMs: 100 } },
                retry: { maxRetries: 1, baseDelayMs: 0.001, jitter: 'none' },
                circuitBreaker: { consecutiveFailures: 3 },
                fallback: () => 'instead',
              });
          await policy.execute(async () => {
            if (code !== undefined) throw new CodedError(code);
          });
        }
        await expectAgreement(await own.collect(), registry);
        for (const hub of two) await hub.close();
        await own.shutdown();
      }),
      { numRuns: 25 },
    );
  });

  test('includes policies made before and after', async () => {
    const hub = newHub();
    const before = hub.policy('before');
    await before.execute(() => 1);
    record(hub);
    const after = hub.policy('after');
    await after.execute(() => 1);
    const collected = await sdk.collect();
    for (const policy of ['before', 'after']) {
      expect(
        collected.value('breakwater.calls', {
          'breakwater.policy': policy,
          'breakwater.outcome': 'success',
        }),
      ).toBe(1);
    }
  });

  test('has the durations of calls and attempts, as /metrics has them', async () => {
    vi.useFakeTimers();
    const registry = new Registry();
    const hub = newHub({ registry });
    record(hub);
    const policy = hub.policy('p', { retry: { maxRetries: 1, baseDelayMs: 100, jitter: 'none' } });
    let attempts = 0;
    const call = policy.execute(async () => {
      await new Promise((resolve) => setTimeout(resolve, 30));
      attempts += 1;
      if (attempts === 1) throw new CodedError('ECONNRESET');
    });
    await vi.advanceTimersByTimeAsync(1_000);
    await call;
    const collected = await sdk.collect();
    const { value } = parseExposition(await registry.metrics());
    const calls = collected.histogram('breakwater.call.duration');
    expect(calls?.count).toBe(value('breakwater_call_duration_seconds_count', { policy: 'p' }));
    expect(calls?.sum).toBeCloseTo(value('breakwater_call_duration_seconds_sum', { policy: 'p' }) ?? 0, 9);
    expect(collected.histogram('breakwater.attempt.duration', { 'error.type': 'ECONNRESET' })).toMatchObject({
      count: 1,
      sum: 0.03,
    });
    expect(
      collected.histogram('breakwater.attempt.duration', { 'breakwater.outcome': 'success' }),
    ).toMatchObject({ count: 1, sum: 0.03 });
  });

  test('lets calls go on meanwhile', async () => {
    const hub = newHub();
    for (let index = 0; index < 150; index += 1) hub.policy(`policy-${index}`);
    record(hub);
    let turns = 0;
    let over = false;
    const collected = sdk.collect().finally(() => {
      over = true;
    });
    while (!over) {
      turns += 1;
      await new Promise((resolve) => setImmediate(resolve));
    }
    await collected;
    expect(turns).toBeGreaterThan(3);
  });
});

describe('error.type', () => {
  async function typesOf(...errors: readonly unknown[]): Promise<unknown[]> {
    const hub = newHub();
    record(hub);
    const policy = hub.policy('p', { circuitBreaker: false });
    for (const error of errors) await errorOf(policy.execute(failsWith(error)));
    const points = (await sdk.collect()).points('breakwater.call.duration');
    return points.map(({ attributes }) => attributes['error.type']);
  }

  const withName = (name: string) => Object.assign(new Error('m'), { name });

  test.each([
    ['the code', new CodedError('ECONNREFUSED'), 'ECONNREFUSED'],
    ['an SQL state', new CodedError('23505'), '23505'],
    ['the name where the code is a number', new CodedError(20), 'Error'],
    ['the name where the code is a sentence', new CodedError('no such table: users'), 'Error'],
    ['the name where the code is too long', new CodedError('E'.repeat(65)), 'Error'],
    ['the name', new RangeError('m'), 'RangeError'],
    ['_OTHER where the name is a sentence', withName('user 7 is gone'), '_OTHER'],
    ['_OTHER for text', 'user 7 is gone', '_OTHER'],
    ['_OTHER for nothing', null, '_OTHER'],
    [
      '_OTHER for one that cannot be looked at',
      {
        get code(): string {
          throw new Error('no');
        },
      },
      '_OTHER',
    ],
  ])('is %s', async (_, error, expected) => {
    expect(await typesOf(error)).toEqual([expected]);
  });

  test('is not there where nothing went wrong', async () => {
    const hub = newHub();
    record(hub);
    await hub.policy('p').execute(() => 1);
    const [point] = (await sdk.collect()).points('breakwater.call.duration');
    expect(point?.attributes).toEqual({ 'breakwater.policy': 'p', 'breakwater.outcome': 'success' });
  });

  test('is _OTHER for an attempt whose value was judged a failure', async () => {
    const hub = newHub();
    record(hub);
    await hub.policy('p', { classify: () => 'transient' }).execute(() => 1);
    const [point] = (await sdk.collect()).points('breakwater.attempt.duration');
    expect(point?.attributes).toMatchObject({ 'breakwater.outcome': 'failure', 'error.type': '_OTHER' });
  });

  test('is the library’s own code for what it threw itself', async () => {
    const hub = newHub();
    record(hub);
    const policy = hub.policy('p');
    policy.circuit.forceOpen('for the test');
    await errorOf(policy.execute(() => 1));
    const [point] = (await sdk.collect()).points('breakwater.call.duration');
    expect(point?.attributes).toMatchObject({
      'breakwater.outcome': 'rejected',
      'error.type': 'CIRCUIT_OPEN',
    });
  });

  test('is _OTHER past 50 of a policy, and no other policy suffers for it', async () => {
    const hub = newHub();
    record(hub);
    const wild = hub.policy('wild', { circuitBreaker: false });
    for (let n = 0; n < 80; n += 1) await errorOf(wild.execute(failsWith(new CodedError(`E${n}`))));
    await errorOf(hub.policy('tame').execute(failsWith(new CodedError('E99'))));
    const collected = await sdk.collect();
    const wildPoints = collected.points('breakwater.call.duration', { 'breakwater.policy': 'wild' });
    expect(wildPoints).toHaveLength(51);
    expect(
      collected.histogram('breakwater.call.duration', {
        'breakwater.policy': 'wild',
        'error.type': '_OTHER',
      })?.count,
    ).toBe(30);
    expect(collected.histogram('breakwater.call.duration', { 'error.type': 'E99' })?.count).toBe(1);
  });
});

describe('an end', () => {
  const openOf = (collected: Collected, policy = 'p') =>
    collected.value('breakwater.circuit.state', {
      'breakwater.policy': policy,
      'breakwater.state': 'open',
    });

  async function openCircuit(hub: Breakwater): Promise<void> {
    const policy = hub.policy('p', { circuitBreaker: { consecutiveFailures: 1 } });
    await errorOf(policy.execute(failsWith(new Error('down'))));
  }

  test.each([
    ['of a policy', (hub: Breakwater) => hub.remove('p')],
    ['of the hub', (hub: Breakwater) => hub.close()],
    ['of the instrumentation', (_: Breakwater, undo: () => void) => undo()],
  ])('%s leaves no circuit open', async (_, end) => {
    const hub = newHub();
    const undo = record(hub);
    await openCircuit(hub);
    expect(openOf(await sdk.collect())).toBe(1);
    await end(hub, undo);
    expect(openOf(await sdk.collect())).toBe(0);
    expect(openOf(await sdk.collect())).toBe(0);
  });

  test.each([
    ['of a policy', (hub: Breakwater) => hub.remove('p')],
    ['of the hub', (hub: Breakwater) => hub.close()],
    ['of the instrumentation', (_: Breakwater, undo: () => void) => undo()],
  ])('%s is the end of its series, where temporality is delta', async (_, end) => {
    sdk = new MetricsSdk(AggregationTemporality.DELTA);
    const hub = newHub();
    const undo = record(hub);
    await openCircuit(hub);
    const before = await sdk.collect();
    expect(before.points('breakwater.calls', { 'breakwater.policy': 'p' })).not.toEqual([]);
    await end(hub, undo);
    await sdk.collect();
    const after = await sdk.collect();
    for (const { descriptor } of after.metrics)
      expect(after.points(descriptor.name, { 'breakwater.policy': 'p' })).toEqual([]);
  });

  test('stops listening and collecting', async () => {
    const hub = newHub();
    const undo = record(hub);
    const policy = hub.policy('p');
    await policy.execute(() => 1);
    await sdk.collect();
    undo();
    undo();
    await policy.execute(() => 1);
    const collected = await sdk.collect();
    expect(collected.histogram('breakwater.call.duration')?.count).toBe(1);
    expect(collected.value('breakwater.calls', { 'breakwater.outcome': 'success' })).toBe(1);
  });

  test('is not one for ever: a hub can be instrumented again, and counts on', async () => {
    const hub = newHub();
    record(hub)();
    await sdk.collect();
    record(hub);
    await hub.policy('p').execute(() => 1);
    const collected = await sdk.collect();
    expect(collected.value('breakwater.calls', { 'breakwater.outcome': 'success' })).toBe(1);
    expect(collected.histogram('breakwater.call.duration')?.count).toBe(1);
  });

  test('of one hub leaves what another has', async () => {
    const [one, other] = [newHub(), newHub()];
    const undo = record(one);
    record(other);
    await one.policy('p').execute(() => 1);
    await other.policy('p').execute(() => 1);
    const success = { 'breakwater.outcome': 'success' };
    expect((await sdk.collect()).value('breakwater.calls', success)).toBe(2);
    undo();
    await other.get('p').execute(() => 1);
    // A sum that goes down begins anew.
    expect((await sdk.collect()).value('breakwater.calls', success)).toBe(2);
    await one.close();
    expect((await sdk.collect()).histogram('breakwater.call.duration')?.count).toBe(3);
  });

  test('lets the hub be forgotten', async () => {
    const hub = newHub();
    record(hub);
    await hub.close();
    await sdk.collect();
    const again = newHub();
    const removed = vi.spyOn(sdk.provider.getMeter('breakwater', '0.1.0'), 'removeBatchObservableCallback');
    record(again)();
    await sdk.collect();
    expect(removed).toHaveBeenCalledTimes(1);
  });
});

test('the global meter provider is the default', async () => {
  metrics.setGlobalMeterProvider(sdk.provider);
  const hub = newHub();
  instrument(hub);
  await hub.policy('p').execute(() => 1);
  const collected = await sdk.collect();
  expect(collected.histogram('breakwater.call.duration')?.count).toBe(1);
});
