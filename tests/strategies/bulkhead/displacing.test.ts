import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { follow, testHub } from '../../support.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const made = () =>
  testHub().policy('database', {
    bulkhead: { maxConcurrent: 2, maxQueue: 1 },
    hedge: { delayMs: 20, maxExtraLoad: 1 },
    circuitBreaker: false,
  });
const wait = (ms: number) => () => new Promise((resolve) => setTimeout(resolve, ms, 'done'));
const once = { idempotent: false } as const;

test('a hedge beside a run under way takes the place of nobody in the queue', async () => {
  const policy = made();
  const hedged = follow(policy.execute(wait(100)));
  follow(policy.execute(wait(500), once));
  const low = follow(policy.execute(() => 'low', { ...once, priority: 'low' }));
  await vi.advanceTimersByTimeAsync(50);
  expect(low.now.status).toBe('pending');
  expect(policy.stats().rejections.bulkhead_full).toBe(1);
  await vi.advanceTimersByTimeAsync(60);
  expect(hedged.now).toEqual({ status: 'fulfilled', value: 'done' });
  expect(low.now).toEqual({ status: 'fulfilled', value: 'low' });
  await vi.advanceTimersByTimeAsync(500);
});

test('one that is the only run left, as after a timeout, does like the call itself', async () => {
  const policy = testHub().policy('database', {
    bulkhead: { maxConcurrent: 1, maxQueue: 1 },
    hedge: { delayMs: 1_000, maxExtraLoad: 1 },
    circuitBreaker: false,
    attemptTimeoutMs: 50,
  });
  // It takes no notice of its signal, and keeps its place.
  const call = follow(policy.execute(wait(200), { priority: 'high' }));
  const low = follow(policy.execute(() => 'low', { ...once, priority: 'low' }));
  await vi.advanceTimersByTimeAsync(70);
  expect(low.now).toMatchObject({ reason: { code: 'BULKHEAD_FULL' } });
  expect(call.now.status).toBe('pending');
  await vi.advanceTimersByTimeAsync(1_000);
});
