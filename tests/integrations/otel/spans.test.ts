import { context, TraceFlags, trace } from '@opentelemetry/api';
import { AlwaysOffSampler } from '@opentelemetry/sdk-trace-base';
import { type OpenMetricsContentType, Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Breakwater } from '../../../src/index.ts';
import { instrument } from '../../../src/integrations/otel/index.ts';
import { parseExposition } from '../../metrics/exposition.ts';
import { errorOf, testHub } from '../../support.ts';
import { removeSdk, TracingSdk } from './sdk.ts';

let sdk: TracingSdk;
let registry: Registry<OpenMetricsContentType>;
let hub: Breakwater;

beforeEach(() => {
  vi.useFakeTimers();
  sdk = new TracingSdk();
  registry = new Registry<OpenMetricsContentType>();
  registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  hub = testHub({ registry });
});

afterEach(async () => {
  await hub.close();
  vi.useRealTimers();
  removeSdk();
});

class Down extends Error {
  readonly code = 'ECONNREFUSED';
}

const fails = () => Promise.reject(new Down('10.0.0.7 refused'));

describe('the span that was active when a call started', () => {
  test('is told of attempts, retries and the circuit', async () => {
    instrument(hub);
    const policy = hub.policy('db', {
      retry: { maxRetries: 1, baseDelayMs: 100, jitter: 'none' },
      circuitBreaker: { consecutiveFailures: 2, openMs: 1_000 },
    });
    vi.spyOn(Math, 'random').mockReturnValue(0);
    const call = sdk.span('request', () => errorOf(policy.execute(fails)));
    await vi.advanceTimersByTimeAsync(200);
    await call;
    const attempt = { 'breakwater.policy': 'db', 'breakwater.outcome': 'failure', 'breakwater.duration': 0 };
    expect(sdk.eventsOf('request')).toEqual([
      ['breakwater.attempt', { ...attempt, 'breakwater.attempt': 1, 'error.type': 'ECONNREFUSED' }],
      [
        'breakwater.retry',
        {
          'breakwater.policy': 'db',
          'breakwater.retry': 1,
          'breakwater.reason': 'error',
          'breakwater.wait': 0.1,
          'error.type': 'ECONNREFUSED',
        },
      ],
      ['breakwater.attempt', { ...attempt, 'breakwater.attempt': 2, 'error.type': 'ECONNREFUSED' }],
      [
        'breakwater.circuit',
        {
          'breakwater.policy': 'db',
          'breakwater.from': 'closed',
          'breakwater.to': 'open',
          'breakwater.reason': '2 attempts in a row failed',
          'breakwater.shadow': false,
          'breakwater.open_for': 1,
        },
      ],
    ]);
    expect(JSON.stringify(sdk.eventsOf('request'))).not.toContain('10.0.0.7');
  });

  test('is told of rejections and fallbacks', async () => {
    instrument(hub);
    const policy = hub.policy('db', { fallback: () => 'instead' });
    policy.circuit.forceOpen('by hand');
    await sdk.span('request', () => policy.execute(fails));
    expect(sdk.eventsOf('request')).toEqual([
      [
        'breakwater.rejection',
        { 'breakwater.policy': 'db', 'breakwater.reason': 'circuit_open', 'breakwater.shadow': false },
      ],
      [
        'breakwater.fallback',
        {
          'breakwater.policy': 'db',
          'breakwater.source': 'fallback',
          'breakwater.age': 0,
          'error.type': 'CIRCUIT_OPEN',
        },
      ],
    ]);
  });

  test('is told where a timer settles the call, and no other span is', async () => {
    instrument(hub);
    const policy = hub.policy('db', { attemptTimeoutMs: 100, circuitBreaker: false });
    const calls = ['one', 'two'].map((name) =>
      sdk.span(name, () => errorOf(policy.execute(() => new Promise(() => {})))),
    );
    await vi.advanceTimersByTimeAsync(200);
    await Promise.all(calls);
    for (const name of ['one', 'two']) {
      expect(sdk.eventsOf(name)).toEqual([
        [
          'breakwater.attempt',
          {
            'breakwater.policy': 'db',
            'breakwater.attempt': 1,
            'breakwater.outcome': 'timeout',
            'breakwater.duration': expect.closeTo(0.1, 1),
            'error.type': 'TIMEOUT',
          },
        ],
      ]);
    }
  });

  test('is told nothing once it has ended', async () => {
    instrument(hub);
    const policy = hub.policy('db', { attemptTimeoutMs: 100 });
    let call: Promise<unknown> = Promise.resolve();
    let told: unknown;
    await sdk.span('request', async (span) => {
      told = vi.spyOn(span, 'addEvent');
      call = errorOf(policy.execute(() => new Promise(() => {})));
    });
    await vi.advanceTimersByTimeAsync(200);
    await call;
    expect(told).not.toHaveBeenCalled();
  });

  test('is left alone where it does not record', async () => {
    removeSdk();
    sdk = new TracingSdk(new AlwaysOffSampler());
    instrument(hub);
    let told: unknown;
    await sdk.span('request', async (span) => {
      told = vi.spyOn(span, 'addEvent');
      await hub.policy('db').execute(() => 1);
    });
    expect(told).not.toHaveBeenCalled();
  });

  test('is told nothing after the end of the instrumentation', async () => {
    const undo = instrument(hub);
    undo();
    await sdk.span('request', () => hub.policy('db').execute(() => 1));
    expect(sdk.eventsOf('request')).toEqual([]);
    instrument(hub);
    await sdk.span('again', () => hub.get('db').execute(() => 1));
    expect(sdk.eventsOf('again')).toHaveLength(1);
  });

  test('is not looked for in what another tracing gave', async () => {
    const reported = vi.fn();
    instrument(hub);
    hub.useTracing({ capture: () => ({ addEvent: 'no' }) });
    hub.on('internal-error', reported);
    await sdk.span('request', () => hub.policy('db').execute(() => 1));
    expect(sdk.eventsOf('request')).toEqual([]);
    expect(reported).not.toHaveBeenCalled();
  });
});

describe('exemplars', () => {
  async function exemplar() {
    const { samples } = parseExposition(await registry.metrics());
    return samples.find(({ name, exemplar }) => name === 'breakwater_calls_total' && exemplar !== undefined)
      ?.exemplar?.labels;
  }

  test('name the span', async () => {
    instrument(hub);
    await sdk.span('request', () => hub.policy('db').execute(() => 1));
    const context = sdk.ended[0]?.spanContext();
    expect(await exemplar()).toEqual({ trace_id: context?.traceId, span_id: context?.spanId });
  });

  test('are not made of what is not sampled', async () => {
    removeSdk();
    sdk = new TracingSdk(new AlwaysOffSampler());
    instrument(hub);
    await sdk.span('request', () => hub.policy('db').execute(() => 1));
    expect(await exemplar()).toBeUndefined();
  });

  test('are not made of what has no valid context', async () => {
    instrument(hub);
    const invalid = { traceId: 'none', spanId: 'none', traceFlags: TraceFlags.SAMPLED };
    const at = trace.setSpanContext(context.active(), invalid);
    await context.with(at, () => hub.policy('db').execute(() => 1));
    expect(await exemplar()).toBeUndefined();
  });
});
