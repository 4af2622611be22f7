import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { CacheCodec, OperationContext } from '../../../src/index.ts';
import { testHub } from '../../support.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A policy whose coalesced calls may not share a value, and an operation that takes 30 ms for the next number. */
function setUp(mayShare: NonNullable<CacheCodec['mayShare']> = () => false) {
  const hub = testHub();
  const codec: CacheCodec = {
    encode: (value) => ({ stored: value }),
    decode: (stored, { source }) => `${stored} (${source})`,
    mayShare,
  };
  const policy = hub.policy('a', {
    retry: false,
    circuitBreaker: false,
    attemptTimeoutMs: false,
    totalTimeoutMs: false,
    cacheFallback: { coalesce: true, codec },
  });
  const signals: AbortSignal[] = [];
  const operation = ({ signal }: OperationContext) => {
    signals.push(signal);
    const n = signals.length;
    return new Promise<number>((resolve) => setTimeout(resolve, 30, n));
  };
  return { hub, policy, signals, operation };
}

const told = (answer: Promise<unknown>) => answer.catch((error: Error) => error.message);

describe('a value that may not be shared', () => {
  it('goes to the first of the coalesced calls, and each other has a run of its own', async () => {
    const { policy, operation, signals } = setUp();
    const answers = Promise.all([1, 2, 3].map(() => policy.execute(operation, { cacheKey: 'k' })));
    await vi.advanceTimersByTimeAsync(30);
    expect(signals).toHaveLength(3);
    await vi.advanceTimersByTimeAsync(30);
    expect(await answers).toEqual([1, 2, 3]);
    expect(policy.stats()).toMatchObject({ calls: { success: 3 }, callsInFlight: 0, attemptsInFlight: 0 });
    expect(vi.getTimerCount()).toBe(0);
  });

  it('goes to the first that still waits', async () => {
    const { policy, operation, signals } = setUp();
    const caller = new AbortController();
    const first = told(policy.execute(operation, { cacheKey: 'k', signal: caller.signal }));
    const second = policy.execute(operation, { cacheKey: 'k' });
    await vi.advanceTimersByTimeAsync(10);
    caller.abort(new Error('enough'));
    await vi.advanceTimersByTimeAsync(20);
    expect([await first, await second, signals.length]).toEqual(['enough', 1, 1]);
  });

  it('leaves the others the deadlines that they began with', async () => {
    const { policy, operation, signals } = setUp();
    const first = policy.execute(operation, { cacheKey: 'k' });
    const hurried = told(policy.execute(operation, { cacheKey: 'k', timeoutMs: 50 }));
    const third = policy.execute(operation, { cacheKey: 'k', timeoutMs: 70 });
    let settledAt = 0;
    const begun = performance.now();
    const noted = hurried.then(() => {
      settledAt = performance.now() - begun;
    });
    await vi.advanceTimersByTimeAsync(80);
    await noted;
    expect([await first, await third]).toEqual([1, 3]);
    expect(await hurried).toContain('50 ms');
    expect(settledAt).toBeLessThan(60);
    expect(signals.map(({ aborted }) => aborted)).toEqual([false, true, false]);
  });

  it("ends a caller's own run when that caller aborts, and no other", async () => {
    const { policy, operation, signals } = setUp();
    const caller = new AbortController();
    const first = policy.execute(operation, { cacheKey: 'k' });
    const second = told(policy.execute(operation, { cacheKey: 'k', signal: caller.signal }));
    const third = policy.execute(operation, { cacheKey: 'k' });
    await vi.advanceTimersByTimeAsync(40);
    caller.abort(new Error('enough'));
    await vi.advanceTimersByTimeAsync(30);
    expect([await first, await second, await third]).toEqual([1, 'enough', 3]);
    expect(signals.map(({ aborted }) => aborted)).toEqual([false, true, false]);
  });

  it('is what nobody can tell, which is reported', async () => {
    const { hub, policy, operation } = setUp(() => {
      throw new Error('no idea');
    });
    const reported: unknown[] = [];
    hub.on('internal-error', ({ component, error }) => reported.push(component, String(error)));
    const answers = Promise.all([1, 2].map(() => policy.execute(operation, { cacheKey: 'k' })));
    await vi.advanceTimersByTimeAsync(60);
    expect(await answers).toEqual([1, 2]);
    expect(reported).toEqual(['cache-store', 'Error: no idea']);
  });

  it('is remembered in each run, and asked about only where somebody joined', async () => {
    const asked: unknown[] = [];
    const { policy, operation } = setUp((value) => asked.push(value) < 0);
    const answers = Promise.all([1, 2].map(() => policy.execute(operation, { cacheKey: 'k' })));
    await vi.advanceTimersByTimeAsync(60);
    await answers;
    expect(asked).toEqual([1]);
    const failing = () => Promise.reject(new Error('down'));
    expect(await policy.execute(failing, { cacheKey: 'k' })).toBe('2 (stale)');
  });
});
