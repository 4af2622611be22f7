import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { BulkheadOptions, Policy } from '../../../src/index.ts';
import { deferred, flush, follow, sampleOf, testHub } from '../../support.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const made = (options: BulkheadOptions): Policy =>
  testHub().policy('database', {
    bulkhead: options,
    circuitBreaker: false,
    totalTimeoutMs: false,
    attemptTimeoutMs: false,
  });

const wait = (ms: number) => () => new Promise((resolve) => setTimeout(resolve, ms));
const counted = (policy: Policy) => sampleOf(policy, 'shadow_rejections_total') ?? 0;

test.each([
  { maxConcurrent: 1, maxQueue: 100, queueTimeoutMs: 10, calls: 20, everyMs: 0, ms: 100 },
  { maxConcurrent: 2, maxQueue: 3, queueTimeoutMs: 50, calls: 20, everyMs: 0, ms: 100 },
  { maxConcurrent: 1, maxQueue: 5, queueTimeoutMs: 150, calls: 3, everyMs: 10, ms: 200 },
  { maxConcurrent: 1, maxQueue: 5, queueTimeoutMs: 150, calls: 10, everyMs: 100, ms: 100 },
])(
  'counts those who would wait for too long as it would turn them away: %j',
  async ({ calls, everyMs, ms, ...options }) => {
    const turnedAway: (number | undefined)[] = [];
    for (const mode of ['enforce', 'shadow'] as const) {
      const policy = made({ ...options, mode });
      for (let call = 0; call < calls; call += 1) {
        follow(policy.execute(wait(ms)));
        await vi.advanceTimersByTimeAsync(everyMs);
      }
      await vi.advanceTimersByTimeAsync(1_000);
      turnedAway.push(mode === 'shadow' ? counted(policy) : policy.stats().rejections.bulkhead_full);
      expect(sampleOf(policy, 'bulkhead_in_use')).toBe(0);
    }
    expect(turnedAway[1]).toBe(turnedAway[0]);
  },
);

test('whose turn has come waits no longer, and each is counted once', async () => {
  const policy = made({ maxConcurrent: 1, maxQueue: 10, queueTimeoutMs: 50, mode: 'shadow' });
  const gates = [0, 1, 2].map(() => {
    const gate = deferred();
    follow(policy.execute(() => gate.promise));
    return gate;
  });
  await vi.advanceTimersByTimeAsync(40);
  gates[0]?.resolve(1);
  await vi.advanceTimersByTimeAsync(40);
  // The second has had a place since, the third has waited for too long.
  follow(policy.execute(wait(1)));
  expect(counted(policy)).toBe(1);
  for (const gate of gates) gate.resolve(1);
  await vi.advanceTimersByTimeAsync(100);
  expect(counted(policy)).toBe(1);
});

test.each([undefined, 1_000])(
  'who was given up in the queue takes no place, also while its operation still runs (queueTimeoutMs: %s)',
  async (queueTimeoutMs) => {
    const policy = made({ maxConcurrent: 1, maxQueue: 1, queueTimeoutMs, mode: 'shadow' });
    follow(policy.execute(wait(500)));
    follow(policy.execute(wait(500), { timeoutMs: 50 }));
    await vi.advanceTimersByTimeAsync(70);
    expect(sampleOf(policy, 'bulkhead_in_use')).toBe(2);
    follow(policy.execute(wait(1)));
    expect(counted(policy)).toBe(0);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(sampleOf(policy, 'bulkhead_in_use')).toBe(0);
  },
);

test('who was given up when its turn had come keeps its place', async () => {
  const policy = made({ maxConcurrent: 1, maxQueue: 1, mode: 'shadow' });
  follow(policy.execute(wait(50)));
  follow(policy.execute(wait(500), { timeoutMs: 100 }));
  await vi.advanceTimersByTimeAsync(150);
  for (let call = 0; call < 2; call += 1) follow(policy.execute(wait(10)));
  expect(counted(policy)).toBe(1);
  await vi.advanceTimersByTimeAsync(500);
});

test('one whose lease ran out while it would wait is out for good', async () => {
  const policy = made({
    maxConcurrent: 1,
    maxQueue: 1,
    queueTimeoutMs: 300,
    maxLeaseMs: 100,
    mode: 'shadow',
  });
  for (const timeoutMs of [50, undefined]) follow(policy.execute(wait(1_000), { timeoutMs }));
  await vi.advanceTimersByTimeAsync(1_100);
  expect(sampleOf(policy, 'bulkhead_in_use')).toBe(0);
  for (let call = 0; call < 2; call += 1) follow(policy.execute(wait(10)));
  expect(counted(policy)).toBe(0);
  follow(policy.execute(wait(10)));
  expect(counted(policy)).toBe(1);
  await vi.advanceTimersByTimeAsync(100);
});

test('gives an operation that would wait no less time, and forgets who waits when it is put in force', async () => {
  const policy = made({ maxConcurrent: 1, maxQueue: 10, queueTimeoutMs: 50, mode: 'shadow' });
  follow(policy.execute(wait(200)));
  let remainingMs = 0;
  follow(
    policy.execute((context) => {
      remainingMs = context.remainingMs();
      return wait(200)();
    }),
  );
  await flush();
  expect(remainingMs).toBe(Number.POSITIVE_INFINITY);
  policy.update({ bulkhead: { mode: 'enforce' } });
  await vi.advanceTimersByTimeAsync(1_000);
  expect([policy.stats().rejections.bulkhead_full, counted(policy)]).toEqual([0, 0]);
});
