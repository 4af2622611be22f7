import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Classify, RetryOptions } from '../../../src/index.ts';
import { failing, flush, follow, hanging, testHub } from '../../support.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const asked =
  (retryAfterMs: number): Classify =>
  () => ({ verdict: 'transient', retryAfterMs });

/** The waits that a policy makes when all attempts fail. */
async function waitsOf(retry: RetryOptions, classify?: Classify, totalTimeoutMs: number | false = false) {
  const hub = testHub();
  const waits: number[] = [];
  hub.on('retry', ({ waitMs }) => waits.push(waitMs));
  const policy = hub.policy('upstream', { retry, classify, totalTimeoutMs, circuitBreaker: false });
  const call = follow(policy.execute(failing('last')));
  await vi.advanceTimersByTimeAsync(600_000);
  expect(call.now).toMatchObject({ status: 'rejected', reason: { message: 'last' } });
  return waits;
}

test('with jitter none, retry n waits baseDelayMs * 2^(n-1), up to maxDelayMs, maxRetries times', async () => {
  expect(await waitsOf({ maxRetries: 5, baseDelayMs: 100, maxDelayMs: 1_000, jitter: 'none' })).toEqual([
    100, 200, 400, 800, 1_000,
  ]);
  expect(await waitsOf({ jitter: 'none' })).toEqual([200, 400, 800]);
  expect(await waitsOf({ maxRetries: 0 })).toEqual([]);
});

test('a backoff of its own may be a function; one that throws or gives rubbish is reported', async () => {
  expect(await waitsOf({ maxRetries: 3, backoff: (n) => n * n * 10, jitter: 'none' })).toEqual([10, 40, 90]);
  const hub = testHub();
  const reports: string[] = [];
  hub.on('internal-error', ({ component }) => reports.push(component));
  const rubbish = [Number.NaN, -1];
  const policy = hub.policy('upstream', {
    retry: { maxRetries: 2, baseDelayMs: 10, backoff: () => rubbish.shift() ?? 0 },
    circuitBreaker: false,
  });
  const call = follow(policy.execute(failing()));
  await vi.advanceTimersByTimeAsync(100);
  expect(call.now.status).toBe('rejected');
  expect(reports).toEqual(['retry', 'retry']);
  expect(policy.stats().retries).toBe(2);
});

describe('Retry-After', () => {
  test('longer than the backoff is waited for', async () => {
    expect(await waitsOf({ maxRetries: 2, baseDelayMs: 100, jitter: 'none' }, asked(3_000))).toEqual([
      3_000, 3_000,
    ]);
  });

  test('shorter than the backoff leaves it as it is', async () => {
    expect(await waitsOf({ maxRetries: 2, baseDelayMs: 100, jitter: 'none' }, asked(5))).toEqual([100, 200]);
  });

  test('is lengthened by jitter, never shortened', async () => {
    for (const wait of await waitsOf(
      { maxRetries: 8, baseDelayMs: 100, backoff: 'constant' },
      asked(3_000),
    )) {
      expect(wait).toBeGreaterThanOrEqual(3_000);
      expect(wait).toBeLessThan(3_100);
    }
  });

  test('beyond maxDelayMs ends the retrying at once', async () => {
    expect(await waitsOf({ maxDelayMs: 2_000 }, asked(2_001))).toEqual([]);
    expect(await waitsOf({ maxRetries: 1, maxDelayMs: 2_000, jitter: 'none' }, asked(2_000))).toEqual([
      2_000,
    ]);
  });

  test('beyond the deadline ends it too, with the last outcome and not a timeout', async () => {
    expect(await waitsOf({ maxRetries: 1, jitter: 'none' }, asked(5_000), 4_000)).toEqual([]);
  });

  test('is the reason in the metrics and events', async () => {
    const hub = testHub();
    const reasons: string[] = [];
    hub.on('retry', ({ reason }) => reasons.push(reason));
    const policy = hub.policy('upstream', {
      retry: { maxRetries: 1 },
      classify: asked(10),
      circuitBreaker: false,
    });
    follow(policy.execute(failing()));
    await flush();
    expect(reasons).toEqual(['retry_after']);
  });
});

