import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Breakwater, Judgement } from '../../src/index.ts';
import { closeInFakeTime, errorOf, testHub } from '../support.ts';

const breaker = { circuitBreaker: { consecutiveFailures: 2, failureRate: false } } as const;

let hub: Breakwater;

beforeEach(() => {
  vi.useFakeTimers({ now: Date.UTC(2026, 1, 4, 12) });
  hub = testHub({ incidents: { sinks: [] } });
});

afterEach(async () => {
  await closeInFakeTime(hub);
  vi.useRealTimers();
});

async function fail(times: number, error: Error): Promise<void> {
  for (let time = 0; time < times; time += 1) {
    await errorOf(hub.get('database').execute(() => Promise.reject(error)));
  }
}

describe('what can be done about an incident', () => {
  test('is told for its policy, for what it depends on, and for what depends on it', async () => {
    hub.policy('cluster');
    hub.policy('database', { ...breaker, dependsOn: ['cluster', 'shop', 'not made yet'] });
    hub.policy('shop', { dependsOn: ['database'] });
    hub.policy('front', { dependsOn: ['shop'] });
    hub.policy('other');
    await fail(2, new Error('down'));
    const [incident] = hub.incidents.open();
    const { id = '' } = incident ?? {};
    expect(hub.incidents.recovery(id).map(({ policy }) => policy)).toEqual([
      'database',
      'cluster',
      'shop',
      'front',
    ]);
    hub.incidents.recover(id, { policy: 'cluster', control: 'force-closed', by: 'Ada' });
    expect(hub.get('cluster').circuit.state).toBe('disabled');
    const cluster = hub.incidents.recovery(id)[1];
    expect(cluster?.controls.find(({ active }) => active !== undefined)).toMatchObject({
      control: 'force-closed',
      active: { incident: id, by: 'Ada' },
    });
    expect(incident?.timeline.at(-1)?.text).toContain("all calls of 'cluster' are let through");
  });
});

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

  test('are named as the judgement says, a value that failed as much as an error', async () => {
    const odd: Judgement = { verdict: 'transient', ...JSON.parse('{ "reason": 503 }') };
    hub.policy('database', {
      circuitBreaker: { consecutiveFailures: 4, failureRate: false },
      classify: (result) => {
        if (!result.ok) return { verdict: 'transient', reason: 'replica is behind' };
        if (result.value === 'odd') return odd;
        return { verdict: 'transient', reason: `HTTP ${String(result.value)}`.padEnd(101, '!') };
      },
    });
    const execute = (value: string) => hub.get('database').execute(() => value);
    await execute('503');
    await fail(1, new Error('lag of 9 s'));
    await execute('odd');
    await execute('503');
    const [incident] = hub.incidents.open();
    const named = `HTTP 503${'!'.repeat(92)}`;
    expect(incident?.toJSON().impact.errors).toEqual([
      {
        kind: named,
        count: 2,
        sample: `The operation gave a value that was judged a failure: ${named}.`,
        traceId: null,
      },
      { kind: 'replica is behind', count: 1, sample: 'lag of 9 s', traceId: null },
      {
        kind: 'failed result',
        count: 1,
        sample: 'The operation gave a value that was judged a failure.',
        traceId: null,
      },
    ]);
  });

  test('have none where nothing traces', async () => {
    hub.policy('database', breaker);
    await fail(2, new Error('down'));
    expect(hub.incidents.open()[0]?.toJSON().impact.errors).toMatchObject([{ kind: 'Error', traceId: null }]);
  });
});
