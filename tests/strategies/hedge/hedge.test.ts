import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { monotonicNow } from '../../../src/core/clock.ts';
import {
  type HedgeOptions,
  hedge,
  type OperationContext,
  type PolicyOptions,
  retry,
} from '../../../src/index.ts';
import { flush, follow, hanging, repeat, testHub } from '../../support.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const down = new Error('down');
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** What each attempt of a call does, in order: it takes so long, and gives or throws. */
interface Script {
  readonly ms: number;
  readonly throws?: unknown;
  readonly gives?: unknown;
}

/** An operation that follows a script, and what became of its attempts. */
function scripted(...script: readonly Script[]) {
  const began: number[] = [];
  const reasons: unknown[] = [];
  const zero = monotonicNow();
  const operation = async ({ attempt, signal }: OperationContext): Promise<unknown> => {
    began.push(monotonicNow() - zero);
    signal.addEventListener('abort', () => {
      reasons[attempt - 1] = signal.reason;
    });
    const { ms, throws, gives = attempt } = script[attempt - 1] ?? { ms: 0 };
    await sleep(ms);
    if (throws !== undefined) throw throws;
    return gives;
  };
  return { operation, began, reasons };
}

/** A policy that hedges as often as it is asked to, if not told otherwise. */
function hedging(hedgeOptions: HedgeOptions = {}, options: PolicyOptions = {}) {
  const hub = testHub();
  const heard: unknown[] = [];
  hub.on('hedge', ({ hedge: number, waitedMs, afterFailure }) =>
    heard.push([number, waitedMs, afterFailure]),
  );
  const policy = hub.policy('upstream', {
    circuitBreaker: false,
    attemptBudget: { ratio: 1, floor: 1_000 },
    hedge: { delayMs: 50, maxExtraLoad: 1, ...hedgeOptions },
    ...options,
  });
  const results = async () => {
    const text = await hub.registry.metrics();
    const found = text.matchAll(/^breakwater_hedges_total\{policy="upstream",result="(\w+)"\} (\d+)$/gm);
    return Object.fromEntries(
      [...found].flatMap(([, result, n]) => (n === '0' ? [] : [[result, Number(n)]])),
    );
  };
  return { hub, policy, heard, results };
}

