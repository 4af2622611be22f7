// biome-ignore-all lint/suspicious/noThenProperty: thenables are what is tested here
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Strategy } from '../../src/index.ts';
import { deferred, errorOf, flush, follow, testHub } from '../support.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('what an operation may return', () => {
  test.each<[string, () => unknown]>([
    ['a value', () => 7],
    ['a promise', () => Promise.resolve(7)],
    ['a thenable that answers at once', () => ({ then: (done: (value: number) => void) => done(7) })],
    [
      'a thenable that answers twice, then fails',
      () => ({
        then: (done: (value: number) => void, fail: (error: unknown) => void) => {
          done(7);
          done(8);
          fail(new Error('no'));
        },
      }),
    ],
    [
      'a promise of a subclass with a then of its own',
      () => {
        class Lazy extends Promise<number> {}
        return Lazy.resolve(7);
      },
    ],
  ])('%s', async (_what, operation) => {
    const policy = testHub().policy('database');
    const value: unknown = await policy.execute(operation);
    expect(value).toBe(7);
    expect(policy.stats()).toMatchObject({ calls: { success: 1 }, attemptsInFlight: 0, callsInFlight: 0 });
  });

  test.each([
    [
      'whose then cannot be read',
      () => ({
        get then(): never {
          throw new Error('broken');
        },
      }),
    ],
    [
      'whose then throws',
      () => ({
        then: () => {
          throw new Error('broken');
        },
      }),
    ],
    [
      'that is a promise whose own then throws',
      () =>
        Object.assign(Promise.resolve(1), {
          then: () => {
            throw new Error('broken');
          },
        }),
    ],
  ])('something %s fails the attempt and loses no call', async (_what, operation) => {
    const policy = testHub().policy('database', { circuitBreaker: { consecutiveFailures: 1 } });
    expect(await errorOf(policy.execute(operation))).toMatchObject({ message: 'broken' });
    expect(policy.stats()).toMatchObject({ calls: { failure: 1 }, attemptsInFlight: 0, callsInFlight: 0 });
    expect(policy.circuit.state).toBe('open');
  });

  test('a thenable that never answers is bounded by the timeout', async () => {
    const policy = testHub().policy('database', { attemptTimeoutMs: 100 });
    const call = follow(policy.execute(() => ({ then: () => {} })));
    await vi.advanceTimersByTimeAsync(120);
    expect(call.now).toMatchObject({ reason: { code: 'TIMEOUT' } });
  });
});

test('an operation that settles in the tick of its timeout: the first of the two decides, once', async () => {
  for (const [operationMs, expected] of [
    [99, 'fulfilled'],
    [112, 'rejected'],
  ] as const) {
    const policy = testHub().policy(`database ${operationMs}`, { attemptTimeoutMs: 100 });
    const call = follow(
      policy.execute(() => new Promise((resolve) => setTimeout(() => resolve('done'), operationMs))),
    );
    await vi.advanceTimersByTimeAsync(200);
    expect(call).toMatchObject({ times: 1, now: { status: expected } });
    const { attempts, lateOutcomes } = policy.stats();
    expect((attempts.success ?? 0) + (attempts.timeout ?? 0)).toBe(1);
    expect(lateOutcomes).toBe(expected === 'rejected' ? 1 : 0);
  }
});

test('a late rejection is handled, and a late value is let go of', async () => {
  const unhandled = vi.fn();
  process.on('unhandledRejection', unhandled);
  try {
    const policy = testHub().policy('database', { attemptTimeoutMs: 100, circuitBreaker: false });
    const [failing, giving] = [deferred(), deferred()];
    const discard = vi.fn();
    const calls = [failing, giving].map(({ promise }) => follow(policy.execute(() => promise, { discard })));
    await vi.advanceTimersByTimeAsync(120);
    failing.reject(new Error('late'));
    giving.resolve('late value');
    await flush();
    vi.useRealTimers();
    await new Promise((resolve) => setImmediate(resolve));
    expect(unhandled).not.toHaveBeenCalled();
    expect(discard).toHaveBeenCalledExactlyOnceWith('late value');
    expect(calls.map(({ now }) => now.status)).toEqual(['rejected', 'rejected']);
    expect(policy.stats()).toMatchObject({
      lateOutcomes: 2,
      attempts: { success: 0, failure: 0, timeout: 2 },
    });
  } finally {
    process.off('unhandledRejection', unhandled);
  }
});

