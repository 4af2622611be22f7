import { AsyncLocalStorage } from 'node:async_hooks';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  type Breakwater,
  type BreakwaterEvents,
  circuitBreaker,
  type EventName,
  InvalidOptionsError,
  type PolicyOptions,
} from '../../src/index.ts';
import { deferred, errorOf, testHub } from '../support.ts';

const request = new AsyncLocalStorage<string>();
const fails = () => Promise.reject(new Error('down'));

let hub: Breakwater;

beforeEach(() => {
  vi.useFakeTimers();
  hub = testHub();
});

afterEach(async () => {
  await hub.close();
  vi.useRealTimers();
});

/** Traces calls by what `request` holds where they start. */
function traceRequests(): () => void {
  return hub.useTracing({ capture: () => request.getStore() });
}

/** Collects the traces of all events of a name. */
function tracesOf(...names: readonly EventName[]): [EventName, unknown][] {
  const traces: [EventName, unknown][] = [];
  for (const name of names) {
    hub.on(name, (event: BreakwaterEvents[EventName]) => {
      traces.push([name, 'trace' in event ? event.trace : undefined]);
    });
  }
  return traces;
}

function run(name: string, options: PolicyOptions, operation: () => unknown, cacheKey?: string) {
  const policy = hub.has(name) ? hub.get(name) : hub.policy(name, options);
  return policy.execute(operation, cacheKey === undefined ? {} : { cacheKey });
}

describe('every event of a call carries what traced its caller', () => {
  test('also where a timer of another call settles it', async () => {
    traceRequests();
    const traces = tracesOf('call', 'attempt');
    const options = { attemptTimeoutMs: 100, circuitBreaker: false } as const;
    const hangs = () => new Promise(() => {});
    const one = request.run('one', () => errorOf(run('p', options, hangs)));
    const two = request.run('two', () => errorOf(run('p', options, hangs)));
    await vi.advanceTimersByTimeAsync(200);
    await Promise.all([one, two]);
    expect(traces).toEqual([
      ['attempt', 'one'],
      ['call', 'one'],
      ['attempt', 'two'],
      ['call', 'two'],
    ]);
  });

  test('retries, the budget that ends them, and the fallback', async () => {
    traceRequests();
    const traces = tracesOf('retry', 'attempt', 'rejection', 'fallback', 'call');
    const options = {
      retry: { maxRetries: 3, baseDelayMs: 10, budget: { ratio: 0.01, floor: 1 } },
      circuitBreaker: false,
      fallback: () => 'instead',
    } as const;
    const call = request.run('one', () => run('p', options, fails));
    await vi.advanceTimersByTimeAsync(1_000);
    await expect(call).resolves.toBe('instead');
    expect(traces).toEqual([
      ['attempt', 'one'],
      ['retry', 'one'],
      ['attempt', 'one'],
      ['rejection', 'one'],
      ['fallback', 'one'],
      ['call', 'one'],
    ]);
  });

  test('a stale answer', async () => {
    traceRequests();
    const traces = tracesOf('fallback');
    const options = { cacheFallback: { staleIfErrorMs: 1_000 } };
    await request.run('one', () => run('p', options, () => 1, 'key'));
    await request.run('two', () => run('p', options, fails, 'key'));
    expect(traces).toEqual([['fallback', 'two']]);
  });

  test('where a run is shared, its events carry the one that started it, and each call its own', async () => {
    traceRequests();
    const traces = tracesOf('attempt', 'call');
    const answer = deferred();
    const options = { cacheFallback: { staleIfErrorMs: 1_000, coalesce: true } };
    const calls = ['one', 'two'].map((id) =>
      request.run(id, () => run('p', options, () => answer.promise, 'key')),
    );
    await vi.advanceTimersByTimeAsync(0);
    answer.resolve(1);
    await Promise.all(calls);
    expect(traces).toEqual([
      ['attempt', 'one'],
      ['call', 'one'],
      ['call', 'two'],
    ]);
  });

  test('calls with settings of their own, and none of them is changed', async () => {
    traceRequests();
    const traces = tracesOf('call');
    const policy = hub.policy('p');
    const wrapped = policy.wrap((n: number) => n, { timeoutMs: 100 });
    await request.run('one', () => wrapped(1));
    await request.run('two', () => policy.executeDetailed(() => 1, { metadata: 'm' }));
    await wrapped(1);
    expect(traces).toEqual([
      ['call', 'one'],
      ['call', 'two'],
      ['call', undefined],
    ]);
  });
});

