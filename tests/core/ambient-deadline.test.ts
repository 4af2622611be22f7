import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ambientDeadline } from '../../src/core/ambient-deadline.ts';
import {
  isBreakwaterError,
  remainingDeadlineMs,
  runWithDeadline,
  runWithoutDeadline,
} from '../../src/index.ts';
import { deferred, errorOf, flush, follow, testHub } from '../support.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const never = (): Promise<never> => new Promise(() => {});

describe('runWithDeadline', () => {
  it('gives what the function gives, and throws what it throws', async () => {
    expect(runWithDeadline(100, () => 7)).toBe(7);
    await expect(runWithDeadline(100, async () => 8)).resolves.toBe(8);
    const failure = new Error('broken');
    expect(() =>
      runWithDeadline(100, () => {
        throw failure;
      }),
    ).toThrow(failure);
    await expect(runWithDeadline(100, () => Promise.reject(failure))).rejects.toBe(failure);
  });

  it.each([-1, Number.NaN, Number.POSITIVE_INFINITY, '5', undefined])('refuses %s', (timeoutMs) => {
    const run = (): unknown => Reflect.apply(runWithDeadline, undefined, [timeoutMs, () => 1]);
    expect(run).toThrow(/timeoutMs: must be a finite number of milliseconds, 0 or more/);
    expect(() => Reflect.apply(runWithDeadline, undefined, [5, 'x'])).toThrow(/fn: must be a function/);
  });

  it('tells what is left, also after an await, and only within', async () => {
    expect(remainingDeadlineMs()).toBe(Number.POSITIVE_INFINITY);
    await runWithDeadline(100, async ({ remainingMs }) => {
      expect(remainingDeadlineMs()).toBe(100);
      const slept = new Promise((resolve) => setTimeout(resolve, 30));
      await vi.advanceTimersByTimeAsync(30);
      await slept;
      expect(remainingDeadlineMs()).toBe(70);
      expect(remainingMs()).toBe(70);
      await vi.advanceTimersByTimeAsync(100);
      expect(remainingDeadlineMs()).toBe(0);
    });
    expect(remainingDeadlineMs()).toBe(Number.POSITIVE_INFINITY);
  });

  it('gives the function nothing but the signal and the time left, so that it may be logged whole', () => {
    runWithDeadline(100, (deadline) => {
      expect(deadline.signal.aborted).toBe(false);
      expect(Object.keys(deadline)).toEqual(['signal', 'remainingMs']);
      expect(JSON.stringify(deadline)).toBe('{"signal":{}}');
    });
  });

  it('shows no other calls in a log of what is made within, such as a promise or a socket', () => {
    const policy = testHub().policy('database', { totalTimeoutMs: 500, circuitBreaker: false });
    const another = new AbortController();
    follow(policy.execute(never, { metadata: "another request's", signal: another.signal }));
    runWithDeadline(500, ({ signal }) => {
      expect(signal.aborted).toBe(false);
      expect(inspect(ambientDeadline(), { depth: null })).toBe('[AmbientDeadline]');
      expect(inspect(new AsyncResource('test'), { depth: null })).not.toContain("another request's");
    });
    another.abort();
  });

  it('is only ever shortened by one within', () => {
    runWithDeadline(100, () => {
      expect(runWithDeadline(500, () => remainingDeadlineMs())).toBe(100);
      expect(runWithDeadline(40, () => remainingDeadlineMs())).toBe(40);
      expect(remainingDeadlineMs()).toBe(100);
      expect(runWithoutDeadline(() => remainingDeadlineMs())).toBe(Number.POSITIVE_INFINITY);
    });
  });

  it('holds no more for what outlives it', async () => {
    let later: (() => number) | undefined;
    await runWithDeadline(500, async () => {
      await runWithDeadline(100, async () => {
        later = AsyncLocalStorage.bind(() => remainingDeadlineMs());
        expect(later()).toBe(100);
      });
      expect(later?.()).toBe(500);
    });
    expect(later?.()).toBe(Number.POSITIVE_INFINITY);
  });

  it.each([
    ['a promise that is never settled', never],
    // biome-ignore lint/suspicious/noThenProperty: a query that begins when it is awaited has one.
    ['a thenable that is no promise', () => ({ then: () => {} })],
  ])('holds no more when it has passed 30 s ago, where it was given %s', async (_what, give) => {
    let later: (() => number) | undefined;
    void runWithDeadline(100, () => {
      later = AsyncLocalStorage.bind(() => remainingDeadlineMs());
      return give();
    });
    expect(later?.()).toBe(100);
    await vi.advanceTimersByTimeAsync(30_100);
    expect(later?.()).toBe(0);
    await vi.advanceTimersByTimeAsync(1);
    expect(later?.()).toBe(Number.POSITIVE_INFINITY);
  });

  it('aborts its signal when the time is up, and leaves no timer behind', async () => {
    const { promise, resolve } = deferred();
    let seen: AbortSignal | undefined;
    const run = runWithDeadline(100, ({ signal }) => {
      seen = signal;
      return promise;
    });
    await vi.advanceTimersByTimeAsync(99);
    expect(seen?.aborted).toBe(false);
    await vi.advanceTimersByTimeAsync(11);
    expect(seen?.reason).toMatchObject({ name: 'TimeoutError' });
    resolve(1);
    await run;
    await runWithDeadline(60_000, async ({ signal }) => signal.aborted);
    await vi.advanceTimersByTimeAsync(20);
    expect(vi.getTimerCount()).toBe(0);
    await runWithDeadline(0, async ({ signal }) => expect(signal.aborted).toBe(true));
  });
});

