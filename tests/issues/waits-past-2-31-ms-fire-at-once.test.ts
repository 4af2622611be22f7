import pg from 'pg';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Canceller } from '../../src/integrations/pg/cancel.ts';
import { resilientPool } from '../../src/integrations/pg/index.ts';
import { failing, follow, hanging, repeat, testHub } from '../support.ts';

const DAYS_30_MS = 30 * 86_400_000;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test.each([2 ** 31, DAYS_30_MS, 2 ** 40])(
  'a timeout of %i ms does not fire before its time',
  async (timeoutMs) => {
    const policy = testHub().policy('upstream', {
      totalTimeoutMs: timeoutMs,
      attemptTimeoutMs: false,
      circuitBreaker: false,
    });
    const call = follow(policy.execute(hanging));
    await vi.advanceTimersByTimeAsync(timeoutMs - 1);
    expect(call.now.status).toBe('pending');
    await vi.advanceTimersByTimeAsync(11);
    expect(call.now).toMatchObject({ status: 'rejected', reason: { code: 'TIMEOUT', timeoutMs } });
  },
);

test("nor does a caller's own", async () => {
  const policy = testHub().policy('upstream', { totalTimeoutMs: false, attemptTimeoutMs: false });
  const call = follow(policy.execute(hanging, { timeoutMs: DAYS_30_MS }));
  await vi.advanceTimersByTimeAsync(DAYS_30_MS - 1);
  expect(call.now.status).toBe('pending');
  await vi.advanceTimersByTimeAsync(11);
  expect(call.now.status).toBe('rejected');
});

test('a wait between retries', async () => {
  const policy = testHub().policy('upstream', {
    totalTimeoutMs: false,
    circuitBreaker: false,
    retry: { maxRetries: 1, baseDelayMs: DAYS_30_MS, maxDelayMs: DAYS_30_MS, jitter: 'none' },
  });
  const operation = vi.fn(failing());
  follow(policy.execute(operation));
  await vi.advanceTimersByTimeAsync(DAYS_30_MS - 1);
  expect(operation).toHaveBeenCalledTimes(1);
  await vi.advanceTimersByTimeAsync(11);
  expect(operation).toHaveBeenCalledTimes(2);
});

test('an open time, a half-open time and a circuit forced open', async () => {
  const policy = testHub().policy('upstream', {
    circuitBreaker: { consecutiveFailures: 1, openMs: DAYS_30_MS },
    totalTimeoutMs: false,
    attemptTimeoutMs: false,
  });
  await repeat(1, () => policy.execute(failing()));
  await vi.advanceTimersByTimeAsync(DAYS_30_MS - 1);
  expect(policy.circuit.state).toBe('open');
  await vi.advanceTimersByTimeAsync(DAYS_30_MS * 0.1 + 2);
  expect(policy.circuit.state).toBe('half-open');
  follow(policy.execute(hanging));
  await vi.advanceTimersByTimeAsync(DAYS_30_MS - 1);
  expect(policy.circuit.state).toBe('half-open');
  await vi.advanceTimersByTimeAsync(2);
  expect(policy.circuit.state).toBe('open');
  policy.circuit.forceOpen('maintenance', DAYS_30_MS);
  await vi.advanceTimersByTimeAsync(DAYS_30_MS - 1);
  expect(policy.circuit.state).toBe('forced-open');
  await vi.advanceTimersByTimeAsync(2);
  expect(policy.circuit.state).toBe('half-open');
});

test("a store's and a fallback's time", async () => {
  const policy = testHub().policy('upstream', {
    cacheFallback: {
      freshForMs: 1_000,
      storeTimeoutMs: DAYS_30_MS,
      store: { get: hanging, set: () => {}, delete: () => {} },
    },
    fallback: { answer: hanging, timeoutMs: DAYS_30_MS },
    circuitBreaker: false,
  });
  const operation = vi.fn(failing());
  follow(policy.execute(operation, { cacheKey: 'key' }));
  const answered = follow(policy.execute(failing()));
  await vi.advanceTimersByTimeAsync(20_000);
  expect(operation).not.toHaveBeenCalled();
  expect(answered.now.status).toBe('pending');
});

test('the wait for calls in flight when the hub closes', async () => {
  const hub = testHub();
  const policy = hub.policy('upstream', { totalTimeoutMs: false, attemptTimeoutMs: false });
  follow(policy.execute(hanging));
  const closed = follow(hub.close({ timeoutMs: DAYS_30_MS }));
  await vi.advanceTimersByTimeAsync(20_000);
  expect(closed.now.status).toBe('pending');
});

test('the making of a connection to PostgreSQL', () => {
  const pool = new pg.Pool();
  resilientPool(testHub(), pool, { name: 'db', connectTimeoutMs: DAYS_30_MS });
  expect(pool.options.connectionTimeoutMillis).toBe(2 ** 31 - 1);
});

test('the cancelling of a statement', async () => {
  /** Makes no connection, so that no request comes through. */
  class Unreachable {}
  const client = Object.assign(new pg.Client(), {
    constructor: Unreachable,
    processID: 1,
    secretKey: 2,
    release() {},
  });
  const done = vi.fn();
  const answered = new Canceller({}, DAYS_30_MS).cancel(client, done);
  await vi.advanceTimersByTimeAsync(20_000);
  expect(done).not.toHaveBeenCalled();
  answered();
  expect(done).toHaveBeenCalledTimes(1);
});
