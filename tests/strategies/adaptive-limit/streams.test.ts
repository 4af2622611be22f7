import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Policy } from '../../../src/index.ts';
import { deferred, follow } from '../../support.ts';
import { inUse, limited, limitOf, load, wait } from './support.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('takes the time until a stream begins, not until its consumer has had enough', async () => {
  const policy = limited();
  await load(policy, 20, 50, 10);
  const before = limitOf(policy) ?? 0;
  async function* chunks() {
    yield 'first';
    await wait(2_000)();
    yield 'last';
  }
  const consume = async (): Promise<void> => {
    const stream = await policy.execute(
      async () => {
        await wait(50)();
        return chunks();
      },
      { until: 'end' },
    );
    for await (const _chunk of stream) {
      // Read to its end.
    }
  };
  for (let round = 0; round < 10; round += 1) {
    const consumers = Array.from({ length: 18 }, () => follow(consume()));
    await vi.advanceTimersByTimeAsync(60);
    expect(inUse(policy)).toBe(18);
    await vi.advanceTimersByTimeAsync(2_100);
    expect(consumers.every(({ now }) => now.status === 'fulfilled')).toBe(true);
  }
  expect(limitOf(policy)).toBeGreaterThanOrEqual(before);
  expect(inUse(policy)).toBe(0);
});

/** Streams that begin after so long, give one chunk, and then nothing more until they are let go. */
function streaming(policy: Policy, count: number, beginMs: number) {
  const gate = deferred();
  async function* chunks() {
    yield 'first';
    await gate.promise;
  }
  const consume = async (): Promise<void> => {
    const stream = await policy.execute(
      async () => {
        await wait(beginMs)();
        return chunks();
      },
      { until: 'end', idleTimeoutMs: 5_000 },
    );
    for await (const _chunk of stream) {
      // Read to its end.
    }
  };
  const consumers = Array.from({ length: count }, () => follow(consume()));
  return { gate, consumers };
}

test('learns of a stream when it begins, not when it ends', async () => {
  const policy = limited({ maxLimit: 40 });
  await load(policy, 20, 50, 10);
  const before = limitOf(policy) ?? 0;
  const { gate } = streaming(policy, before, 1_000);
  await vi.advanceTimersByTimeAsync(1_010);
  expect(inUse(policy)).toBe(before);
  const slow = limitOf(policy) ?? 0;
  expect(slow).toBeLessThan(before);
  gate.resolve('end');
  await vi.advanceTimersByTimeAsync(10);
  expect(inUse(policy)).toBe(0);
  expect(limitOf(policy)).toBe(slow);
});

test('takes no stream that stalls later for a call that took too long', async () => {
  const policy = limited({ algorithm: 'vegas' });
  await load(policy, 20, 50, 10);
  const before = limitOf(policy) ?? 0;
  const { consumers } = streaming(policy, before, 50);
  await vi.advanceTimersByTimeAsync(60);
  const begun = limitOf(policy) ?? 0;
  expect(begun).toBeGreaterThan(before);
  await vi.advanceTimersByTimeAsync(5_100);
  expect(consumers.every(({ now }) => now.status === 'rejected')).toBe(true);
  expect(limitOf(policy)).toBe(begun);
});
