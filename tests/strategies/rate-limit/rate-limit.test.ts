import { describe, expect, test, vi } from 'vitest';
import {
  type Policy,
  type PolicyOptions,
  type RateLimitOptions,
  rateLimit,
  timeout,
} from '../../../src/index.ts';
import { TokenBucket } from '../../../src/strategies/rate-limit/token-bucket.ts';
import { flush, follow, hanging, sampleOf, scraped, testHub } from '../../support.ts';
import { useFreshHub } from '../fresh-hub.ts';

const current = useFreshHub();

const made = (options: RateLimitOptions, rest: PolicyOptions = {}): Policy =>
  current.hub.policy('maps', { rateLimit: options, circuitBreaker: false, ...rest });

/** Notes what passes. */
class Calls {
  readonly passed: string[] = [];
  readonly #policy: Policy;

  constructor(policy: Policy) {
    this.#policy = policy;
  }

  start(name: string, options: Parameters<Policy['execute']>[1] = {}) {
    return follow(this.#policy.execute(() => void this.passed.push(name), options));
  }
}

const metric = (name: string) => scraped(current.hub, name);

test('a burst passes at once, then as many as the rate brings; the rest are told when to come again', async () => {
  const policy = made({ ratePerSecond: 10, burst: 3 });
  const calls = new Calls(policy);
  for (const name of ['a', 'b', 'c']) calls.start(name);
  const fourth = calls.start('d');
  await flush();
  expect(calls.passed).toEqual(['a', 'b', 'c']);
  expect(fourth.now).toMatchObject({ reason: { code: 'RATE_LIMITED', policy: 'maps', retryAfterMs: 100 } });
  await vi.advanceTimersByTimeAsync(99);
  calls.start('too soon');
  await vi.advanceTimersByTimeAsync(1);
  calls.start('e');
  calls.start('too many');
  expect(calls.passed).toEqual(['a', 'b', 'c', 'e']);
  expect(policy.stats()).toMatchObject({ calls: { rejected: 3 }, rejections: { rate_limited: 3 } });
});

test('who comes again after retryAfterMs passes', async () => {
  const calls = new Calls(made({ ratePerSecond: 7, burst: 1 }));
  calls.start('first');
  const refused = calls.start('second');
  await vi.advanceTimersByTimeAsync(0);
  const { retryAfterMs } = Object(refused.now.status === 'rejected' ? refused.now.reason : undefined);
  expect(retryAfterMs).toBe(143);
  await vi.advanceTimersByTimeAsync(143);
  calls.start('second again');
  expect(calls.passed).toEqual(['first', 'second again']);
});

test('without a burst, a second of tokens is kept; a rate below one keeps one', async () => {
  const calls = new Calls(made({ ratePerSecond: 2.5 }));
  for (const name of ['a', 'b', 'c', 'd']) calls.start(name);
  expect(calls.passed).toEqual(['a', 'b', 'c']);
  const slow = new Calls(current.hub.policy('slow', { rateLimit: { ratePerSecond: 0.1 } }));
  slow.start('a');
  slow.start('b');
  await vi.advanceTimersByTimeAsync(10_000);
  slow.start('c');
  expect(slow.passed).toEqual(['a', 'c']);
});

describe('what may wait', () => {
  test('passes when its token comes, in order of priority and then of age', async () => {
    const calls = new Calls(made({ ratePerSecond: 10, burst: 1, maxWaitMs: 1_000 }));
    calls.start('first');
    for (const [name, priority] of [
      ['low', 'low'],
      ['medium 1', 'medium'],
      ['critical', 'critical'],
      ['medium 2', undefined],
    ] as const) {
      calls.start(name, { priority });
    }
    expect(await metric('rate_limit_queued')).toBe(4);
    const order = ['first', 'critical', 'medium 1', 'medium 2', 'low'];
    for (let passed = 1; passed <= 5; passed += 1) {
      expect(calls.passed).toEqual(order.slice(0, passed));
      await vi.advanceTimersByTimeAsync(101);
    }
    await vi.advanceTimersByTimeAsync(20);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('is turned away at once where it would take too long, or longer than its deadline', async () => {
    const calls = new Calls(made({ ratePerSecond: 10, burst: 1, maxWaitMs: 200 }));
    calls.start('first');
    calls.start('second');
    const hurried = calls.start('hurried', { timeoutMs: 150 });
    const third = calls.start('third');
    const fourth = calls.start('fourth');
    await flush();
    expect(hurried.now).toMatchObject({ reason: { code: 'RATE_LIMITED', retryAfterMs: 200 } });
    expect(fourth.now).toMatchObject({ reason: { code: 'RATE_LIMITED', retryAfterMs: 300 } });
    await vi.advanceTimersByTimeAsync(210);
    expect(third.now.status).toBe('fulfilled');
    expect(calls.passed).toEqual(['first', 'second', 'third']);
  });

  test('is not passed by a newcomer when its token has come and it has not been woken yet', async () => {
    const calls = new Calls(made({ ratePerSecond: 10, burst: 1, maxWaitMs: 1_000 }));
    setTimeout(() => {
      calls.start('newcomer');
      expect(calls.passed).toEqual(['first']);
    }, 100);
    calls.start('first');
    calls.start('waiting');
    await vi.advanceTimersByTimeAsync(300);
    expect(calls.passed).toEqual(['first', 'waiting', 'newcomer']);
  });

  test('moves up when one before it leaves', async () => {
    const calls = new Calls(made({ ratePerSecond: 10, burst: 1, maxWaitMs: 1_000 }));
    calls.start('first');
    const caller = new AbortController();
    const gone = calls.start('gone', { signal: caller.signal });
    calls.start('next');
    await vi.advanceTimersByTimeAsync(50);
    caller.abort(new Error('never mind'));
    await flush();
    expect(gone.now).toMatchObject({ reason: { message: 'never mind' } });
    await vi.advanceTimersByTimeAsync(51);
    expect(calls.passed).toEqual(['first', 'next']);
  });

  test('leaves when more important ones have taken its time', async () => {
    const policy = made({ ratePerSecond: 10, burst: 1, maxWaitMs: 250 });
    const calls = new Calls(policy);
    calls.start('first');
    const pushed = calls.start('pushed', { priority: 'low' });
    calls.start('high 1', { priority: 'high' });
    await vi.advanceTimersByTimeAsync(90);
    calls.start('high 2', { priority: 'high' });
    calls.start('high 3', { priority: 'high' });
    await vi.advanceTimersByTimeAsync(400);
    expect(calls.passed).toEqual(['first', 'high 1', 'high 2', 'high 3']);
    expect(pushed.now).toMatchObject({ reason: { code: 'RATE_LIMITED' } });
    expect(policy.stats().rejections.rate_limited).toBe(1);
    expect(await metric('rate_limit_queued')).toBe(0);
  });

  test('leaves when its time is up, also where it was first once and others came before it', async () => {
    const calls = new Calls(made({ ratePerSecond: 10, burst: 1, maxWaitMs: 250 }));
    calls.start('first');
    const pushed = calls.start('pushed', { priority: 'low' });
    calls.start('high 1', { priority: 'high' });
    calls.start('high 2', { priority: 'high' });
    await vi.advanceTimersByTimeAsync(60);
    calls.start('high 3', { priority: 'high' });
    await vi.advanceTimersByTimeAsync(200);
    expect(calls.passed).toEqual(['first', 'high 1', 'high 2']);
    expect(pushed.now).toMatchObject({ reason: { code: 'RATE_LIMITED' } });
  });

  test('leaves when its time is up around it', async () => {
    const policy = current.hub.policy('maps', {
      strategies: [
        timeout({ timeoutMs: 100, scope: 'attempt' }),
        rateLimit({ ratePerSecond: 1, maxWaitMs: 80 }),
      ],
    });
    const calls = new Calls(policy);
    calls.start('first');
    const turnedAway = calls.start('second');
    await flush();
    expect(turnedAway.now).toMatchObject({ reason: { code: 'RATE_LIMITED' } });
  });

  test('is told that the policy is closed', async () => {
    const policy = made({ ratePerSecond: 1, maxWaitMs: 5_000 });
    const calls = new Calls(policy);
    calls.start('first');
    const waiting = calls.start('waiting');
    policy.dispose();
    await flush();
    expect(waiting.now).toMatchObject({ reason: { code: 'CLOSED' } });
    await vi.advanceTimersByTimeAsync(20);
    expect(vi.getTimerCount()).toBe(0);
  });
});

test('an open circuit costs no token, and nobody waits behind it', async () => {
  const policy = made(
    { ratePerSecond: 1, burst: 2, maxWaitMs: 5_000 },
    { circuitBreaker: { consecutiveFailures: 1 } },
  );
  const calls = new Calls(policy);
  calls.start('first');
  policy.circuit.forceOpen('maintenance');
  for (let n = 0; n < 10; n += 1) calls.start('refused');
  policy.circuit.reset();
  calls.start('second');
  expect(calls.passed).toEqual(['first', 'second']);
  const waiting = [calls.start('third'), calls.start('fourth')];
  policy.circuit.forceOpen('maintenance');
  await flush();
  for (const { now } of waiting) expect(now).toMatchObject({ reason: { code: 'CIRCUIT_OPEN' } });
  expect(policy.stats()).toMatchObject({ rejections: { circuit_open: 12, rate_limited: 0 } });
});

test('shadow mode counts what it would have done, and lets everything pass at once', async () => {
  const policy = made({ ratePerSecond: 10, burst: 1, maxWaitMs: 100, mode: 'shadow' });
  const calls = new Calls(policy);
  for (const name of ['a', 'b', 'c', 'd']) calls.start(name);
  expect(calls.passed).toEqual(['a', 'b', 'c', 'd']);
  expect(await metric('shadow_rejections_total')).toBe(2);
  await vi.advanceTimersByTimeAsync(100);
  calls.start('e');
  expect(await metric('shadow_rejections_total')).toBe(2);
  calls.start('f');
  expect(await metric('shadow_rejections_total')).toBe(3);
  expect(policy.stats().rejections.rate_limited).toBe(0);
  expect(policy.explain()).toContain('(shadow: turns nothing away)');
});

test('shadow counts those whose deadline would come before their token, like the limit in force', async () => {
  const turnedAway: (number | undefined)[] = [];
  for (const mode of ['enforce', 'shadow'] as const) {
    const policy = testHub().policy('maps', {
      rateLimit: { ratePerSecond: 1, burst: 1, maxWaitMs: 10_000, mode },
    });
    const calls = new Calls(policy);
    for (const timeoutMs of [500, 500, 1_000, 1_001, 500, 5_000]) calls.start('call', { timeoutMs });
    await flush();
    const shadow = sampleOf(policy, 'shadow_rejections_total');
    turnedAway.push(shadow ?? policy.stats().rejections.rate_limited);
    await vi.advanceTimersByTimeAsync(10_000);
  }
  expect(turnedAway).toEqual([3, 3]);
});

test('put in force after shadow, it is owed nothing for what passed then', async () => {
  const policy = made({ ratePerSecond: 1, burst: 1, maxWaitMs: 60_000, mode: 'shadow' });
  const calls = new Calls(policy);
  for (let n = 0; n < 50; n += 1) calls.start('in shadow');
  policy.update({ rateLimit: { mode: 'enforce', maxWaitMs: 0 } });
  const at = calls.start('at once');
  await flush();
  expect(at.now).toMatchObject({ reason: { code: 'RATE_LIMITED', retryAfterMs: 1_000 } });
  await vi.advanceTimersByTimeAsync(1_000);
  calls.start('after a second');
  expect(calls.passed.at(-1)).toBe('after a second');
});

describe('limits that change while it runs', () => {
  test('a new rate keeps the tokens, up to the new burst, and waiters feel it at once', async () => {
    const strategy = rateLimit({ ratePerSecond: 1, burst: 10, maxWaitMs: 10_000 });
    const policy = current.hub.policy('maps', { strategies: [strategy] });
    const calls = new Calls(policy);
    for (let n = 0; n < 6; n += 1) calls.start('burst');
    strategy.adjustable?.prepare({ ratePerSecond: 1, burst: 2, maxWaitMs: 10_000 })();
    for (const name of ['a', 'b', 'c', 'd']) calls.start(name);
    expect(calls.passed.slice(6)).toEqual(['a', 'b']);
    strategy.adjustable?.prepare({ ratePerSecond: 100, burst: 2, maxWaitMs: 10_000 })();
    await vi.advanceTimersByTimeAsync(21);
    expect(calls.passed.slice(6)).toEqual(['a', 'b', 'c', 'd']);
    expect(policy.explain()).toContain('rate limit: 100 a second, at most 2 at once');
    expect(() => strategy.adjustable?.prepare({ ratePerSecond: 0 })).toThrow('ratePerSecond: must be');
  });

  test('incidents may steer it, down to none at all, and back', async () => {
    const policy = made({ ratePerSecond: 10, burst: 1, maxWaitMs: 300 });
    const calls = new Calls(policy);
    const rate = policy.limits.find(({ name }) => name === 'rateLimit.ratePerSecond');
    calls.start('first');
    const waiting = calls.start('waiting');
    rate?.set(0);
    const turnedAway = calls.start('turned away');
    await vi.advanceTimersByTimeAsync(310);
    expect(turnedAway.now).toMatchObject({
      reason: { code: 'RATE_LIMITED', retryAfterMs: Number.POSITIVE_INFINITY },
    });
    expect(String(Object(turnedAway.now).reason.message)).toBe(
      "Policy 'maps' is at its rate limit; its rate was set to 0 by hand, and there is no room until that is changed.",
    );
    expect(waiting.now).toMatchObject({ reason: { code: 'RATE_LIMITED' } });
    rate?.set(undefined);
    await vi.advanceTimersByTimeAsync(100);
    calls.start('again');
    expect(calls.passed).toEqual(['first', 'again']);
  });
});

test('whatever its burst is set to, one call passes at a time', async () => {
  const policy = made({ ratePerSecond: 10, burst: 5 });
  const calls = new Calls(policy);
  policy.limits.find(({ name }) => name === 'rateLimit.burst')?.set(0);
  calls.start('first');
  calls.start('too many');
  await vi.advanceTimersByTimeAsync(100);
  calls.start('second');
  expect(calls.passed).toEqual(['first', 'second']);
});

test('the worst case has the wait in it', () => {
  const explained = made(
    { ratePerSecond: 5, maxWaitMs: 300 },
    { totalTimeoutMs: false, attemptTimeoutMs: 1_000 },
  ).explain();
  expect(explained).toContain(
    'rate limit: 5 a second, at most 5 at once, what finds no token waits up to 300 ms',
  );
  expect(explained).toContain('at most 1300 ms');
});

test('a bucket that got smaller holds no more than fits, also for who comes out of order', () => {
  const bucket = new TokenBucket({ ratePerSecond: 1, burst: 10 });
  bucket.change({ ratePerSecond: 1, burst: 2 }, 100);
  expect([99.5, 99.5, 99.5].map((now) => bucket.take(now))).toEqual([true, true, false]);
});

test('an idle limit has no timer, and one that has a token for each call makes none', async () => {
  const policy = made({ ratePerSecond: 1_000 }, { attemptTimeoutMs: false, totalTimeoutMs: false });
  const calls = new Calls(policy);
  for (let n = 0; n < 100; n += 1) calls.start('x');
  expect(vi.getTimerCount()).toBe(0);
  expect(calls.passed).toHaveLength(100);
  follow(policy.execute(hanging));
  expect(vi.getTimerCount()).toBe(0);
});

test.each([
  [{}, 'rateLimit.ratePerSecond: must be a finite number of tokens a second above 0'],
  [{ ratePerSecond: -1 }, 'rateLimit.ratePerSecond: must be'],
  [{ ratePerSecond: 1, burst: 0.5 }, 'rateLimit.burst: must be a whole number, 1 or more'],
  [
    { ratePerSecond: 1, maxWaitMs: -1 },
    'rateLimit.maxWaitMs: must be a finite number of milliseconds, 0 or more',
  ],
  [true, 'rateLimit: must be an options object with the rate, such as { ratePerSecond: 100 }, not true'],
])('%j is refused', (options, message) => {
  const given: object = { rateLimit: options };
  expect(() => current.hub.policy('maps', { ...given })).toThrow(message);
});