describe('the first good answer wins', () => {
  test('a call that is answered in time makes no hedge and leaves no timer', async () => {
    const { policy, heard, results } = hedging({}, { totalTimeoutMs: false, attemptTimeoutMs: false });
    const { operation, began } = scripted({ ms: 40 });
    const call = follow(policy.execute(operation));
    await vi.advanceTimersByTimeAsync(40);
    expect(call.now).toEqual({ status: 'fulfilled', value: 1 });
    await vi.advanceTimersByTimeAsync(20);
    expect(vi.getTimerCount()).toBe(0);
    await vi.advanceTimersByTimeAsync(200);
    expect([began, heard, await results()]).toEqual([[0], [], {}]);
  });

  test('of a slow one, the hedge answers; the first is told why it is ended, and moves nothing when it ends', async () => {
    const discard = vi.fn();
    const { policy, heard, results } = hedging();
    const { operation, began, reasons } = scripted({ ms: 500, gives: 'late' }, { ms: 20, gives: 'hedge' });
    const call = follow(policy.execute(operation, { discard }));
    await vi.advanceTimersByTimeAsync(85);
    expect(call.now).toEqual({ status: 'fulfilled', value: 'hedge' });
    expect(began[1]).toBeGreaterThanOrEqual(50);
    expect(began[1]).toBeLessThanOrEqual(60);
    expect(heard).toEqual([[1, began[1], false]]);
    expect(reasons).toEqual([
      expect.objectContaining({ name: 'AbortError', message: expect.stringMatching(/^Another attempt/) }),
    ]);
    expect(policy.stats()).toMatchObject({
      attempts: { success: 1, ignored: 1 },
      attemptsInFlight: 1,
      lateOutcomes: 0,
    });
    await vi.advanceTimersByTimeAsync(500);
    expect(discard.mock.calls).toEqual([['late']]);
    expect(policy.stats()).toMatchObject({
      calls: { success: 1 },
      attempts: { success: 1, ignored: 1 },
      attemptsInFlight: 0,
      lateOutcomes: 1,
    });
    expect(await results()).toEqual({ won: 1 });
  });

  test('the first may still win', async () => {
    const { policy, results } = hedging();
    const { operation, reasons } = scripted({ ms: 70 }, { ms: 70 });
    const call = follow(policy.execute(operation));
    await vi.advanceTimersByTimeAsync(80);
    expect(call.now).toEqual({ status: 'fulfilled', value: 1 });
    expect(reasons).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(100);
    expect(await results()).toEqual({ lost: 1 });
  });

  test('an answer that the request is wrong is an answer', async () => {
    const { policy, results } = hedging(
      {},
      { classify: (result) => (result.ok ? undefined : result.error === down ? 'refused' : undefined) },
    );
    const { operation } = scripted({ ms: 500 }, { ms: 10, throws: down });
    const call = follow(policy.execute(operation));
    await vi.advanceTimersByTimeAsync(100);
    expect(call.now).toEqual({ status: 'rejected', reason: down });
    expect(await results()).toEqual({ won: 1 });
  });

  test('several hedges follow each other, each after its own wait, up to maxHedges', async () => {
    const { policy, heard, results } = hedging({ maxHedges: 2 });
    await repeat(1, () => policy.execute(() => 'earns one more'));
    const { operation, began } = scripted({ ms: 900 }, { ms: 900 }, { ms: 900 }, { ms: 0 });
    const call = follow(policy.execute(operation));
    await vi.advanceTimersByTimeAsync(899);
    expect(began).toHaveLength(3);
    expect((began[2] ?? 0) - (began[1] ?? 0)).toBeGreaterThanOrEqual(50);
    expect(heard).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(1);
    expect(call.now).toEqual({ status: 'fulfilled', value: 1 });
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await results()).toEqual({ lost: 2 });
  });

  test('an operation that settles at once, and a hedge that does', async () => {
    const { policy } = hedging();
    await expect(policy.execute(() => 'now')).resolves.toBe('now');
    const call = follow(policy.execute(({ attempt }) => (attempt === 1 ? hanging() : 'hedge')));
    await vi.advanceTimersByTimeAsync(60);
    expect(call.now).toEqual({ status: 'fulfilled', value: 'hedge' });
  });
});

