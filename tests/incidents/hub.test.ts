import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Breakwater } from '../../src/index.ts';
import { errorOf, testHub } from '../support.ts';

const breaker = { circuitBreaker: { consecutiveFailures: 2, failureRate: false } } as const;

let hub: Breakwater;

beforeEach(() => {
  vi.useFakeTimers({ now: Date.UTC(2026, 1, 4, 12) });
  hub = testHub({ incidents: { sinks: [] } });
});

afterEach(async () => {
  const closed = hub.close();
  await vi.advanceTimersByTimeAsync(10_000);
  await closed;
  vi.useRealTimers();
});

async function fail(times: number, error: Error): Promise<void> {
  for (let time = 0; time < times; time += 1) {
    await errorOf(hub.get('database').execute(() => Promise.reject(error)));
  }
}

describe('the errors of an incident', () => {
  test('have the id of a trace where something traces the calls, and it will be found', async () => {
    hub.policy('database', breaker);
    const traces = ['not sampled', 'sampled'];
    hub.useTracing({
      capture: () => traces.shift(),
      exemplar: (trace) => (trace === 'not sampled' ? undefined : { trace_id: `id-of-${String(trace)}` }),
    });
    await fail(1, new TypeError('fetch failed'));
    await fail(1, new Error('down'));
    const [incident] = hub.incidents.open();
    expect(incident?.toJSON().impact.errors).toEqual([
      { kind: 'TypeError', count: 1, sample: 'fetch failed', traceId: null },
      { kind: 'Error', count: 1, sample: 'down', traceId: 'id-of-sampled' },
    ]);
  });

  test('have none where nothing traces', async () => {
    hub.policy('database', breaker);
    await fail(2, new Error('down'));
    expect(hub.incidents.open()[0]?.toJSON().impact.errors).toMatchObject([{ kind: 'Error', traceId: null }]);
  });
});
