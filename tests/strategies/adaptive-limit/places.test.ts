import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { adaptiveLimit, retry } from '../../../src/index.ts';
import { deferred, errorOf, follow, testHub } from '../../support.ts';
import { inUse, limited, ok } from './support.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('a place', () => {
  test('is held until an operation that was given up really ends', async () => {
    const policy = limited({ initialLimit: 1 }, { attemptTimeoutMs: 100 });
    const gate = deferred();
    const call = follow(policy.execute(() => gate.promise));
    await vi.advanceTimersByTimeAsync(120);
    expect(call.now).toMatchObject({ status: 'rejected', reason: { code: 'TIMEOUT' } });
    expect(inUse(policy)).toBe(1);
    expect(await errorOf(policy.execute(ok))).toMatchObject({ code: 'LIMIT_REACHED' });
    gate.resolve('late');
    await vi.advanceTimersByTimeAsync(0);
    expect(inUse(policy)).toBe(0);
    await expect(policy.execute(ok)).resolves.toBe('ok');
  });

  test('is taken back, once, from an operation that never ends', async () => {
    const hub = testHub();
    const reports: string[] = [];
    hub.on('internal-error', ({ component }) => reports.push(component));
    const policy = hub.policy('upstream', {
      circuitBreaker: false,
      attemptTimeoutMs: 100,
      adaptiveLimit: { initialLimit: 1, maxLeaseMs: 5_000 },
    });
    const gate = deferred();
    follow(policy.execute(() => gate.promise));
    await vi.advanceTimersByTimeAsync(4_000);
    expect(await errorOf(policy.execute(ok))).toMatchObject({ code: 'LIMIT_REACHED' });
    expect(reports).toEqual([]);
    await vi.advanceTimersByTimeAsync(1_200);
    await expect(policy.execute(ok)).resolves.toBe('ok');
    expect(reports).toEqual(['adaptive-limit']);
    expect(inUse(policy)).toBe(0);
    gate.resolve('very late');
    await vi.advanceTimersByTimeAsync(0);
    expect(inUse(policy)).toBe(0);
  });

  test('is given back by operations that throw, answer at once, or are aborted', async () => {
    const policy = limited({ initialLimit: 3 });
    await errorOf(
      policy.execute(() => {
        throw new Error('at once');
      }),
    );
    await policy.execute(() => 'at once');
    const controller = new AbortController();
    const call = policy.execute(
      ({ signal }) => {
        const gate = deferred();
        signal.addEventListener('abort', () => gate.reject(signal.reason));
        return gate.promise;
      },
      { signal: controller.signal },
    );
    controller.abort(new Error('enough'));
    expect(await errorOf(call)).toMatchObject({ message: 'enough' });
    await vi.advanceTimersByTimeAsync(0);
    expect(inUse(policy)).toBe(0);
  });

  test('is free again when the caller hears of it', async () => {
    const policy = limited({ initialLimit: 1, maxLimit: 1 });
    for (let call = 0; call < 5; call += 1) await expect(policy.execute(() => call)).resolves.toBe(call);
    const hub = testHub();
    const chained = hub.policy('chained', {
      circuitBreaker: false,
      adaptiveLimit: { initialLimit: 1, maxLimit: 1 },
    });
    let second: Promise<unknown> | undefined;
    hub.on('call', () => {
      second ??= chained.execute(ok);
    });
    await chained.execute(() => 'at once');
    await expect(second).resolves.toBe('ok');
  });

  test('one place is taken by all attempts within, and kept for each that still runs', async () => {
    const policy = testHub().policy('upstream', {
      strategies: [
        adaptiveLimit({ initialLimit: 1 }),
        retry({ maxRetries: 1, baseDelayMs: 10, jitter: 'none' }),
      ],
    });
    const call = follow(policy.execute(({ attempt }) => (attempt === 1 ? Promise.reject('x') : 'done')));
    expect(inUse(policy)).toBe(1);
    await vi.advanceTimersByTimeAsync(20);
    expect(call.now).toMatchObject({ value: 'done' });
    expect(inUse(policy)).toBe(0);
  });
});