describe('failures', () => {
  test('after one that another try may mend, the next goes at once', async () => {
    const { policy, heard, results } = hedging();
    const { operation, began } = scripted({ ms: 10, throws: down }, { ms: 10, gives: 'second' });
    const call = follow(policy.execute(operation));
    await vi.advanceTimersByTimeAsync(20);
    expect([call.now, began, heard]).toEqual([
      { status: 'fulfilled', value: 'second' },
      [0, 10],
      [[1, 10, true]],
    ]);
    expect(await results()).toEqual({ won: 1 });
  });

  test('also when it fails at once, as often as it may', async () => {
    const { policy, results } = hedging({ maxHedges: 10 });
    await repeat(9, () => policy.execute(() => 'earns one more'));
    let attempts = 0;
    const call = follow(
      policy.execute(() => {
        attempts += 1;
        throw new Error(`down ${attempts}`);
      }),
    );
    await flush();
    expect([attempts, call.now, call.times]).toEqual([
      11,
      { status: 'rejected', reason: new Error('down 11') },
      1,
    ]);
    expect(await results()).toEqual({ failed: 10 });
    expect(policy.stats()).toMatchObject({
      calls: { failure: 1 },
      attempts: { failure: 11 },
      callsInFlight: 0,
    });
  });

  test('the time of the hedge after a failure is its own', async () => {
    const { policy } = hedging({ maxHedges: 2 });
    await repeat(1, () => policy.execute(() => 'earns one more'));
    const { operation, began } = scripted({ ms: 45, throws: down }, { ms: 400 }, { ms: 1 });
    follow(policy.execute(operation));
    await vi.advanceTimersByTimeAsync(94);
    expect(began).toEqual([0, 45]);
    await vi.advanceTimersByTimeAsync(20);
    expect(began).toHaveLength(3);
  });

  test('one of two fails while the other runs: the call waits for it', async () => {
    const { policy, results } = hedging();
    const { operation } = scripted({ ms: 100, gives: 'first' }, { ms: 5, throws: down });
    const call = follow(policy.execute(operation));
    await vi.advanceTimersByTimeAsync(99);
    expect(call.now.status).toBe('pending');
    await vi.advanceTimersByTimeAsync(1);
    expect(call.now).toEqual({ status: 'fulfilled', value: 'first' });
    expect(await results()).toEqual({ failed: 1 });
  });

  test('when all fail, the last one is the outcome, once; values that are failures are let go of', async () => {
    const discard = vi.fn();
    const { policy } = hedging({}, { classify: () => 'transient' });
    const { operation } = scripted({ ms: 80, gives: 'first' }, { ms: 5, gives: 'second' });
    const call = follow(policy.execute(operation, { discard }));
    await vi.advanceTimersByTimeAsync(200);
    expect([call.now, call.times]).toEqual([{ status: 'fulfilled', value: 'first' }, 1]);
    expect(discard.mock.calls).toEqual([['second']]);
  });

  test.each(['permanent', 'defect', 'ignored'] as const)(
    'one that is %s ends the call, and the other run',
    async (verdict) => {
      const { policy, results } = hedging({}, { classify: ({ ok }) => (ok ? undefined : verdict) });
      const { operation, reasons } = scripted({ ms: 500 }, { ms: 5, throws: down });
      const call = follow(policy.execute(operation));
      await vi.advanceTimersByTimeAsync(70);
      expect(call.now).toEqual({ status: 'rejected', reason: down });
      expect(reasons).toHaveLength(1);
      expect(await results()).toEqual({ failed: 1 });
    },
  );

  test('an attempt that times out is followed at once', async () => {
    const { policy } = hedging({ delayMs: 400 }, { attemptTimeoutMs: 100 });
    const { operation } = scripted({ ms: 1_000 }, { ms: 5, gives: 'second' });
    const call = follow(policy.execute(operation));
    await vi.advanceTimersByTimeAsync(120);
    expect(call.now).toEqual({ status: 'fulfilled', value: 'second' });
  });

  test('a dependency that asks to be left alone gets no further attempt', async () => {
    const { policy, heard } = hedging({}, { classify: () => ({ verdict: 'transient', retryAfterMs: 5 }) });
    const { operation, began } = scripted({ ms: 10, throws: down }, { ms: 10 });
    const call = follow(policy.execute(operation));
    await vi.advanceTimersByTimeAsync(300);
    expect([call.now.status, began, heard]).toEqual(['rejected', [0], []]);
  });
});