describe('a change of the circuit carries the call that caused it', () => {
  const options: PolicyOptions = {
    circuitBreaker: { consecutiveFailures: 1, openMs: 100 },
    totalTimeoutMs: 1_000,
  };

  /** Who caused which change. */
  function moves(): string[] {
    const seen: string[] = [];
    hub.on('circuit', ({ to, trace }) => {
      seen.push(`${to} by ${String(trace)}`);
    });
    return seen;
  }

  test('by its attempt, or by its admission', async () => {
    traceRequests();
    const seen = moves();
    const rejections = tracesOf('rejection');
    await request.run('one', () => errorOf(run('p', options, fails)));
    await request.run('two', () => errorOf(run('p', options, fails)));
    // Only its admission sees that the open time is over.
    vi.setSystemTime(Date.now() + 1_000);
    vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 1_000);
    await request.run('three', () => run('p', options, () => 1));
    expect(seen).toEqual(['open by one', 'half-open by three', 'closed by three']);
    expect(rejections).toEqual([['rejection', 'two']]);
  });

  test('and none where a timer or a person did', async () => {
    traceRequests();
    const seen = moves();
    await request.run('one', () => errorOf(run('p', options, fails)));
    await vi.advanceTimersByTimeAsync(200);
    request.run('two', () => hub.get('p').circuit.reset());
    expect(seen).toEqual(['open by one', 'half-open by undefined', 'closed by undefined']);
  });

  test.each([
    ['is under way', () => new Promise(() => {})],
    ['has failed', fails],
    ['has succeeded', () => 1],
  ])('and none where a person did after a call that %s', async (_, operation) => {
    traceRequests();
    const seen = moves();
    const call = request.run('one', () => run('p', { ...options, circuitBreaker: {} }, operation));
    const ended = Promise.allSettled([call]);
    await vi.advanceTimersByTimeAsync(0);
    hub.get('p').circuit.forceOpen('by hand');
    await vi.advanceTimersByTimeAsync(30_000);
    await ended;
    expect(seen).toEqual(['forced-open by undefined']);
  });

  test('and none where a listener did it in the midst of a call', async () => {
    traceRequests();
    const seen = moves();
    hub.on('circuit', ({ to, policy }) => {
      if (to === 'open') hub.get(policy).circuit.reset();
    });
    await request.run('one', () => errorOf(run('p', options, fails)));
    expect(seen).toEqual(['open by one', 'closed by undefined']);
  });

  test('of each of several circuits in a pipeline', async () => {
    traceRequests();
    const seen = moves();
    const strategies = [
      circuitBreaker({ consecutiveFailures: 1 }),
      circuitBreaker({ consecutiveFailures: 1 }),
    ];
    await request.run('one', () => errorOf(run('p', { strategies }, fails)));
    expect(seen).toEqual(['open by one', 'open by one']);
  });
});

describe('what traces calls', () => {
  test('is asked once for each call, at its start', async () => {
    const capture = vi.fn(() => 'trace');
    hub.useTracing({ capture });
    const options = { retry: { maxRetries: 2, jitter: 'none' }, circuitBreaker: false } as const;
    const call = errorOf(run('p', options, fails));
    expect(capture).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(10_000);
    await call;
    expect(capture).toHaveBeenCalledTimes(1);
  });

  test('may be set and taken away at any time; the last that was set is asked', async () => {
    const traces = tracesOf('call');
    await run('p', {}, () => 1);
    const first = hub.useTracing({ capture: () => 'first' });
    await run('p', {}, () => 1);
    const second = hub.useTracing({ capture: () => 'second' });
    await run('p', {}, () => 1);
    second();
    second();
    await run('p', {}, () => 1);
    first();
    await run('p', {}, () => 1);
    expect(traces.map(([, trace]) => trace)).toEqual([undefined, 'first', 'second', 'first', undefined]);
  });

  test.each([
    [
      'throws',
      () => {
        throw new Error('no context');
      },
    ],
    ['gives a promise', () => Promise.reject(new Error('too late'))],
  ])('is reported when it %s, and harms no call', async (_, capture) => {
    hub.useTracing({ capture });
    const reported: unknown[] = [];
    hub.on('internal-error', ({ policy, component }) => {
      reported.push([policy, component]);
    });
    const traces = tracesOf('call');
    await expect(run('p', {}, () => 1)).resolves.toBe(1);
    expect(traces).toEqual([['call', undefined]]);
    expect(reported).toEqual([['p', 'tracing']]);
    expect(hub.get('p').stats().internalErrors).toBe(1);
  });

  test('is not asked for what is turned away, or after the hub is closed', async () => {
    const capture = vi.fn(() => 'trace');
    hub.useTracing({ capture });
    const policy = hub.policy('p');
    await hub.close();
    await errorOf(policy.execute(() => 1));
    expect(capture).not.toHaveBeenCalled();
  });

  test.each([undefined, null, 1, {}, { capture: 1 }, { capture: () => 1, exemplar: 1 }])(
    'cannot be %s',
    (given) => {
      expect(() => Reflect.apply(hub.useTracing, hub, [given])).toThrow(InvalidOptionsError);
    },
  );
});
