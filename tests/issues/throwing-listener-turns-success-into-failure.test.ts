import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { EventName } from '../../src/index.ts';
import { failing, repeat, testHub } from '../support.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const hubEvents: readonly EventName[] = [
  'call',
  'attempt',
  'retry',
  'rejection',
  'fallback',
  'circuit',
  'internal-error',
];

const breakerEvents = ['fire', 'success', 'failure', 'timeout', 'reject', 'open', 'halfOpen', 'close'];

test.each(['throws', 'rejects'])(
  'a listener of the hub or the breaker that %s changes no outcome',
  async (how) => {
    const hub = testHub();
    const heard = new Set<string>();
    const listener = (name: string) => () => {
      heard.add(name);
      if (how === 'throws') throw new Error('the listener is broken');
      return Promise.reject(new Error('the listener is broken'));
    };
    for (const name of hubEvents) hub.on(name, listener(name));
    const policy = hub.policy('database', {
      circuitBreaker: { consecutiveFailures: 2, openMs: 1_000 },
      retry: { maxRetries: 1, baseDelayMs: 10, jitter: 'none' },
      attemptTimeoutMs: 100,
      cacheFallback: { staleIfErrorMs: 60_000 },
    });
    const { breaker } = policy.circuit;
    for (const name of breakerEvents) Reflect.apply(breaker.on, breaker, [name, listener(`breaker ${name}`)]);

    expect(await policy.execute(() => 'fine', { cacheKey: 'key' })).toBe('fine');
    const hung = policy.execute(() => new Promise(() => {}), { cacheKey: 'key' });
    await vi.advanceTimersByTimeAsync(300);
    expect(await hung).toBe('fine');
    expect(policy.circuit.state).toBe('open');
    expect(await policy.execute(failing(), { cacheKey: 'key' })).toBe('fine');
    await vi.advanceTimersByTimeAsync(1_101);
    expect(policy.circuit.state).toBe('half-open');
    expect(await policy.execute(() => 'back')).toBe('back');
    expect(policy.circuit.state).toBe('closed');

    expect([...heard].sort()).toEqual(
      [...hubEvents, ...breakerEvents.map((name) => `breaker ${name}`)].sort(),
    );
    expect(policy.stats()).toMatchObject({
      calls: { success: 2, fallback: 2, failure: 0 },
      attempts: { success: 2, timeout: 2 },
      callsInFlight: 0,
    });
  },
);

test("a throwing listener keeps the others' event from none of them", async () => {
  const hub = testHub();
  const policy = hub.policy('database', { circuitBreaker: { consecutiveFailures: 1 } });
  const heard: string[] = [];
  hub.on('circuit', () => {
    throw new Error('broken');
  });
  hub.on('circuit', ({ to }) => heard.push(`hub ${to}`));
  policy.circuit.breaker.on('open', () => {
    throw new Error('broken');
  });
  policy.circuit.breaker.on('open', () => heard.push('breaker open'));
  await repeat(1, () => policy.execute(failing()));
  expect(heard.sort()).toEqual(['breaker open', 'hub open']);
});
