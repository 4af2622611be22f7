import { trace } from '@opentelemetry/api';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Breakwater, type EventName, InvalidOptionsError } from '../../../src/index.ts';
import { instrument } from '../../../src/integrations/otel/index.ts';
import { deferred, testHub } from '../../support.ts';
import { MetricsSdk, removeSdk, TracingSdk } from './sdk.ts';

let sdk: MetricsSdk;
let hub: Breakwater;

beforeEach(() => {
  sdk = new MetricsSdk();
  hub = testHub();
});

afterEach(async () => {
  await hub.close();
  await sdk.shutdown();
  removeSdk();
});

/** What an instrumentation asks of the hub. */
function spies() {
  return {
    on: vi.spyOn(hub, 'on'),
    useTracing: vi.spyOn(hub, 'useTracing'),
    shareMetrics: vi.spyOn(hub, 'shareMetrics'),
  };
}

function heard({ on }: ReturnType<typeof spies>): EventName[] {
  return on.mock.calls.map(([name]) => name);
}

describe('where there is no SDK', () => {
  test('nothing is listened to, traced or collected', () => {
    const asked = spies();
    instrument(hub)();
    expect(heard(asked)).toEqual([]);
    expect(asked.useTracing).not.toHaveBeenCalled();
    expect(asked.shareMetrics).not.toHaveBeenCalled();
  });

  test('one that is started later is not noticed, until the hub is instrumented again', async () => {
    instrument(hub);
    const tracing = new TracingSdk();
    await tracing.span('before', () => hub.policy('p').execute(() => 1));
    expect(tracing.eventsOf('before')).toEqual([]);
    instrument(hub);
    await tracing.span('after', () => hub.get('p').execute(() => 1));
    expect(tracing.eventsOf('after')).toHaveLength(1);
  });
});

describe('where there is half an SDK', () => {
  test('that of metrics hears of durations only', () => {
    const asked = spies();
    instrument(hub, { meterProvider: sdk.provider });
    expect(heard(asked)).toEqual(['call', 'attempt']);
    expect(asked.useTracing).not.toHaveBeenCalled();
    expect(asked.shareMetrics).toHaveBeenCalledTimes(1);
  });

  test('that of traces collects nothing', () => {
    const asked = spies();
    new TracingSdk();
    instrument(hub);
    expect(heard(asked)).toEqual([
      'attempt',
      'retry',
      'hedge',
      'failover',
      'chaos',
      'rejection',
      'fallback',
      'circuit',
    ]);
    expect(asked.useTracing).toHaveBeenCalledTimes(1);
    expect(asked.shareMetrics).not.toHaveBeenCalled();
  });

  test('a tracer provider that came by no proxy is one', () => {
    vi.spyOn(trace, 'getTracerProvider').mockReturnValue({ getTracer: trace.getTracer });
    const asked = spies();
    instrument(hub);
    expect(asked.useTracing).toHaveBeenCalledTimes(1);
  });
});

test('a duration is recorded in the context of its call, not in the one that is active at its end', async () => {
  const tracing = new TracingSdk();
  const record = vi.fn();
  const meter = sdk.provider.getMeter('breakwater-durations');
  vi.spyOn(meter, 'createHistogram').mockReturnValue({ record });
  instrument(hub, { meterProvider: { getMeter: () => meter } });
  const policy = hub.policy('p');
  const answer = deferred();
  let own: unknown;
  const call = tracing.span('request', (span) => {
    own = span;
    return policy.execute(() => answer.promise);
  });
  await tracing.span('other', async () => answer.resolve(1));
  await call;
  expect(record).toHaveBeenCalledTimes(2);
  for (const [, , at] of record.mock.calls) expect(trace.getSpan(at)).toBe(own);
});

test('each half can be left out', () => {
  new TracingSdk();
  const asked = spies();
  instrument(hub, { meterProvider: sdk.provider, metrics: false })();
  expect(asked.shareMetrics).not.toHaveBeenCalled();
  expect(asked.useTracing).toHaveBeenCalledTimes(1);
  instrument(hub, { meterProvider: sdk.provider, tracing: false })();
  expect(asked.shareMetrics).toHaveBeenCalledTimes(1);
  expect(asked.useTracing).toHaveBeenCalledTimes(1);
});

test('a hub is instrumented once', () => {
  const undo = instrument(hub, { meterProvider: sdk.provider });
  expect(() => instrument(hub, { meterProvider: sdk.provider })).toThrow('is instrumented already');
  undo();
  instrument(hub, { meterProvider: sdk.provider });
});

test('a hub that is closed is left alone', async () => {
  await hub.close();
  new TracingSdk();
  const asked = spies();
  instrument(hub, { meterProvider: sdk.provider })();
  expect(heard(asked)).toEqual([]);
  expect(asked.useTracing).not.toHaveBeenCalled();
});

test.each([
  ['no hub', [undefined]],
  ['something else for a hub', [{ on: 1 }]],
  ['an unknown option', [undefined, { metric: false }]],
  ['a wrong option', [undefined, { tracing: 'no' }]],
  ['a meter provider that is none', [undefined, { meterProvider: {} }]],
])('%s is refused', (_, [given, ...options]) => {
  const hubGiven = options.length > 0 ? hub : given;
  expect(() => Reflect.apply(instrument, undefined, [hubGiven, ...options])).toThrow(InvalidOptionsError);
});