test('a discard that throws is reported and harms nobody', async () => {
  const hub = testHub();
  const policy = hub.policy('database', { attemptTimeoutMs: 100 });
  const reports: string[] = [];
  hub.on('internal-error', ({ component }) => reports.push(component));
  const slow = deferred();
  const call = follow(
    policy.execute(() => slow.promise, {
      discard: () => {
        throw new Error('broken');
      },
    }),
  );
  await vi.advanceTimersByTimeAsync(120);
  slow.resolve(1);
  await flush();
  expect(call.now.status).toBe('rejected');
  expect(reports).toEqual(['discard']);
});

describe("the operation's context", () => {
  test('names the policy and the attempt, and carries the metadata', async () => {
    const policy = testHub().policy('database', { retry: { maxRetries: 2, baseDelayMs: 0, jitter: 'none' } });
    const seen: unknown[] = [];
    const call = policy.execute(
      ({ policy: name, attempt, metadata }) => {
        seen.push([name, attempt, metadata]);
        if (attempt < 3) throw new Error('down');
        return 'up';
      },
      { metadata: { user: 7 } },
    );
    await vi.advanceTimersByTimeAsync(100);
    expect(await call).toBe('up');
    expect(seen).toEqual([1, 2, 3].map((attempt) => ['database', attempt, { user: 7 }]));
  });

  test('remainingMs counts down to the nearest deadline and is 0 after it', async () => {
    const policy = testHub().policy('database', { attemptTimeoutMs: 1_000, totalTimeoutMs: 5_000 });
    let remaining = () => Number.NaN;
    const call = follow(
      policy.execute(
        (context) => {
          remaining = () => context.remainingMs();
          return new Promise(() => {});
        },
        { timeoutMs: 600 },
      ),
    );
    expect(remaining()).toBe(600);
    await vi.advanceTimersByTimeAsync(250);
    expect(remaining()).toBe(350);
    await vi.advanceTimersByTimeAsync(500);
    expect(remaining()).toBe(0);
    expect(call.now.status).toBe('rejected');
  });

  test('may be logged whole: nothing of the call hangs on it', async () => {
    const policy = testHub().policy('dependency');
    const logged = await policy.execute((context) => JSON.stringify([context, { ...context }]));
    expect(logged).toBe('[{"attempt":1},{"attempt":1}]');
  });

  test('remainingMs is Infinity where nothing bounds the attempt', async () => {
    const policy = testHub().policy('database', { attemptTimeoutMs: false, totalTimeoutMs: false });
    expect(await policy.execute((context) => context.remainingMs())).toBe(Number.POSITIVE_INFINITY);
  });
});

describe("the caller's abort", () => {
  const gone = new Error('gone');

  test('before the start: the operation does not run', async () => {
    const policy = testHub().policy('database');
    const operation = vi.fn();
    expect(await errorOf(policy.execute(operation, { signal: AbortSignal.abort(gone) }))).toBe(gone);
    expect(operation).not.toHaveBeenCalled();
    expect(policy.stats()).toMatchObject({ calls: { ignored: 1 }, callsInFlight: 0 });
  });

  test('while the store is asked', async () => {
    const operation = vi.fn();
    const policy = testHub().policy('database', {
      cacheFallback: {
        freshForMs: 1_000,
        store: { get: () => new Promise(() => {}), set: () => {}, delete: () => {} },
      },
    });
    const controller = new AbortController();
    const call = follow(policy.execute(operation, { cacheKey: 'key', signal: controller.signal }));
    await vi.advanceTimersByTimeAsync(10);
    controller.abort(gone);
    await flush();
    expect(call.now).toEqual({ status: 'rejected', reason: gone });
    await vi.advanceTimersByTimeAsync(1_000);
    expect(operation).not.toHaveBeenCalled();
  });

  test('while it waits for another call of its key: the others go on', async () => {
    const policy = testHub().policy('database', { cacheFallback: { coalesce: true } });
    const run = deferred();
    const controller = new AbortController();
    const leader = follow(policy.execute(() => run.promise, { cacheKey: 'key', signal: controller.signal }));
    const other = follow(policy.execute(() => 'unused', { cacheKey: 'key' }));
    controller.abort(gone);
    await flush();
    expect(leader.now).toEqual({ status: 'rejected', reason: gone });
    run.resolve('shared');
    await flush();
    expect(other.now).toEqual({ status: 'fulfilled', value: 'shared' });
  });

  test('of all who wait: the run is told, and the next call starts afresh', async () => {
    const policy = testHub().policy('database', { cacheFallback: { coalesce: true } });
    const controller = new AbortController();
    let signal: AbortSignal | undefined;
    const calls = [1, 2].map(() =>
      follow(
        policy.execute(
          (context) => {
            signal = context.signal;
            return new Promise(() => {});
          },
          { cacheKey: 'key', signal: controller.signal },
        ),
      ),
    );
    controller.abort(gone);
    await flush();
    expect(calls.map(({ now }) => now)).toEqual([1, 2].map(() => ({ status: 'rejected', reason: gone })));
    expect(signal?.aborted).toBe(true);
    expect(await policy.execute(() => 'afresh', { cacheKey: 'key' })).toBe('afresh');
  });

  test('while a fallback is asked', async () => {
    const policy = testHub().policy('database', { fallback: () => new Promise(() => {}) });
    const controller = new AbortController();
    const call = follow(
      policy.execute(() => Promise.reject(new Error('down')), { signal: controller.signal }),
    );
    await vi.advanceTimersByTimeAsync(10);
    controller.abort(gone);
    await flush();
    expect(call.now).toEqual({ status: 'rejected', reason: gone });
  });

  test('after the end changes nothing, and leaves no listener on the signal', async () => {
    const policy = testHub().policy('database');
    const controller = new AbortController();
    const removed = vi.spyOn(controller.signal, 'removeEventListener');
    expect(await policy.execute(() => 1, { signal: controller.signal })).toBe(1);
    expect(removed).toHaveBeenCalledTimes(1);
    controller.abort(gone);
    expect(policy.stats().calls).toMatchObject({ success: 1, ignored: 0 });
  });
});