describe('a policy call within a deadline', () => {
  it('is given what is left, and says nothing about the dependency', async () => {
    const policy = testHub().policy('database', { attemptTimeoutMs: 1_000 });
    let signal: AbortSignal | undefined;
    let left: number | undefined;
    const call = follow(
      runWithDeadline(50, () =>
        policy.execute((context) => {
          signal = context.signal;
          left = context.remainingMs();
          return never();
        }),
      ),
    );
    expect(left).toBe(50);
    await vi.advanceTimersByTimeAsync(49);
    expect(call.now.status).toBe('pending');
    await vi.advanceTimersByTimeAsync(11);
    expect(call.now).toMatchObject({ reason: { code: 'TIMEOUT', scope: 'total', timeoutMs: 50 } });
    expect(signal?.aborted).toBe(true);
    expect(policy.stats()).toMatchObject({ calls: { timeout: 1 }, attempts: { ignored: 1 } });
    expect(policy.circuit.window.attempts).toBe(0);
  });

  it('is judged as a failure where it had as long as an attempt may take', async () => {
    const policy = testHub().policy('database', {
      attemptTimeoutMs: false,
      totalTimeoutMs: 1_000,
      retry: {},
    });
    const within = testHub().policy('other', { attemptTimeoutMs: 20, totalTimeoutMs: 1_000 });
    const calls = runWithDeadline(50, () =>
      Promise.allSettled([policy.execute(never), within.execute(never)]),
    );
    await vi.advanceTimersByTimeAsync(70);
    await calls;
    expect(policy.stats().attempts).toMatchObject({ ignored: 1 });
    expect(within.stats().attempts).toMatchObject({ timeout: 1 });
  });

  it('rejects at once, without an attempt, when nothing is left', async () => {
    const policy = testHub().policy('database', { retry: {} });
    const operation = vi.fn(() => 1);
    const error = await runWithDeadline(0, () => errorOf(policy.execute(operation)));
    expect(isBreakwaterError(error, 'TIMEOUT') && [error.scope, error.timeoutMs, error.message]).toEqual([
      'total',
      0,
      "Policy 'database' gave up: nothing was left of the deadline that it was called under.",
    ]);
    expect(operation).not.toHaveBeenCalled();
    expect(policy.stats()).toMatchObject({ calls: { timeout: 1 }, callsInFlight: 0 });
    expect(vi.getTimerCount()).toBe(0);
  });

  it('takes the shortest of policy, call and deadline', async () => {
    const policy = testHub().policy('database', { totalTimeoutMs: 100 });
    const timeoutOf = async (deadlineMs: number, timeoutMs: number | undefined): Promise<unknown> => {
      const error = runWithDeadline(deadlineMs, () => errorOf(policy.execute(never, { timeoutMs })));
      await vi.advanceTimersByTimeAsync(120);
      const settled = await error;
      return isBreakwaterError(settled, 'TIMEOUT') && settled.timeoutMs;
    };
    expect(await timeoutOf(200, undefined)).toBe(100);
    expect(await timeoutOf(200, 60)).toBe(60);
    expect(await timeoutOf(40, 60)).toBe(40);
  });

  it('starts no retry that the deadline leaves no time for', async () => {
    const policy = testHub().policy('database', { retry: { baseDelayMs: 200, jitter: 'none' } });
    const operation = vi.fn(() => Promise.reject(new Error('down')));
    const error = await runWithDeadline(100, () => errorOf(policy.execute(operation)));
    expect(error).toMatchObject({ message: 'down' });
    expect(operation).toHaveBeenCalledTimes(1);
  });

  it('gives each of its attempts its own deadline, whoever lets it run', async () => {
    const policy = testHub().policy('database', {
      attemptTimeoutMs: 20,
      retry: { maxRetries: 1, baseDelayMs: 5, jitter: 'none' },
    });
    const seen: number[] = [];
    const operation = (): Promise<never> => {
      seen.push(remainingDeadlineMs());
      return never();
    };
    // The first arms the timer that they share, in its own context.
    const first = follow(runWithDeadline(500, () => policy.execute(operation)));
    const second = follow(runWithDeadline(300, () => policy.execute(operation)));
    const third = follow(policy.execute(operation));
    await vi.advanceTimersByTimeAsync(100);
    for (const { now } of [first, second, third]) expect(now.status).toBe('rejected');
    expect(seen.slice(0, 3)).toEqual([500, 300, Number.POSITIVE_INFINITY]);
    expect(seen[3]).toBeLessThan(500);
    expect(seen[4]).toBeLessThan(300);
    expect(seen[5]).toBe(Number.POSITIVE_INFINITY);
  });

  it('does not blame the policy around it when one within sees the deadline first', async () => {
    const hub = testHub();
    const outer = hub.policy('service', { retry: {} });
    const inner = hub.policy('database');
    const operation = vi.fn(async () => {
      await new Promise((resolve) => setTimeout(resolve, 49));
      // Something blocks the process for a while, so that its timer is late.
      vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 6);
      return inner.execute(() => 1);
    });
    const call = follow(runWithDeadline(50, () => outer.execute(operation)));
    await vi.advanceTimersByTimeAsync(49);
    vi.mocked(performance.now).mockRestore();
    expect(call.now).toMatchObject({ status: 'rejected', reason: { code: 'TIMEOUT' } });
    expect(operation).toHaveBeenCalledTimes(1);
    expect(outer.stats()).toMatchObject({ calls: { timeout: 1 }, attempts: { ignored: 1 } });
    expect(outer.circuit.window.attempts).toBe(0);
  });
});