describe('what may be repeated, and when', () => {
  test('a call that is not idempotent is never hedged', async () => {
    const { policy, heard } = hedging();
    const { operation, began } = scripted({ ms: 300 });
    follow(policy.execute(operation, { idempotent: false }));
    follow(policy.execute(() => Promise.reject(down), { idempotent: false }));
    await vi.advanceTimersByTimeAsync(400);
    expect([began, heard]).toEqual([[0], []]);
  });

  test('none is made that has no time left', async () => {
    const { policy, heard } = hedging({}, { totalTimeoutMs: 50 });
    const call = follow(policy.execute(hanging));
    await vi.advanceTimersByTimeAsync(200);
    expect([call.now.status, heard]).toEqual(['rejected', []]);
  });

  test('nor after a failure that comes too late for that, though the deadline is not told yet', async () => {
    const { policy, heard } = hedging({}, { totalTimeoutMs: 50 });
    const { now } = performance;
    try {
      const call = follow(
        policy.execute(() => {
          // A process that was held up: time is past the deadline, and its timer has not fired.
          const late = performance.now() + 60;
          performance.now = () => late;
          throw down;
        }),
      );
      await flush();
      expect([call.now, heard]).toEqual([{ status: 'rejected', reason: down }, []]);
    } finally {
      performance.now = now;
    }
  });

  test('an open circuit gets none, and a call that it turns away ends at once', async () => {
    const { policy, heard, results } = hedging({}, { circuitBreaker: { consecutiveFailures: 2 } });
    const slow = follow(policy.execute(() => sleep(100).then(() => 'slow')));
    policy.circuit.forceOpen('maintenance');
    const rejected = follow(policy.execute(() => 'never'));
    await vi.advanceTimersByTimeAsync(100);
    expect(slow.now).toEqual({ status: 'fulfilled', value: 'slow' });
    expect(rejected.now).toMatchObject({ reason: { code: 'CIRCUIT_OPEN' } });
    expect([heard, await results()]).toEqual([[], {}]);
  });

  test('a hedge that is turned away does not end the call, and no further one is made', async () => {
    const { policy, heard, results } = hedging({ maxHedges: 3 }, { bulkhead: { maxConcurrent: 1 } });
    await repeat(5, () => policy.execute(() => 'earns one more'));
    const call = follow(policy.execute(() => sleep(400).then(() => 'first')));
    await vi.advanceTimersByTimeAsync(400);
    expect([call.now, heard.length]).toEqual([{ status: 'fulfilled', value: 'first' }, 1]);
    expect(await results()).toEqual({ rejected: 1 });
    expect(policy.stats()).toMatchObject({
      calls: { success: 6, rejected: 0 },
      rejections: { bulkhead_full: 1 },
    });
  });

  test('when the hedge was turned away and the first fails, the failure is the outcome', async () => {
    const { policy } = hedging({}, { bulkhead: { maxConcurrent: 1 } });
    const call = follow(policy.execute(() => sleep(100).then(() => Promise.reject(down))));
    await vi.advanceTimersByTimeAsync(200);
    expect(call.now).toEqual({ status: 'rejected', reason: down });
    expect(policy.stats()).toMatchObject({ calls: { failure: 1 } });
  });

  test('nor does the rejection of one that follows a failure take the place of that', async () => {
    const { policy, results } = hedging({}, { rateLimit: { ratePerSecond: 0.001, burst: 1 } });
    const call = follow(policy.execute(() => Promise.reject(down)));
    await vi.advanceTimersByTimeAsync(100);
    expect(call.now).toEqual({ status: 'rejected', reason: down });
    expect(await results()).toEqual({ rejected: 1 });
  });

  test('the losers give their permits back: a circuit counts them neither way', async () => {
    const { policy } = hedging({}, { circuitBreaker: { window: { type: 'count', size: 10 } } });
    const call = follow(policy.execute(scripted({ ms: 500 }, { ms: 5 }).operation));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(call.now.status).toBe('fulfilled');
    expect(policy.stats().window).toMatchObject({ attempts: 1, failures: 0 });
  });
});

