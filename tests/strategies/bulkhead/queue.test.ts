import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { bulkhead, retry, timeout } from '../../../src/index.ts';
import { deferred, flush, follow, hanging } from '../../support.ts';
import { Calls, useBulkhead } from './support.ts';

const current = useBulkhead();
const { made, metric } = current;

test('those who wait go in by priority, and of one priority the oldest first', async () => {
  const calls = new Calls(made({ maxConcurrent: 1, maxQueue: 10 }));
  calls.start('running');
  for (const [name, priority] of [
    ['low', 'low'],
    ['medium 1', 'medium'],
    ['critical', 'critical'],
    ['medium 2', undefined],
    ['high', 'high'],
  ] as const) {
    calls.start(name, { priority });
  }
  expect(await metric('bulkhead_queued')).toBe(5);
  for (let left = 0; left < 5; left += 1) await calls.end(calls.running[0] ?? '');
  expect(calls.order).toEqual(['running', 'critical', 'high', 'medium 1', 'medium 2', 'low']);
  expect(await metric('bulkhead_queued')).toBe(0);
});

test('a full queue takes the more important in the place of the latest of the least important', async () => {
  const calls = new Calls(made({ maxConcurrent: 1, maxQueue: 3 }));
  calls.start('running');
  const high = calls.start('high', { priority: 'high' });
  const older = calls.start('older', { priority: 'low' });
  const newer = calls.start('newer', { priority: 'low' });
  const equal = calls.start('equal', { priority: 'low' });
  await flush();
  expect(equal.now).toMatchObject({ reason: { code: 'BULKHEAD_FULL' } });
  const medium = calls.start('medium');
  await flush();
  expect(newer.now).toMatchObject({ reason: { code: 'BULKHEAD_FULL', maxQueue: 3 } });
  for (const waiting of [high, older, medium]) expect(waiting.now.status).toBe('pending');
  for (let left = 0; left < 3; left += 1) await calls.end(calls.running[0] ?? '');
  expect(calls.order).toEqual(['running', 'high', 'medium', 'older']);
});

describe('one who waits leaves at once', () => {
  test('when its caller aborts', async () => {
    const policy = made({ maxConcurrent: 1, maxQueue: 2 });
    const calls = new Calls(policy);
    calls.start('running');
    const caller = new AbortController();
    const gone = calls.start('gone', { signal: caller.signal });
    calls.start('next');
    caller.abort(new Error('never mind'));
    await flush();
    expect(gone.now).toMatchObject({ reason: { message: 'never mind' } });
    expect(await metric('bulkhead_queued')).toBe(1);
    await calls.end('running');
    expect(calls.order).toEqual(['running', 'next']);
    expect(policy.stats()).toMatchObject({ calls: { ignored: 1, rejected: 0 } });
  });

  test("when the policy's deadline passes, and its own", async () => {
    const policy = made({ maxConcurrent: 1, maxQueue: 2 }, { totalTimeoutMs: 500 });
    follow(policy.execute(hanging));
    const [total, own] = [
      follow(policy.execute(() => 1)),
      follow(policy.execute(() => 1, { timeoutMs: 100 })),
    ];
    await vi.advanceTimersByTimeAsync(110);
    expect(own.now).toMatchObject({ reason: { code: 'TIMEOUT', scope: 'total', timeoutMs: 100 } });
    expect(total.now.status).toBe('pending');
    await vi.advanceTimersByTimeAsync(400);
    expect(total.now).toMatchObject({ reason: { code: 'TIMEOUT', scope: 'total', timeoutMs: 500 } });
    expect(policy.stats()).toMatchObject({ attempts: { timeout: 1 }, calls: { timeout: 3 } });
  });

  test('when the time for waiting is up', async () => {
    const policy = made({ maxConcurrent: 1, maxQueue: 2, queueTimeoutMs: 200 });
    const calls = new Calls(policy);
    calls.start('running');
    const waiting = calls.start('waiting');
    await vi.advanceTimersByTimeAsync(199);
    expect(waiting.now.status).toBe('pending');
    await vi.advanceTimersByTimeAsync(11);
    expect(waiting.now).toMatchObject({ reason: { code: 'TIMEOUT', scope: 'queue', timeoutMs: 200 } });
    expect(policy.stats()).toMatchObject({ calls: { rejected: 1 }, rejections: { bulkhead_full: 1 } });
    const inTime = calls.start('in time');
    await vi.advanceTimersByTimeAsync(150);
    await calls.end('running');
    await vi.advanceTimersByTimeAsync(1_000);
    expect(inTime.now.status).toBe('pending');
    expect(calls.running).toEqual(['in time']);
  });

  test("when an attempt's time is up around it, and that is no failure of the dependency", async () => {
    const policy = current.hub.policy('database', {
      strategies: [
        retry({ maxRetries: 3 }),
        timeout({ timeoutMs: 100, scope: 'attempt' }),
        bulkhead({ maxConcurrent: 1, maxQueue: 1 }),
      ],
    });
    const running = deferred();
    follow(policy.execute(() => running.promise));
    await vi.advanceTimersByTimeAsync(50);
    const waiting = follow(policy.execute(() => 1));
    running.resolve(1);
    await flush();
    expect(waiting.now).toEqual({ status: 'fulfilled', value: 1 });
    follow(policy.execute(hanging, { idempotent: false }));
    const late = follow(policy.execute(() => 1));
    await vi.advanceTimersByTimeAsync(120);
    expect(late.now).toMatchObject({ reason: { code: 'TIMEOUT', scope: 'attempt' } });
    expect(policy.stats()).toMatchObject({ rejections: { bulkhead_full: 1 }, retries: 0 });
  });

  test('when the policy goes away', async () => {
    const policy = made({ maxConcurrent: 1, maxQueue: 2 }, { retry: { maxRetries: 1, baseDelayMs: 50 } });
    const running = follow(policy.execute(hanging));
    const waiting = follow(policy.execute(() => 1));
    policy.dispose();
    await flush();
    expect(waiting.now).toMatchObject({ reason: { code: 'CLOSED' } });
    expect(running.now.status).toBe('pending');
    expect(vi.getTimerCount()).toBeLessThanOrEqual(1);
  });
});