describe('a run that several calls share', () => {
  it("is under nobody's deadline, while each waits under its own", async () => {
    const policy = testHub().policy('database', {
      cacheFallback: { coalesce: true },
      attemptTimeoutMs: 1_000,
    });
    const { promise, resolve } = deferred();
    let left: number | undefined;
    const operation = (): Promise<unknown> => {
      left = remainingDeadlineMs();
      return promise;
    };
    const leader = follow(runWithDeadline(50, () => policy.execute(operation, { cacheKey: 'a' })));
    const other = follow(policy.execute(operation, { cacheKey: 'a' }));
    expect(left).toBe(Number.POSITIVE_INFINITY);
    await vi.advanceTimersByTimeAsync(60);
    expect(leader.now).toMatchObject({ reason: { code: 'TIMEOUT', timeoutMs: 50 } });
    expect(other.now.status).toBe('pending');
    resolve(7);
    await flush();
    expect(other.now).toEqual({ status: 'fulfilled', value: 7 });
  });
});

describe('what nobody waits for', () => {
  it('has no deadline: a value is put into a store in its own time', async () => {
    const seen: [string, number][] = [];
    const note = (what: string): void => void seen.push([what, remainingDeadlineMs()]);
    const store = {
      get: () => {
        note('get');
        return undefined;
      },
      set: () => note('set'),
      delete: () => {},
    };
    const policy = testHub().policy('database', { cacheFallback: { store, freshForMs: 1_000 } });
    await runWithDeadline(500, () => policy.execute(() => 1, { cacheKey: 'a' }));
    expect(seen).toEqual([
      ['get', 500],
      ['set', Number.POSITIVE_INFINITY],
    ]);
  });
});
