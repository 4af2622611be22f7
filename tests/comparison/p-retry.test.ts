import pRetry from 'p-retry';
import pTimeout, { TimeoutError } from 'p-timeout';
import { describe, expect, it, vi } from 'vitest';
import { BEYOND_TIMERS_MS, fail, outcomeOf, overflowing, useHub } from './support.ts';

const current = useHub();

function throwing(value: unknown): () => never {
  return () => {
    throw value;
  };
}

describe('an AbortError of the web platform', () => {
  const aborted = new DOMException('the user left', 'AbortError');

  it('is repeated by p-retry', async () => {
    const operation = vi.fn(throwing(aborted));
    const call = outcomeOf(pRetry(operation, { retries: 2, minTimeout: 10 }));
    await vi.advanceTimersByTimeAsync(1_000);
    await call;
    expect(operation).toHaveBeenCalledTimes(3);
  });

  it("ends the retrying in breakwater where it is the caller's own", async () => {
    const caller = new AbortController();
    const policy = current.hub.policy('p', { retry: { maxRetries: 2, baseDelayMs: 10 } });
    const operation = vi.fn(() => {
      caller.abort(aborted);
      throw aborted;
    });
    const call = outcomeOf(policy.execute(operation, { signal: caller.signal }));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await call).toBe('error: AbortError: the user left');
    expect(operation).toHaveBeenCalledTimes(1);
  });
});

describe('something thrown that is no Error', () => {
  it('becomes a TypeError in p-retry', async () => {
    expect(await outcomeOf(pRetry(throwing('text')))).toMatch(/^error: TypeError: Non-error was thrown/);
  });

  it('stays what it is in breakwater', async () => {
    const policy = current.hub.policy('p', { retry: { maxRetries: 1, baseDelayMs: 10 } });
    const call = outcomeOf(policy.execute(throwing('text')));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await call).toBe('error: text');
  });
});

describe('jitter once the waits have reached the cap', () => {
  it('is gone in p-retry', async () => {
    const waits: number[] = [];
    const call = outcomeOf(
      pRetry(fail, {
        retries: 6,
        minTimeout: 1_000,
        maxTimeout: 1_000,
        randomize: true,
        onFailedAttempt: () => {
          waits.push(Date.now());
        },
      }),
    );
    await vi.runAllTimersAsync();
    await call;
    const gaps = waits.slice(1).map((at, index) => at - (waits[index] ?? 0));
    expect(gaps).toEqual([1_000, 1_000, 1_000, 1_000, 1_000, 1_000]);
  });

  it('stays in breakwater', async () => {
    const gaps: number[] = [];
    current.hub.on('retry', ({ waitMs }) => gaps.push(waitMs));
    const retry = { maxRetries: 6, baseDelayMs: 1_000, maxDelayMs: 1_000 };
    const policy = current.hub.policy('p', { retry, circuitBreaker: false });
    const call = outcomeOf(policy.execute(fail));
    await vi.advanceTimersByTimeAsync(10_000);
    await call;
    expect(gaps).toHaveLength(6);
    expect(new Set(gaps).size).toBeGreaterThan(3);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(1_000);
  });
});

describe('an outage', () => {
  it('is met with every retry of every call by p-retry', async () => {
    const operation = vi.fn(fail);
    const calls = Array.from({ length: 100 }, () =>
      outcomeOf(pRetry(operation, { retries: 3, minTimeout: 10 })),
    );
    await vi.advanceTimersByTimeAsync(1_000);
    await Promise.all(calls);
    expect(operation).toHaveBeenCalledTimes(400);
  });

  it('is met with a budget of 20 % more attempts by breakwater', async () => {
    const operation = vi.fn(fail);
    const policy = current.hub.policy('p', {
      retry: { maxRetries: 3, baseDelayMs: 10 },
      circuitBreaker: false,
    });
    const calls = Array.from({ length: 100 }, () => outcomeOf(policy.execute(operation)));
    await vi.advanceTimersByTimeAsync(1_000);
    await Promise.all(calls);
    expect(operation).toHaveBeenCalledTimes(120);
  });
});

describe('p-timeout', () => {
  it('leaves the operation to run on, since it is given a promise only', async () => {
    const written = vi.fn();
    const operation = async () => {
      await new Promise((resolve) => setTimeout(resolve, 50));
      written();
    };
    const call = outcomeOf(pTimeout(operation(), { milliseconds: 10 }));
    await vi.advanceTimersByTimeAsync(100);
    expect(await call).toBe('error: TimeoutError: Promise timed out after 10 milliseconds');
    expect(written).toHaveBeenCalledTimes(1);
  });

  it('fires at once for a time past 2^31 ms', async () => {
    vi.useRealTimers();
    const soon = new Promise((resolve) => setTimeout(resolve, 50, 'fine'));
    await overflowing(() =>
      expect(pTimeout(soon, { milliseconds: BEYOND_TIMERS_MS })).rejects.toBeInstanceOf(TimeoutError),
    );
  });
});