describe('an open circuit', () => {
  const circuitBreaker = { consecutiveFailures: 1, openMs: 10_000 } as const;

  test('turns calls away without their waiting or taking a place', async () => {
    const policy = made({ maxConcurrent: 1, maxQueue: 5 }, { circuitBreaker });
    const running = deferred();
    follow(policy.execute(() => running.promise));
    policy.circuit.forceOpen('maintenance');
    const call = follow(policy.execute(() => 1));
    await flush();
    expect(call.now).toMatchObject({ reason: { code: 'CIRCUIT_OPEN' } });
    expect(policy.stats()).toMatchObject({ rejections: { circuit_open: 1, bulkhead_full: 0 } });
    expect(await metric('bulkhead_in_use')).toBe(1);
  });

  test('lets go of all who wait when it opens by a failure', async () => {
    const policy = made({ maxConcurrent: 2, maxQueue: 100 }, { circuitBreaker });
    const [one, other] = [deferred(), deferred()];
    follow(policy.execute(() => one.promise));
    follow(policy.execute(() => other.promise));
    const waiting = Array.from({ length: 100 }, () => follow(policy.execute(() => 1)));
    one.reject(new Error('down'));
    await flush();
    for (const { now } of waiting) expect(now).toMatchObject({ reason: { code: 'CIRCUIT_OPEN' } });
    expect(await metric('bulkhead_queued')).toBe(0);
    expect(await metric('bulkhead_in_use')).toBe(1);
  });

  test('lets go of all who wait when it is opened by hand, with nothing ending', async () => {
    const policy = made({ maxConcurrent: 1, maxQueue: 10 }, { circuitBreaker });
    follow(policy.execute(hanging));
    const waiting = Array.from({ length: 10 }, () => follow(policy.execute(() => 1)));
    policy.circuit.forceOpen('maintenance');
    await flush();
    for (const { now } of waiting) expect(now).toMatchObject({ reason: { code: 'CIRCUIT_OPEN' } });
  });
});

test('1,000 who wait get in one after the other, however fast each ends', async () => {
  const policy = made({ maxConcurrent: 1, maxQueue: 1_000 });
  const limit = Error.stackTraceLimit;
  onTestFinished(() => void Object.assign(Error, { stackTraceLimit: limit }));
  Error.stackTraceLimit = 1_000;
  const running = deferred();
  follow(policy.execute(() => running.promise));
  let deepest = 0;
  const order: number[] = [];
  const waiting = Array.from({ length: 1_000 }, (_, n) =>
    follow(
      policy.execute(() => {
        deepest = Math.max(deepest, new Error().stack?.match(/handOver/g)?.length ?? 0);
        order.push(n);
        if (n % 2 === 0) throw new Error('thrown');
        return n;
      }),
    ),
  );
  running.resolve(1);
  await flush();
  expect(order).toEqual(Array.from({ length: 1_000 }, (_, n) => n));
  expect(waiting.every(({ times }) => times === 1)).toBe(true);
  expect(deepest).toBe(1);
});

test('a listener that calls again from within is served like any other', async () => {
  const policy = made({ maxConcurrent: 1, maxQueue: 3 });
  const order: string[] = [];
  const running = deferred();
  let again = true;
  current.hub.on('call', () => {
    if (!again) return;
    again = false;
    follow(policy.execute(() => void order.push('from the listener')));
    throw new Error('and throws');
  });
  follow(policy.execute(() => running.promise));
  follow(policy.execute(() => void order.push('waiting 1')));
  follow(policy.execute(() => void order.push('waiting 2')));
  running.resolve(1);
  await flush();
  expect(order).toEqual(['waiting 1', 'waiting 2', 'from the listener']);
  expect(await metric('bulkhead_in_use')).toBe(0);
});
