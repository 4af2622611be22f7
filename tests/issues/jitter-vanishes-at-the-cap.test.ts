import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { failing, follow, testHub } from '../support.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test.each(['full', 'equal', 'decorrelated'] as const)(
  'with %s jitter, waits at the cap still differ',
  async (jitter) => {
    const hub = testHub();
    const waits: number[] = [];
    hub.on('retry', ({ waitMs }) => waits.push(waitMs));
    const policy = hub.policy('upstream', {
      retry: {
        maxRetries: 60,
        baseDelayMs: 100,
        maxDelayMs: 1_000,
        jitter,
        budget: { ratio: 1, floor: 1_000 },
      },
      totalTimeoutMs: false,
      circuitBreaker: false,
    });
    follow(policy.execute(failing()));
    await vi.advanceTimersByTimeAsync(60_000);
    const capped = waits.slice(10);
    expect(capped.length).toBe(50);
    expect(Math.max(...capped)).toBeLessThanOrEqual(1_000);
    expect(capped.filter((wait) => wait === 1_000).length).toBeLessThan(5);
    expect(new Set(capped).size).toBeGreaterThan(40);
    expect(Math.max(...capped) - Math.min(...capped)).toBeGreaterThan(300);
  },
);
