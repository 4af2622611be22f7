import { expect, test, vi } from 'vitest';
import { bulkhead } from '../../../src/index.ts';
import { failing, flush, follow } from '../../support.ts';
import { Calls, useBulkhead } from './support.ts';

const current = useBulkhead();
const { made, metric } = current;

test('as many run at once as it allows; more are turned away at once', async () => {
  const policy = made({ maxConcurrent: 2 });
  const calls = new Calls(policy);
  const events: unknown[] = [];
  current.hub.on('rejection', ({ reason, shadow }) => events.push({ reason, shadow }));
  const first = calls.start('a');
  calls.start('b');
  const third = calls.start('c');
  await flush();
  expect(calls.running).toEqual(['a', 'b']);
  expect(third.now).toMatchObject({
    reason: { code: 'BULKHEAD_FULL', policy: 'database', maxConcurrent: 2, maxQueue: 0 },
  });
  expect(events).toEqual([{ reason: 'bulkhead_full', shadow: false }]);
  expect(await metric('bulkhead_in_use')).toBe(2);
  await calls.end('a');
  expect(first.now).toEqual({ status: 'fulfilled', value: 'a' });
  calls.start('d');
  expect(calls.running).toEqual(['b', 'd']);
  expect(policy.stats()).toMatchObject({ calls: { rejected: 1 }, rejections: { bulkhead_full: 1 } });
});

test('shadow mode counts what it would have done, and turns nothing away', async () => {
  const policy = made({ maxConcurrent: 1, maxQueue: 1, mode: 'shadow' });
  const calls = new Calls(policy);
  const shadows: boolean[] = [];
  current.hub.on('rejection', ({ shadow }) => shadows.push(shadow));
  for (const name of ['a', 'b', 'c', 'd']) calls.start(name);
  expect(calls.running).toEqual(['a', 'b', 'c', 'd']);
  expect(await metric('bulkhead_in_use')).toBe(4);
  expect(await metric('shadow_rejections_total')).toBe(2);
  expect(shadows).toEqual([true, true]);
  expect(policy.stats().rejections.bulkhead_full).toBe(0);
  // Those who would have been turned away would not be here to stand in the way.
  await calls.end('a');
  calls.start('e');
  expect(await metric('shadow_rejections_total')).toBe(2);
  expect(policy.explain()).toContain(
    'bulkhead: at most 1 at once, 1 more may wait (shadow: turns nothing away)',
  );
});

test('two of them in one policy are one in the metrics', async () => {
  const policy = current.hub.policy('database', {
    strategies: [
      bulkhead({ maxConcurrent: 5 }),
      bulkhead({ maxConcurrent: 1, mode: 'shadow' }),
      bulkhead({ maxConcurrent: 1, mode: 'shadow' }),
    ],
  });
  const calls = new Calls(policy);
  calls.start('a');
  calls.start('b');
  const metrics = await current.hub.registry.metrics();
  expect(metrics.match(/^breakwater_bulkhead_in_use{.*$/gm)).toEqual([
    'breakwater_bulkhead_in_use{policy="database"} 6',
  ]);
  expect(metrics.match(/^breakwater_shadow_rejections_total{.*$/gm)).toEqual([
    'breakwater_shadow_rejections_total{policy="database",reason="bulkhead_full"} 2',
  ]);
});

test("a layer of the user's own that throws keeps no place", async () => {
  const policy = current.hub.policy('database', {
    strategies: [
      bulkhead({ maxConcurrent: 1 }),
      {
        kind: 'chaos',
        describe: () => 'one that throws',
        bind: (inner) => ({
          outer: inner.outer,
          enter: () => {
            throw new Error('a bug');
          },
          settle() {},
        }),
      },
    ],
  });
  for (let n = 0; n < 3; n += 1) {
    const call = follow(policy.execute(() => 1));
    await flush();
    expect(call.now).toMatchObject({ reason: { message: 'a bug' } });
  }
});

test('each retry takes a place anew, and is none while it waits', async () => {
  const policy = made({ maxConcurrent: 1 }, { retry: { maxRetries: 1, baseDelayMs: 100, jitter: 'none' } });
  const call = follow(policy.execute(failing('down')));
  await flush();
  expect(await policy.execute(() => 'between')).toBe('between');
  await vi.advanceTimersByTimeAsync(110);
  expect(call.now).toMatchObject({ reason: { message: 'down' } });
  expect(policy.stats().attempts.failure).toBe(2);
});

test('says what it does, and what the worst case is', () => {
  expect(made({ maxConcurrent: 3 }).explain()).toContain('bulkhead: at most 3 at once, no queue\n');
  const waits = { maxConcurrent: 3, maxQueue: 5, queueTimeoutMs: 400 };
  const explained = current.hub.policy('reports', {
    bulkhead: waits,
    circuitBreaker: false,
    totalTimeoutMs: false,
    attemptTimeoutMs: 1_000,
  });
  expect(explained.explain()).toContain(
    'bulkhead: at most 3 at once, 5 more may wait, each for up to 400 ms',
  );
  expect(explained.explain()).toContain('at most 1400 ms');
});

test.each([
  [{ maxConcurrent: 0 }, 'bulkhead.maxConcurrent: must be a whole number, 1 or more, not 0'],
  [{ maxQueue: -1 }, 'bulkhead.maxQueue: must be a whole number, 0 or more, not -1'],
  [{ queueTimeoutMs: 0 }, 'bulkhead.queueTimeoutMs: must be a finite number of milliseconds above 0'],
  [{ maxLeaseMs: Number.POSITIVE_INFINITY }, 'bulkhead.maxLeaseMs: must be a finite number'],
])('%j is refused', (options, message) => {
  expect(() => made(options)).toThrow(message);
});
