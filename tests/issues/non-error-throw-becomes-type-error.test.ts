import { expect, test } from 'vitest';
import { errorOf, testHub } from '../support.ts';

const thrown: readonly unknown[] = ['a string', 7, 0, '', null, undefined, { code: 'E' }, Symbol('s'), 7n];

test.each(thrown.map((value) => [value]))(
  '%s, thrown by an operation, reaches the caller as it is',
  async (value) => {
    const policy = testHub().policy('upstream', {
      retry: { maxRetries: 2, baseDelayMs: 0 },
      circuitBreaker: { consecutiveFailures: 100 },
    });
    let runs = 0;
    expect(
      await errorOf(
        policy.execute(() => {
          runs += 1;
          throw value;
        }),
      ),
    ).toBe(value);
    expect(runs).toBe(3);
    expect(await errorOf(policy.execute(() => Promise.reject(value)))).toBe(value);
  },
);

test.each(thrown.filter((value) => value !== undefined).map((value) => [value]))(
  '%s, the reason of an abort, reaches the caller as it is',
  async (value) => {
    const policy = testHub().policy('upstream', { retry: { maxRetries: 2, baseDelayMs: 10_000 } });
    const controller = new AbortController();
    const attempt = errorOf(policy.execute(() => new Promise(() => {}), { signal: controller.signal }));
    const backoff = errorOf(
      policy.execute(() => Promise.reject(new Error('down')), { signal: controller.signal }),
    );
    await new Promise((resolve) => setImmediate(resolve));
    controller.abort(value);
    expect(await attempt).toBe(value);
    expect(await backoff).toBe(value);
    expect(await errorOf(policy.execute(() => 'unused', { signal: controller.signal }))).toBe(value);
  },
);