describe('the call ends', () => {
  test.each([
    ['a caller that gives up', 'rejected', { ignored: 1 }],
    ['the total timeout', 'rejected', { timeout: 1 }],
  ] as const)('%s ends all runs, with one outcome', async (which, status, calls) => {
    const controller = new AbortController();
    const { policy, results } = hedging({}, { totalTimeoutMs: 150 });
    const { operation, reasons } = scripted({ ms: 900 }, { ms: 900 });
    const call = follow(policy.execute(operation, { signal: controller.signal }));
    await vi.advanceTimersByTimeAsync(100);
    if (which === 'a caller that gives up') controller.abort(down);
    await vi.advanceTimersByTimeAsync(100);
    expect([call.now.status, call.times, reasons.length]).toEqual([status, 1, 2]);
    expect(reasons[0]).toBe(reasons[1]);
    expect(policy.stats()).toMatchObject({ calls, callsInFlight: 0 });
    expect(await results()).toEqual({ lost: 1 });
    await vi.advanceTimersByTimeAsync(1_000);
    expect(policy.stats()).toMatchObject({ attemptsInFlight: 0, lateOutcomes: 2 });
  });

  test.each(['abort', 'timeout'] as const)(
    'a hedge that failed before is not the outcome of a call that ends by %s',
    async (end) => {
      const controller = new AbortController();
      const { policy } = hedging({}, { totalTimeoutMs: 150 });
      const { operation } = scripted({ ms: 900 }, { ms: 5, throws: down });
      const call = follow(policy.execute(operation, { signal: controller.signal }));
      await vi.advanceTimersByTimeAsync(100);
      if (end === 'abort') controller.abort('gone');
      await vi.advanceTimersByTimeAsync(100);
      const reason = end === 'abort' ? 'gone' : { code: 'TIMEOUT', scope: 'total' };
      expect(call.now).toMatchObject({ status: 'rejected', reason });
    },
  );

  test('a listener to the hedge that aborts the call: no attempt is made, and one outcome', async () => {
    const { hub, policy, results } = hedging();
    const controller = new AbortController();
    hub.on('hedge', () => controller.abort(down));
    const { operation, began } = scripted({ ms: 500 });
    const call = follow(policy.execute(operation, { signal: controller.signal }));
    await vi.advanceTimersByTimeAsync(100);
    expect([call.now, call.times, began]).toEqual([{ status: 'rejected', reason: down }, 1, [0]]);
    expect(await results()).toEqual({ lost: 1 });
  });

  test('after a failure at once, likewise', async () => {
    const { hub, policy } = hedging();
    const controller = new AbortController();
    hub.on('hedge', () => controller.abort(down));
    const call = follow(
      policy.execute(
        () => {
          throw new Error('first');
        },
        { signal: controller.signal },
      ),
    );
    await vi.advanceTimersByTimeAsync(100);
    expect([call.now.status, call.times]).toEqual(['rejected', 1]);
    expect(policy.stats()).toMatchObject({ callsInFlight: 0, attemptsInFlight: 0 });
  });

  test('a loser that aborts its own call while it is told changes nothing', async () => {
    const controller = new AbortController();
    const { policy } = hedging();
    const call = follow(
      policy.execute(
        ({ attempt, signal }) => {
          signal.addEventListener('abort', () => controller.abort(down));
          return attempt === 1 ? hanging() : sleep(5).then(() => 'hedge');
        },
        { signal: controller.signal },
      ),
    );
    await vi.advanceTimersByTimeAsync(100);
    expect([call.now, call.times]).toEqual([{ status: 'fulfilled', value: 'hedge' }, 1]);
    expect(policy.stats()).toMatchObject({ calls: { success: 1 }, callsInFlight: 0 });
  });
});