test('no wait starts that the deadline leaves no time for', async () => {
  const policy = testHub().policy('upstream', {
    totalTimeoutMs: 250,
    retry: { maxRetries: 5, baseDelayMs: 200, backoff: 'constant', jitter: 'none' },
    circuitBreaker: false,
  });
  const call = follow(policy.execute(failing('last')));
  await vi.advanceTimersByTimeAsync(201);
  expect(call.now).toMatchObject({ reason: { message: 'last' } });
  expect(policy.stats()).toMatchObject({ calls: { failure: 1 }, retries: 1 });
});

test.each([
  [undefined, false, 2],
  [true, false, 2],
  [false, false, 1],
  [false, true, 2],
])('idempotent %s and safe to repeat %s: %i attempts', async (idempotent, safeToRepeat, attempts) => {
  const policy = testHub().policy('upstream', {
    retry: { maxRetries: 1, baseDelayMs: 0 },
    classify: () => ({ verdict: 'transient', safeToRepeat }),
    circuitBreaker: false,
  });
  const operation = vi.fn(failing());
  follow(policy.execute(operation, { idempotent }));
  await vi.advanceTimersByTimeAsync(100);
  expect(operation).toHaveBeenCalledTimes(attempts);
});

test('a rejection between attempts ends the retrying with the last outcome of an attempt', async () => {
  const policy = testHub().policy('upstream', {
    retry: { maxRetries: 5, baseDelayMs: 10 },
    circuitBreaker: { consecutiveFailures: 2 },
  });
  const call = follow(policy.execute(failing('of the second attempt')));
  await vi.advanceTimersByTimeAsync(1_000);
  expect(call.now).toMatchObject({ reason: { message: 'of the second attempt' } });
  expect(policy.stats()).toMatchObject({ calls: { failure: 1, rejected: 0 }, attempts: { failure: 2 } });
  const turnedAway = follow(policy.execute(() => 1));
  await flush();
  expect(turnedAway.now).toMatchObject({ reason: { code: 'CIRCUIT_OPEN' } });
  expect(policy.stats()).toMatchObject({ calls: { failure: 1, rejected: 1 } });
});

test('a value whose verdict is transient is repeated; the replaced ones are let go of, the last is returned', async () => {
  const policy = testHub().policy('upstream', {
    retry: { maxRetries: 2, baseDelayMs: 0 },
    classify: (result) => (result.ok ? 'transient' : undefined),
    circuitBreaker: false,
  });
  const discard = vi.fn();
  let at = 0;
  const call = follow(policy.execute(() => `answer ${++at}`, { discard }));
  await vi.advanceTimersByTimeAsync(100);
  expect(call.now).toEqual({ status: 'fulfilled', value: 'answer 3' });
  expect(discard.mock.calls).toEqual([['answer 1'], ['answer 2']]);
});

test('the budget keeps retries to a fifth of the calls, and at least ten per ten seconds', async () => {
  const hub = testHub();
  const rejections: string[] = [];
  hub.on('rejection', ({ reason }) => rejections.push(reason));
  const policy = hub.policy('upstream', { retry: { maxRetries: 3, baseDelayMs: 0 }, circuitBreaker: false });
  for (let at = 0; at < 200; at += 1) follow(policy.execute(failing()));
  await vi.advanceTimersByTimeAsync(1_000);
  expect(policy.stats().retries).toBe(40);
  expect(policy.stats().rejections).toMatchObject({ budget_spent: 200 });
  expect(new Set(rejections)).toEqual(new Set(['budget_spent']));
  expect(policy.stats().calls).toMatchObject({ failure: 200, rejected: 0 });

  await vi.advanceTimersByTimeAsync(11_000);
  for (let at = 0; at < 20; at += 1) follow(policy.execute(failing()));
  await vi.advanceTimersByTimeAsync(1_000);
  expect(policy.stats().retries).toBe(50);
});

test('a call that runs out of time says what its attempt before failed with', async () => {
  const policy = testHub().policy('database', {
    totalTimeoutMs: 100,
    retry: { maxRetries: 3, baseDelayMs: 10, jitter: 'none' },
  });
  const down = new Error('down');
  const call = follow(policy.execute(({ attempt }) => (attempt === 1 ? Promise.reject(down) : hanging())));
  await vi.advanceTimersByTimeAsync(150);
  expect(call.now).toMatchObject({
    status: 'rejected',
    reason: { code: 'TIMEOUT', scope: 'total', cause: down },
  });
});
