import { describe, expect, test, vi } from 'vitest';
import { deadlines } from '../../../src/core/deadlines.ts';
import { deferred, flush, follow, hanging } from '../../support.ts';
import { useBulkhead } from './support.ts';

const current = useBulkhead();
const { made, metric } = current;

describe('a place is held until the operation really ends', () => {
  test('also when its caller has long been answered', async () => {
    const policy = made({ maxConcurrent: 1 }, { attemptTimeoutMs: 100 });
    const operation = deferred();
    const slow = follow(policy.execute(() => operation.promise));
    await vi.advanceTimersByTimeAsync(150);
    expect(slow.now).toMatchObject({ reason: { code: 'TIMEOUT', scope: 'attempt' } });
    expect(await metric('bulkhead_in_use')).toBe(1);
    const during = follow(policy.execute(() => 1));
    await flush();
    expect(during.now).toMatchObject({ reason: { code: 'BULKHEAD_FULL' } });
    operation.resolve('late');
    await flush();
    expect(await metric('bulkhead_in_use')).toBe(0);
    expect(await policy.execute(() => 2)).toBe(2);
    await vi.advanceTimersByTimeAsync(20);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('and then goes to who waits for it', async () => {
    const policy = made({ maxConcurrent: 1, maxQueue: 1 }, { attemptTimeoutMs: 100 });
    const operation = deferred();
    follow(policy.execute(() => operation.promise));
    await vi.advanceTimersByTimeAsync(150);
    const waiting = follow(policy.execute(() => 'in'));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(waiting.now.status).toBe('pending');
    operation.reject(new Error('late'));
    await flush();
    expect(waiting.now).toEqual({ status: 'fulfilled', value: 'in' });
  });

  test('but no longer than its lease: then it is reported, and the place given to another', async () => {
    const policy = made({ maxConcurrent: 1, maxQueue: 1, maxLeaseMs: 1_000 }, { attemptTimeoutMs: 100 });
    const reports: unknown[] = [];
    current.hub.on('internal-error', ({ component, error }) =>
      reports.push({ component, error: String(error) }),
    );
    const operation = deferred();
    follow(policy.execute(() => operation.promise));
    await vi.advanceTimersByTimeAsync(500);
    const waiting = follow(policy.execute(() => 'in'));
    await vi.advanceTimersByTimeAsync(499);
    expect(waiting.now.status).toBe('pending');
    await vi.advanceTimersByTimeAsync(2);
    expect(waiting.now).toEqual({ status: 'fulfilled', value: 'in' });
    expect(reports).toEqual([
      { component: 'bulkhead', error: expect.stringContaining('did not end within the 1000 ms') },
    ]);
    expect(await metric('bulkhead_expired_leases_total')).toBe(1);
    operation.resolve('very late');
    await flush();
    expect(await metric('bulkhead_in_use')).toBe(0);
    await vi.advanceTimersByTimeAsync(20);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('a lease that runs out is noticed with nobody waiting, and keeps no process alive', async () => {
    const policy = made({ maxConcurrent: 1, maxLeaseMs: 1_000 }, { attemptTimeoutMs: 100 });
    follow(policy.execute(hanging));
    await vi.advanceTimersByTimeAsync(200);
    expect(deadlines.waiting).toBe(0);
    await vi.advanceTimersByTimeAsync(800);
    expect(await metric('bulkhead_expired_leases_total')).toBe(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('a call that is under way loses a place to its lease where the options say how long', async () => {
    const policy = made({ maxConcurrent: 1, maxLeaseMs: 1_000 }, { attemptTimeoutMs: false });
    const long = deferred();
    const first = follow(policy.execute(() => long.promise));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await policy.execute(() => 'second')).toBe('second');
    long.resolve('first');
    await flush();
    expect(first.now).toEqual({ status: 'fulfilled', value: 'first' });
    expect(await metric('bulkhead_in_use')).toBe(0);
  });

  test('who waits gets the place of a call that is under way when its lease runs out, with nobody else coming', async () => {
    const policy = made({ maxConcurrent: 1, maxQueue: 1, maxLeaseMs: 1_000 }, { attemptTimeoutMs: false });
    follow(policy.execute(hanging));
    const waiting = follow(policy.execute(() => 'in'));
    await vi.advanceTimersByTimeAsync(999);
    expect(waiting.now.status).toBe('pending');
    await vi.advanceTimersByTimeAsync(2);
    expect(waiting.now).toEqual({ status: 'fulfilled', value: 'in' });
  });

  test('a stream keeps its place until its end, however long it flows', async () => {
    const policy = made({ maxConcurrent: 1 });
    const more = deferred();
    const stream = await policy.execute(
      async function* () {
        yield 1;
        await more.promise;
        yield 2;
      },
      { until: 'end', idleTimeoutMs: false },
    );
    const chunks: number[] = [];
    const read = follow(
      (async () => {
        for await (const chunk of stream) chunks.push(chunk);
      })(),
    );
    await vi.advanceTimersByTimeAsync(200_000);
    const during = follow(policy.execute(() => 1));
    await flush();
    expect(during.now).toMatchObject({ reason: { code: 'BULKHEAD_FULL' } });
    more.resolve(undefined);
    await flush();
    expect(read.now.status).toBe('fulfilled');
    expect(chunks).toEqual([1, 2]);
    expect(await metric('bulkhead_in_use')).toBe(0);
    expect(await metric('bulkhead_expired_leases_total')).toBe(0);
  });

  test('by default a lease counts from when the caller has its answer', async () => {
    const policy = made({ maxConcurrent: 1, maxQueue: 1 }, { attemptTimeoutMs: false });
    const caller = new AbortController();
    follow(policy.execute(hanging, { signal: caller.signal }));
    const waiting = follow(policy.execute(() => 'in', { timeoutMs: 1_000_000 }));
    await vi.advanceTimersByTimeAsync(200_000);
    expect(waiting.now.status).toBe('pending');
    caller.abort();
    await vi.advanceTimersByTimeAsync(59_999);
    expect(waiting.now.status).toBe('pending');
    await vi.advanceTimersByTimeAsync(2);
    expect(waiting.now).toEqual({ status: 'fulfilled', value: 'in' });
  });
});