describe('within retries, and around them', () => {
  test('a retry hedges anew, and attempts are numbered on', async () => {
    const numbers: number[] = [];
    const { policy } = hedging({}, { retry: { maxRetries: 1, baseDelayMs: 10, jitter: 'none' } });
    const call = follow(
      policy.execute(async ({ attempt }) => {
        numbers.push(attempt);
        if (attempt < 4) throw down;
        return attempt;
      }),
    );
    await vi.advanceTimersByTimeAsync(100);
    expect([call.now, numbers]).toEqual([{ status: 'fulfilled', value: 4 }, [1, 2, 3, 4]]);
  });

  test('in an order of your own, each hedge retries', async () => {
    const policy = testHub().policy('upstream', {
      strategies: [
        hedge({ delayMs: 50, maxExtraLoad: 1 }),
        retry({ maxRetries: 1, baseDelayMs: 1, jitter: 'none' }),
      ],
    });
    const { operation, began } = scripted(
      { ms: 1, throws: down },
      { ms: 500 },
      { ms: 1, throws: down },
      { ms: 1 },
    );
    const call = follow(policy.execute(operation));
    await vi.advanceTimersByTimeAsync(300);
    expect(call.now).toEqual({ status: 'fulfilled', value: 4 });
    expect(began).toHaveLength(4);
  });
});

describe('what it may cost', () => {
  test('no more than maxExtraLoad of the calls, and nothing before there were enough', async () => {
    const { policy, results } = hedging({ maxExtraLoad: 0.05 });
    await repeat(19, () => policy.execute(() => 'fast'));
    follow(policy.execute(hanging));
    follow(policy.execute(hanging));
    await vi.advanceTimersByTimeAsync(100);
    expect(policy.stats().attemptsInFlight).toBe(3);
    expect(await results()).toEqual({ denied: 1 });
  });

  test('the attempt budget is shared with retries, and spent only on hedges that are made', async () => {
    const { policy, results, heard } = hedging(
      {},
      { attemptBudget: { ratio: 0.01, floor: 2 }, retry: { maxRetries: 5, baseDelayMs: 1, jitter: 'none' } },
    );
    const call = follow(policy.execute(() => Promise.reject(down), { idempotent: true }));
    await vi.advanceTimersByTimeAsync(100);
    expect(call.now.status).toBe('rejected');
    expect(heard.length + policy.stats().retries).toBe(2);
    expect(policy.stats().attempts).toMatchObject({ failure: 3 });
    expect((await results()).denied).toBeGreaterThan(0);
  });

  test('a hedge for which there are too few calls leaves the budget to the retry', async () => {
    const { policy, results } = hedging(
      { maxExtraLoad: 0.05 },
      { attemptBudget: { ratio: 0.01, floor: 1 }, retry: { maxRetries: 1, baseDelayMs: 1, jitter: 'none' } },
    );
    const { operation } = scripted({ ms: 100, throws: down }, { ms: 1, gives: 'retried' });
    const call = follow(policy.execute(operation));
    await vi.advanceTimersByTimeAsync(200);
    expect(call.now).toEqual({ status: 'fulfilled', value: 'retried' });
    expect(await results()).toEqual({ denied: 2 });
  });

  test('a call that still waits within is not hedged, as another would wait behind it; nor has it had its time then', async () => {
    const { policy, heard } = hedging({}, { bulkhead: { maxConcurrent: 1, maxQueue: 10 } });
    const first = follow(policy.execute(() => sleep(90), { idempotent: false }));
    await flush();
    const queued = follow(policy.execute(() => sleep(30)));
    await vi.advanceTimersByTimeAsync(130);
    expect([first.now.status, queued.now.status, heard]).toEqual(['fulfilled', 'fulfilled', []]);
  });
});

