import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  bulkhead,
  cacheFallback,
  circuitBreaker,
  type OperationContext,
  type Policy,
  retry,
  timeout,
} from '../../../src/index.ts';
import { deferred, flush, follow, hanging, sampleOf, testHub } from '../../support.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const coalesce = { coalesce: true } as const;

describe('whom a run under way can serve', () => {
  test('a more important call has a run of its own, which the less important then join', async () => {
    const policy = testHub().policy('database', {
      cacheFallback: coalesce,
      bulkhead: { maxConcurrent: 1, maxQueue: 2 },
      circuitBreaker: false,
    });
    const running = deferred();
    follow(policy.execute(() => running.promise));
    const runs: string[] = [];
    const ask = (priority: 'low' | 'medium' | 'critical') =>
      follow(policy.execute(() => void runs.push(priority), { cacheKey: 'k', priority }));
    const low = ask('low');
    const critical = ask('critical');
    const medium = ask('medium');
    const other = follow(policy.execute(() => void runs.push('other'), { priority: 'medium' }));
    await flush();
    // It displaced the run that waits for the least important, and nobody else's.
    expect(low.now).toMatchObject({ reason: { code: 'BULKHEAD_FULL' } });
    expect(critical.now.status).toBe('pending');
    running.resolve(1);
    await flush();
    expect(runs).toEqual(['critical', 'other']);
    for (const { now } of [critical, medium, other]) expect(now.status).toBe('fulfilled');
  });

  test('an equally important call joins, and a run that was superseded is no loss for those who joined it', async () => {
    const policy = testHub().policy('database', { cacheFallback: coalesce, circuitBreaker: false });
    const operation = vi.fn(({ metadata }: OperationContext) => {
      return new Promise((resolve) => setTimeout(resolve, metadata === 'slow' ? 100 : 10, metadata));
    });
    const ask = (priority: 'low' | 'high', metadata: string) =>
      follow(policy.execute(operation, { cacheKey: 'k', priority, metadata }));
    const calls = [ask('low', 'slow'), ask('low', 'joins'), ask('high', 'fast'), ask('high', 'joins')];
    await vi.advanceTimersByTimeAsync(10);
    expect(calls.map(({ now }) => now.status)).toEqual(['pending', 'pending', 'fulfilled', 'fulfilled']);
    // The run that came to an end was not the one that still goes on.
    calls.push(ask('low', 'new'));
    await vi.advanceTimersByTimeAsync(100);
    expect(calls.map(({ now }) => (now.status === 'fulfilled' ? now.value : now))).toEqual([
      'slow',
      'slow',
      'fast',
      'fast',
      'new',
    ]);
    expect(operation).toHaveBeenCalledTimes(3);
  });

  test.each([
    { leader: false, follower: undefined },
    { leader: undefined, follower: false },
  ])('idempotent: $leader is not joined by $follower', async ({ leader, follower }) => {
    const policy = testHub().policy('database', {
      cacheFallback: coalesce,
      circuitBreaker: false,
      retry: { maxRetries: 1, baseDelayMs: 1 },
    });
    const attempts = { leader: 0, follower: 0 };
    const failOnce = (who: 'leader' | 'follower') => async () => {
      attempts[who] += 1;
      if (attempts[who] === 1) throw new Error('down');
      return who;
    };
    const first = follow(policy.execute(failOnce('leader'), { cacheKey: 'k', idempotent: leader }));
    const second = follow(policy.execute(failOnce('follower'), { cacheKey: 'k', idempotent: follower }));
    await vi.advanceTimersByTimeAsync(50);
    expect(attempts).toEqual({ leader: leader === false ? 1 : 2, follower: follower === false ? 1 : 2 });
    expect([first, second].map(({ now }) => now.status)).toEqual(
      leader === false ? ['rejected', 'fulfilled'] : ['fulfilled', 'rejected'],
    );
  });

  test('calls that may not be repeated share a run with each other', async () => {
    const policy = testHub().policy('database', { cacheFallback: coalesce, circuitBreaker: false });
    const operation = vi.fn(() => new Promise((resolve) => setTimeout(resolve, 10, 'value')));
    const options = { cacheKey: 'k', idempotent: false };
    const calls = [1, 2].map(() => follow(policy.execute(operation, options)));
    await vi.advanceTimersByTimeAsync(10);
    for (const { now } of calls) expect(now).toEqual({ status: 'fulfilled', value: 'value' });
    expect(operation).toHaveBeenCalledTimes(1);
  });
});

