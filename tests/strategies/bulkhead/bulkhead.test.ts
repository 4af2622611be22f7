import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { deadlines } from '../../../src/core/deadlines.ts';
import {
  type Breakwater,
  type BulkheadOptions,
  bulkhead,
  type Policy,
  type PolicyOptions,
  retry,
  timeout,
} from '../../../src/index.ts';
import { deferred, failing, flush, follow, hanging, scraped, testHub } from '../../support.ts';

let hub: Breakwater;

beforeEach(() => {
  vi.useFakeTimers();
  hub = testHub();
});
afterEach(async () => {
  // The deadlines of calls that the test left hanging.
  await vi.advanceTimersByTimeAsync(20_000);
  vi.useRealTimers();
});

const made = (options: BulkheadOptions, rest: PolicyOptions = {}): Policy =>
  hub.policy('database', { bulkhead: options, circuitBreaker: false, totalTimeoutMs: false, ...rest });

/** Calls whose operations the test ends, in the order in which they got in. */
class Calls {
  readonly running: string[] = [];
  readonly order: string[] = [];
  readonly #policy: Policy;
  readonly #ends = new Map<string, (value: unknown) => void>();

  constructor(policy: Policy) {
    this.#policy = policy;
  }

  start(name: string, options: Parameters<Policy['execute']>[1] = {}) {
    return follow(
      this.#policy.execute(() => {
        this.order.push(name);
        this.running.push(name);
        return new Promise((resolve) => this.#ends.set(name, resolve));
      }, options),
    );
  }

  async end(name: string): Promise<void> {
    this.running.splice(this.running.indexOf(name), 1);
    this.#ends.get(name)?.(name);
    await flush();
  }
}

const metric = (name: string) => scraped(hub, name);

test('as many run at once as it allows; more are turned away at once', async () => {
  const policy = made({ maxConcurrent: 2 });
  const calls = new Calls(policy);
  const events: unknown[] = [];
  hub.on('rejection', ({ reason, shadow }) => events.push({ reason, shadow }));
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
    const policy = hub.policy('database', {
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
    hub.on('internal-error', ({ component, error }) => reports.push({ component, error: String(error) }));
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

test('shadow mode counts what it would have done, and turns nothing away', async () => {
  const policy = made({ maxConcurrent: 1, maxQueue: 1, mode: 'shadow' });
  const calls = new Calls(policy);
  const shadows: boolean[] = [];
  hub.on('rejection', ({ shadow }) => shadows.push(shadow));
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
  hub.on('call', () => {
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

test('two of them in one policy are one in the metrics', async () => {
  const policy = hub.policy('database', {
    strategies: [
      bulkhead({ maxConcurrent: 5 }),
      bulkhead({ maxConcurrent: 1, mode: 'shadow' }),
      bulkhead({ maxConcurrent: 1, mode: 'shadow' }),
    ],
  });
  const calls = new Calls(policy);
  calls.start('a');
  calls.start('b');
  const metrics = await hub.registry.metrics();
  expect(metrics.match(/^breakwater_bulkhead_in_use{.*$/gm)).toEqual([
    'breakwater_bulkhead_in_use{policy="database"} 6',
  ]);
  expect(metrics.match(/^breakwater_shadow_rejections_total{.*$/gm)).toEqual([
    'breakwater_shadow_rejections_total{policy="database",reason="bulkhead_full"} 2',
  ]);
});

describe('limits that change while it runs', () => {
  const limitOf = (policy: Policy, name: string) => {
    const limit = policy.limits.find((each) => each.name === name);
    if (limit === undefined) throw new Error(`${name} is no limit of the policy`);
    return limit;
  };

  test('more places let waiters in at once; fewer take in nobody until enough are out', async () => {
    const policy = made({ maxConcurrent: 1, maxQueue: 10 });
    const calls = new Calls(policy);
    for (const name of ['a', 'b', 'c', 'd', 'e']) calls.start(name);
    limitOf(policy, 'bulkhead.maxConcurrent').set(3);
    expect(calls.running).toEqual(['a', 'b', 'c']);
    expect(limitOf(policy, 'bulkhead.maxConcurrent')).toMatchObject({ configured: 1, current: 3 });
    limitOf(policy, 'bulkhead.maxConcurrent').set(2);
    await calls.end('a');
    expect(calls.running).toEqual(['b', 'c']);
    await calls.end('b');
    expect(calls.running).toEqual(['c', 'd']);
    limitOf(policy, 'bulkhead.maxConcurrent').set(undefined);
    await calls.end('c');
    expect(calls.running).toEqual(['d']);
    limitOf(policy, 'bulkhead.maxQueue').set(0);
    const turnedAway = calls.start('f');
    await flush();
    expect(turnedAway.now).toMatchObject({ reason: { code: 'BULKHEAD_FULL' } });
    await calls.end('d');
    expect(calls.running).toEqual(['e']);
  });

  test('policy.update() changes them without losing who is in or waits, and takes nothing that is wrong', async () => {
    const policy = made({ maxConcurrent: 1, maxQueue: 10 });
    const calls = new Calls(policy);
    for (const name of ['a', 'b', 'c', 'd']) calls.start(name);
    policy.update({ bulkhead: { maxConcurrent: 2 } });
    expect(calls.running).toEqual(['a', 'b']);
    expect(() => policy.update({ bulkhead: { maxConcurrent: 0 } })).toThrow(
      'bulkhead.maxConcurrent: must be',
    );
    policy.update({ bulkhead: { maxConcurrent: 3 } }, { forMs: 1_000 });
    expect(calls.running).toEqual(['a', 'b', 'c']);
    await vi.advanceTimersByTimeAsync(1_000);
    await calls.end('a');
    expect(calls.running).toEqual(['b', 'c']);
    await calls.end('b');
    expect(calls.running).toEqual(['c', 'd']);
  });

  test('options that change hold from now on; shadow lets all in', async () => {
    const strategy = bulkhead({ maxConcurrent: 1, maxQueue: 10 });
    const policy = hub.policy('database', { strategies: [strategy] });
    const calls = new Calls(policy);
    for (const name of ['a', 'b', 'c']) calls.start(name);
    strategy.adjustable?.prepare({ maxConcurrent: 2, maxQueue: 10 })();
    expect(calls.running).toEqual(['a', 'b']);
    expect(policy.explain()).toContain('bulkhead: at most 2 at once, 10 more may wait');
    expect(() => strategy.adjustable?.prepare({ maxConcurrent: 0 })).toThrow('maxConcurrent: must be');
    strategy.adjustable?.prepare({ maxConcurrent: 1, mode: 'shadow' })();
    expect(calls.running).toEqual(['a', 'b', 'c']);
    strategy.adjustable?.prepare({ maxConcurrent: 1 })();
    const turnedAway = calls.start('d');
    await calls.end('a');
    await calls.end('b');
    expect(turnedAway.now).toMatchObject({ reason: { code: 'BULKHEAD_FULL' } });
    await calls.end('c');
    calls.start('e');
    expect(calls.running).toEqual(['e']);
  });
});

test("a layer of the user's own that throws keeps no place", async () => {
  const policy = hub.policy('database', {
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
  const explained = hub.policy('reports', {
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