describe('the percentile', () => {
  const fast = () => sleep(20);

  test('there is no hedging until 50 latencies are known, then at the percentile of them', async () => {
    const { policy, heard } = hedging({ delayMs: undefined, percentile: 90 });
    follow(policy.execute(hanging));
    for (let at = 0; at < 49; at += 1) follow(policy.execute(fast));
    await vi.advanceTimersByTimeAsync(5_000);
    expect(heard).toEqual([]);
    follow(policy.execute(fast));
    await vi.advanceTimersByTimeAsync(100);
    follow(policy.execute(hanging));
    await vi.advanceTimersByTimeAsync(100);
    expect(heard).toHaveLength(1);
    const waited = vi.mocked(heard)[0];
    expect(waited).toEqual([1, expect.any(Number), false]);
  });

  test('delayMs holds meanwhile, where it is given as well', async () => {
    const { policy, heard } = hedging({ delayMs: 200, percentile: 90 });
    follow(policy.execute(hanging));
    await vi.advanceTimersByTimeAsync(220);
    expect(heard).toHaveLength(1);
    for (let at = 0; at < 60; at += 1) follow(policy.execute(fast));
    await vi.advanceTimersByTimeAsync(100);
    follow(policy.execute(hanging));
    await vi.advanceTimersByTimeAsync(40);
    expect(heard).toHaveLength(2);
  });

  test('it is not drawn down by what was ended for a hedge', async () => {
    const { hub, policy } = hedging({ delayMs: undefined, percentile: 90 });
    for (let at = 0; at < 60; at += 1) follow(policy.execute(fast));
    await vi.advanceTimersByTimeAsync(100);
    const delay = async () =>
      Number(
        /^breakwater_hedge_delay_seconds\{policy="upstream"\} (.*)$/m.exec(await hub.registry.metrics())?.[1],
      );
    const before = await delay();
    expect(before).toBeGreaterThanOrEqual(0.02);
    expect(before).toBeLessThanOrEqual(0.02 * 1.1);
    // The dependency turns slow, but hedges answer at once: without the losers nothing slow would be known.
    for (let at = 0; at < 60; at += 1)
      follow(policy.execute(({ attempt }) => (attempt === 1 ? sleep(400) : sleep(1))));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await delay()).toBeGreaterThan(before);
  });

  test('nor by hedges, of which only the fast ones would be known', async () => {
    const { hub, policy } = hedging({ delayMs: 50, percentile: 40, minDelayMs: 0 });
    const operation = ({ attempt }: OperationContext) => sleep(attempt === 1 ? 400 : 1);
    for (let at = 0; at < 60; at += 1) follow(policy.execute(operation));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await hub.registry.metrics()).toMatch(
      /^breakwater_hedge_delay_seconds\{policy="upstream"\} 0\.05/m,
    );
  });

  test('minDelayMs bounds it from below', async () => {
    const { policy, heard } = hedging({ delayMs: undefined, minDelayMs: 100 });
    for (let at = 0; at < 60; at += 1) follow(policy.execute(() => sleep(1)));
    await vi.advanceTimersByTimeAsync(50);
    follow(policy.execute(hanging));
    await vi.advanceTimersByTimeAsync(99);
    expect(heard).toEqual([]);
    await vi.advanceTimersByTimeAsync(12);
    expect(heard).toHaveLength(1);
  });
});

describe('streams', () => {
  async function* chunks(from: string, failsWith?: unknown) {
    yield `${from} 1`;
    await sleep(100);
    if (failsWith !== undefined) throw failsWith;
    yield `${from} 2`;
  }

  async function consume(stream: AsyncIterable<unknown>, into: unknown[]): Promise<void> {
    for await (const chunk of stream) into.push(chunk);
  }

  test('the one that begins first is the answer: the other attempt ends then, and none follows', async () => {
    const { policy, results, heard } = hedging({ maxHedges: 2 });
    await repeat(1, () => policy.execute(() => 'earns one more'));
    const reasons: unknown[] = [];
    const started = policy.execute(
      async ({ attempt, signal }) => {
        signal.addEventListener('abort', () => reasons.push([attempt, signal.reason.name]));
        await (attempt === 1 ? hanging() : sleep(5));
        return chunks('hedge');
      },
      { until: 'end' },
    );
    await vi.advanceTimersByTimeAsync(70);
    expect(reasons).toEqual([[1, 'AbortError']]);
    const got: unknown[] = [];
    const consumer = follow(started.then((stream) => consume(stream, got)));
    await vi.advanceTimersByTimeAsync(200);
    expect([consumer.now.status, got, heard.length]).toEqual(['fulfilled', ['hedge 1', 'hedge 2'], 1]);
    expect(await results()).toEqual({ won: 1 });
    expect(policy.stats()).toMatchObject({ calls: { success: 2 }, callsInFlight: 0 });
  });

  test('one that fails after it began is not followed by another attempt', async () => {
    const { policy, heard } = hedging();
    const started = policy.execute(() => chunks('first', down), { until: 'end' });
    const consumer = follow(started.then((stream) => consume(stream, [])));
    await vi.advanceTimersByTimeAsync(300);
    expect([consumer.now, heard]).toEqual([{ status: 'rejected', reason: down }, []]);
    expect(policy.stats()).toMatchObject({
      calls: { failure: 1 },
      attempts: { failure: 1 },
      callsInFlight: 0,
    });
  });
});