test('a layer of the user that throws costs its call, and no other', async () => {
  const broken: Strategy = {
    kind: 'timeout',
    describe: () => 'a layer that throws',
    bind: (inner) => ({
      outer: inner.outer,
      enter: () => {
        throw new Error('broken layer');
      },
      settle: () => {},
    }),
  };
  const policy = testHub().policy('dependency', { strategies: [broken] });
  expect(await errorOf(policy.execute(() => 'unused'))).toMatchObject({ message: 'broken layer' });
  expect(policy.stats()).toMatchObject({ callsInFlight: 0, calls: { defect: 1 } });
});

test('a discard or a check that gives a promise that rejects is reported, and crashes nothing', async () => {
  const hub = testHub();
  const reports: string[] = [];
  hub.on('internal-error', ({ component }) => reports.push(component));
  const policy = hub.policy('dependency', { classify: () => 'transient', fallback: () => 'instead' });
  const rejects = () => Promise.reject(new Error('too late'));
  expect(await policy.execute(() => 'discarded', { discard: () => void 0 })).toBe('instead');
  expect(await policy.execute(() => 'discarded', { discard: rejects })).toBe('instead');
  await flush();
  expect(reports).toEqual(['discard']);

  const checked = hub.policy('checked');
  const check: () => boolean = vi.fn().mockRejectedValue(new Error('too late'));
  expect(await checked.execute(() => 'value', { check })).toBe('value');
  expect(reports).toEqual(['discard', 'check']);
});

test('a signal that cannot be let go of, own or inherited, is refused, and nothing stays in flight', async () => {
  const policy = testHub().policy('dependency');
  const halfSignal = { aborted: false, addEventListener: () => {} };
  for (const given of [
    { signal: halfSignal },
    Object.create({ signal: halfSignal }),
    Object.create({ signal: 7 }),
  ]) {
    expect(await errorOf(policy.execute(() => 1, given))).toMatchObject({ code: 'INVALID_OPTIONS' });
  }
  expect(policy.stats().callsInFlight).toBe(0);
});

test("calls that share a caller's signal put one listener on it", async () => {
  const policy = testHub().policy('dependency');
  const caller = new AbortController();
  const listens = vi.spyOn(caller.signal, 'addEventListener');
  const leaves = vi.spyOn(caller.signal, 'removeEventListener');
  const run = deferred();
  const calls = Array.from({ length: 20 }, () =>
    policy.execute(() => run.promise, { signal: caller.signal }),
  );
  expect(listens).toHaveBeenCalledTimes(1);
  run.resolve('done');
  await Promise.all(calls);
  expect(leaves).toHaveBeenCalledTimes(1);
  const late = policy.execute(() => new Promise(() => {}), { signal: caller.signal });
  caller.abort(new Error('gone'));
  expect(await errorOf(late)).toMatchObject({ message: 'gone' });
});