describe('a bulkhead around', () => {
  const inUse = (policy: Policy) => sampleOf(policy, 'bulkhead_in_use');

  test('holds its place while the shared operation runs, also when all callers have given up', async () => {
    const policy = testHub().policy('database', {
      strategies: [bulkhead({ maxConcurrent: 1 }), cacheFallback(coalesce), circuitBreaker()],
    });
    let running = 0;
    let most = 0;
    const calls = Array.from({ length: 5 }, async (_, at) => {
      await new Promise((resolve) => setTimeout(resolve, at * 200));
      const operation = async () => {
        running += 1;
        most = Math.max(most, running);
        await new Promise((resolve) => setTimeout(resolve, 10_000));
        running -= 1;
      };
      return policy.execute(operation, { cacheKey: `${at}`, timeoutMs: 100 }).catch(({ code }) => code);
    });
    await vi.advanceTimersByTimeAsync(1_000);
    const full = 'BULKHEAD_FULL';
    expect(await Promise.all(calls)).toEqual(['TIMEOUT', full, full, full, full]);
    expect(most).toBe(1);
    expect(inUse(policy)).toBe(1);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(inUse(policy)).toBe(0);
  });

  test('holds one place for one operation: that of who waited longest for it', async () => {
    const policy = testHub().policy('database', {
      strategies: [bulkhead({ maxConcurrent: 3 }), cacheFallback(coalesce)],
    });
    const operation = deferred();
    const ask = (timeoutMs: number) =>
      follow(policy.execute(() => operation.promise, { cacheKey: 'k', timeoutMs }));
    for (const timeoutMs of [100, 200, 300]) ask(timeoutMs);
    const held: unknown[] = [];
    for (let at = 0; at < 3; at += 1) {
      held.push(inUse(policy));
      await vi.advanceTimersByTimeAsync(100);
    }
    expect(held).toEqual([3, 2, 1]);
    expect(inUse(policy)).toBe(1);
    operation.resolve('late');
    await flush();
    expect(inUse(policy)).toBe(0);
  });

  test('holds it for an attempt that timed out within and still runs after the run has ended', async () => {
    const policy = testHub().policy('database', {
      strategies: [
        bulkhead({ maxConcurrent: 2 }),
        cacheFallback(coalesce),
        retry({ maxRetries: 1, baseDelayMs: 1, jitter: 'none' }),
        timeout({ timeoutMs: 50, scope: 'attempt' }),
      ],
    });
    const late = [deferred(), deferred()];
    let attempts = 0;
    const operation = () => late[attempts++]?.promise;
    const calls = [1, 2].map(() => follow(policy.execute(operation, { cacheKey: 'k' })));
    await vi.advanceTimersByTimeAsync(110);
    for (const { now } of calls) expect(now).toMatchObject({ reason: { code: 'TIMEOUT' } });
    // Both operations are held by one, the first.
    expect(inUse(policy)).toBe(1);
    late[0]?.resolve('late');
    await flush();
    expect(inUse(policy)).toBe(1);
    late[1]?.resolve('late');
    await flush();
    expect(inUse(policy)).toBe(0);
  });

  test('holds it for an operation that nobody waits for from the start', async () => {
    const policy = testHub().policy('database', {
      strategies: [bulkhead({ maxConcurrent: 1 }), cacheFallback(coalesce)],
    });
    const caller = new AbortController();
    const operation = () => {
      caller.abort(new Error('enough'));
      return hanging();
    };
    const call = follow(policy.execute(operation, { cacheKey: 'k', signal: caller.signal }));
    await flush();
    expect(call.now).toMatchObject({ reason: { message: 'enough' } });
    expect(inUse(policy)).toBe(1);
    policy.dispose();
  });
});