describe('options', () => {
  test('all that is wrong is said at once', () => {
    expect(() =>
      hedge({ delayMs: 0, percentile: 100, maxHedges: 11, maxExtraLoad: 0, minDelayMs: -1 }),
    ).toThrow(/delayMs.*percentile.*minDelayMs.*maxHedges.*maxExtraLoad/s);
  });

  test.each<[HedgeOptions, string]>([
    [
      {},
      'hedge: up to 1 more beside one that is not over after percentile 95 of the recent latencies and at least 10 ms, the first good answer wins; at most 5 % extra load',
    ],
    [
      { delayMs: 50, maxHedges: 2, maxExtraLoad: 0.1 },
      'hedge: up to 2 more beside one that is not over after 50 ms, the first good answer wins; at most 10 % extra load',
    ],
    [{ maxHedges: 0 }, 'hedge: off'],
  ])('explain() says %j', (given, line) => {
    const text = testHub().policy('upstream', { hedge: given, attemptTimeoutMs: 1_000 }).explain();
    expect(text).toContain(line);
    const most = (given.maxHedges ?? 1) + 1;
    expect(text).toContain(`Worst case: at most ${1_000 * most} ms, ${most} attempt`);
  });

  test('they change while it works, and maxHedges can be steered', async () => {
    const { policy, heard } = hedging();
    const limit = policy.limits.find(({ name }) => name === 'hedge.maxHedges');
    expect(limit).toMatchObject({ type: 'count', configured: 1, current: 1 });
    limit?.set(0);
    follow(policy.execute(hanging));
    await vi.advanceTimersByTimeAsync(100);
    expect(heard).toEqual([]);
    limit?.set(undefined);
    follow(policy.execute(hanging));
    await vi.advanceTimersByTimeAsync(100);
    expect(heard).toHaveLength(1);
    policy.update({ hedge: { delayMs: 300 } });
    follow(policy.execute(hanging));
    await vi.advanceTimersByTimeAsync(299);
    expect(heard).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(12);
    expect(heard).toHaveLength(2);
    policy.update({ hedge: { maxExtraLoad: 0.01 } });
    follow(policy.execute(hanging));
    await vi.advanceTimersByTimeAsync(400);
    expect(heard).toHaveLength(2);
    expect(() => policy.update({ hedge: { maxHedges: -1 } })).toThrow(/hedge\.maxHedges/);
  });

  test('two budgets of one policy are an error that says which to leave out', () => {
    const given = { attemptBudget: { ratio: 0.1 }, retry: { budget: { floor: 1 } } };
    expect(() => testHub().policy('upstream', given)).toThrow(/retry\.budget.*leave it out/s);
    const ownOrder = { attemptBudget: { ratio: 0.1 }, strategies: [retry({ budget: { floor: 1 } })] };
    expect(() => testHub().policy('upstream', ownOrder)).toThrow(/strategies\[0\].*leave it out/s);
    expect(() => testHub().policy('upstream', { ...ownOrder, strategies: [retry()] })).not.toThrow();
  });
});
