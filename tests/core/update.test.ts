import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { PolicyChanges, Strategy, UpdateEvent } from '../../src/index.ts';
import {
  createBreakwater,
  fallback,
  InvalidOptionsError,
  isBreakwaterError,
  retry,
  timeout,
} from '../../src/index.ts';
import { deferred, errorOf, failing, flush, follow, hanging, repeat, testHub } from '../support.ts';

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Math, 'random').mockReturnValue(0);
});
afterEach(() => void vi.useRealTimers());

function problemsOf(run: () => unknown): Record<string, string> {
  try {
    run();
  } catch (error) {
    if (error instanceof InvalidOptionsError)
      return Object.fromEntries(error.problems.map(({ path, message }) => [path, message]));
    throw error;
  }
  throw new Error('the update was to be refused');
}

function updated(hub: ReturnType<typeof testHub>) {
  const events: Omit<UpdateEvent, 'time' | 'policy'>[] = [];
  hub.on('update', ({ time: _time, policy: _policy, ...event }) => events.push(event));
  return events;
}

describe('what holds', () => {
  test('options of a layer are merged key by key, and explain() says what holds now', () => {
    const policy = testHub().policy('database', {
      retry: { maxRetries: 3, baseDelayMs: 500 },
      attemptTimeoutMs: 2_000,
    });
    expect(
      policy.update({ retry: { maxRetries: 1 }, attemptTimeoutMs: 500, totalTimeoutMs: undefined }),
    ).toBe(undefined);
    expect(policy.options).toMatchObject({
      totalTimeoutMs: 30_000,
      retry: { maxRetries: 1, baseDelayMs: 500, jitter: 'full' },
      attemptTimeoutMs: 500,
    });
    expect(policy.explain()).toContain('retry: up to 1 more, exponential backoff from 500 ms');
    expect(policy.explain()).toContain('an attempt may take 500 ms');
  });

  test('an option that is an object itself is replaced', () => {
    const policy = testHub().policy('database', { circuitBreaker: { window: { type: 'time', ms: 5_000 } } });
    policy.update({ circuitBreaker: { window: { type: 'count', size: 20 } } });
    expect(policy.options.circuitBreaker).toMatchObject({ window: { type: 'count', size: 20 } });
  });

  test('an update is a copy of what was given, and so is what it is merged into', () => {
    const given = { maxRetries: 2, baseDelayMs: 100 };
    const layer = retry(given);
    const policy = testHub().policy('database', { strategies: [layer] });
    const changes = { retry: { baseDelayMs: 50 } };
    policy.update(changes);
    given.maxRetries = 9;
    changes.retry.baseDelayMs = 7;
    policy.update({ retry: { jitter: 'none' } });
    expect(policy.options.retry).toMatchObject({ maxRetries: 2, baseDelayMs: 50, jitter: 'none' });
  });

  test('options of a class of their own are merged as well, and not lost', () => {
    class Options {
      maxRetries = 2;
      get baseDelayMs() {
        return 70;
      }
    }
    const policy = testHub().policy('database', { strategies: [retry(new Options())] });
    policy.update({ retry: { jitter: 'none' } });
    expect(policy.options.retry).toMatchObject({ maxRetries: 2, baseDelayMs: 70, jitter: 'none' });
  });

  test("a fallback's function changes, and keeps its time", async () => {
    const policy = testHub().policy('prices', { fallback: { answer: () => 'old', timeoutMs: 50 } });
    policy.update({ fallback: () => 'new' });
    await expect(policy.execute(failing())).resolves.toBe('new');
    expect(policy.options.fallback).toMatchObject({ timeoutMs: 50 });
    policy.update({ fallback: { timeoutMs: 20 } });
    await expect(policy.execute(failing())).resolves.toBe('new');
    const short = testHub().policy('prices', { fallback: () => 'short form' });
    short.update({ fallback: { timeoutMs: 20 } });
    await expect(short.execute(failing())).resolves.toBe('short form');
  });

  test('in an order of your own, a layer is meant by its key where it is the only one', () => {
    const own: readonly Strategy[] = [
      timeout({ timeoutMs: 900 }),
      retry(),
      timeout({ timeoutMs: 100 }),
      fallback(() => 1),
    ];
    const policy = testHub().policy('own', { strategies: own });
    policy.update({ totalTimeoutMs: 800, attemptTimeoutMs: 80 });
    expect(policy.options).toMatchObject({ totalTimeoutMs: 800, attemptTimeoutMs: 80 });
    const twice = testHub().policy('twice', { strategies: [retry(), retry()] });
    expect(problemsOf(() => twice.update({ retry: { maxRetries: 1 } }))).toEqual({
      retry: 'stands for several layers of this policy, and cannot say which',
    });
    expect(Object.keys(twice.options)).toEqual(['retry', 'retry 2', 'attemptBudget']);
  });
});

describe('an update that is wrong changes nothing', () => {
  test('all that is wrong is told at once, with its path', () => {
    const hub = testHub();
    const policy = hub.policy('database', { retry: {}, cacheFallback: {} });
    const events = updated(hub);
    const before = policy.options;
    const changes: object = {
      retry: { maxRetries: -1, baseDelay: 5, budget: { ratio: 2 } },
      attemptTimeoutMs: 100,
      totalTimeoutMs: '5s',
      cacheFallback: false,
      fallback: () => 1,
      criticality: 'low',
      circuitBraker: {},
      circuitBreaker: [1],
    };
    const problems = problemsOf(() => policy.update(changes, { forMs: 0 }));
    expect(problems).toEqual({
      forMs: expect.stringContaining('above 0'),
      'retry.maxRetries': expect.stringContaining('0 or more'),
      'retry.baseDelay': expect.stringContaining("'baseDelayMs'"),
      'retry.budget.ratio': expect.stringContaining('at most 1'),
      totalTimeoutMs: expect.stringContaining('5_000'),
      cacheFallback: expect.stringContaining('cannot be taken out while the policy runs'),
      fallback: expect.stringContaining('cannot change or be added while it runs'),
      criticality: expect.stringContaining('remove the policy and make it anew'),
      circuitBraker: expect.stringContaining("did you mean 'circuitBreaker'?"),
      circuitBreaker: expect.stringContaining('plain object'),
    });
    expect(policy.options).toEqual(before);
    expect(events).toEqual([]);
  });

  test.each([[null], [7], [[]], ['retry'], [() => {}], [new Map()]])('%s is no set of options', (given) => {
    const policy = testHub().policy('database');
    const update: (changes: never) => unknown = (changes) => policy.update(changes);
    expect(problemsOf(() => Reflect.apply(update, undefined, [given]))).toHaveProperty(['']);
  });

  test('what is remembered, and where, cannot change; the same again is no change', () => {
    const store = { get: () => undefined, set: () => {}, delete: () => {} };
    const policy = testHub().policy('database', { cacheFallback: { store } });
    const other = { ...store, get: () => undefined };
    expect(
      problemsOf(() => policy.update({ cacheFallback: { store: other, clone: structuredClone } })),
    ).toEqual({
      'cacheFallback.store': expect.stringContaining('cannot change while the policy runs'),
      'cacheFallback.clone': expect.stringContaining('cannot change while the policy runs'),
    });
    policy.update({ cacheFallback: { store, staleIfErrorMs: 5 } });
    expect(policy.options.cacheFallback).toMatchObject({ staleIfErrorMs: 5 });
  });

  test('a layer whose options cannot change says so', () => {
    const policy = testHub().policy('open', { totalTimeoutMs: false });
    expect(problemsOf(() => policy.update({ totalTimeoutMs: 5 }))).toEqual({
      totalTimeoutMs: expect.stringContaining('cannot change while the policy runs'),
    });
  });

  test('once the policy is closed, none is made', async () => {
    const hub = testHub();
    const policy = hub.policy('database', { retry: {} });
    policy.update({ retry: { maxRetries: 1 } }, { forMs: 1_000 });
    hub.remove('database');
    expect(vi.getTimerCount()).toBe(0);
    const error = await errorOf(Promise.resolve().then(() => policy.update({ retry: { maxRetries: 2 } })));
    expect(isBreakwaterError(error, 'CLOSED')).toBe(true);
    const other = hub.policy('other', { retry: {} });
    await hub.close();
    expect(() => other.update({ retry: { maxRetries: 2 } })).toThrow('closed');
  });
});

describe('overrides', () => {
  test('lie on each other in the order in which they were made; what holds for good lies below them', () => {
    const hub = testHub();
    const policy = hub.policy('database', { retry: { maxRetries: 3, baseDelayMs: 100 } });
    const events = updated(hub);
    policy.update({ retry: { maxRetries: 1 } }, { forMs: 1_000 });
    vi.advanceTimersByTime(400);
    policy.update({ retry: { maxRetries: 0, baseDelayMs: 50 } }, { forMs: 300 });
    policy.update({ retry: { maxRetries: 5 } });
    expect(policy.options.retry).toMatchObject({ maxRetries: 0, baseDelayMs: 50 });
    vi.advanceTimersByTime(300);
    expect(policy.options.retry).toMatchObject({ maxRetries: 1, baseDelayMs: 100 });
    vi.advanceTimersByTime(299);
    expect(policy.options.retry).toMatchObject({ maxRetries: 1 });
    vi.advanceTimersByTime(1);
    expect(policy.options.retry).toMatchObject({ maxRetries: 5, baseDelayMs: 100 });
    const retries = (from: number, to: number) => ({ option: 'retry.maxRetries', from, to });
    expect(events).toEqual([
      { status: 'overridden', keys: ['retry'], changes: [retries(3, 1)], forMs: 1_000 },
      {
        status: 'overridden',
        keys: ['retry'],
        changes: [retries(1, 0), { option: 'retry.baseDelayMs', from: 100, to: 50 }],
        forMs: 300,
      },
      { status: 'changed', keys: ['retry'], changes: [] },
      {
        status: 'restored',
        keys: ['retry'],
        changes: [retries(0, 1), { option: 'retry.baseDelayMs', from: 50, to: 100 }],
      },
      { status: 'restored', keys: ['retry'], changes: [retries(1, 5)] },
    ]);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('one is ended early by what it gave, once', () => {
    const hub = testHub();
    const policy = hub.policy('database', { attemptTimeoutMs: 1_000 });
    const events = updated(hub);
    const end = policy.update({ attemptTimeoutMs: 100 }, { forMs: 2 ** 33 });
    expect(vi.getTimerCount()).toBe(1);
    end();
    end();
    expect(policy.options.attemptTimeoutMs).toBe(1_000);
    expect(events.map(({ status }) => status)).toEqual(['overridden', 'restored']);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('one lasts as long as it says, beyond what a timer can', () => {
    const policy = testHub().policy('database', { attemptTimeoutMs: 1_000 });
    policy.update({ attemptTimeoutMs: 100 }, { forMs: 2 ** 31 + 10 });
    vi.advanceTimersByTime(2 ** 31 + 9);
    expect(policy.options.attemptTimeoutMs).toBe(100);
    vi.advanceTimersByTime(1);
    expect(policy.options.attemptTimeoutMs).toBe(1_000);
  });

  test('an update for good that an override could not lie on is refused', () => {
    const policy = testHub().policy('database', { circuitBreaker: { openMs: 1_000, maxOpenMs: 9_000 } });
    policy.update({ circuitBreaker: { openMs: 8_000 } }, { forMs: 1_000 });
    expect(problemsOf(() => policy.update({ circuitBreaker: { maxOpenMs: 5_000 } }))).toEqual({
      'circuitBreaker.maxOpenMs': expect.stringContaining('together with what holds for a time'),
    });
    vi.advanceTimersByTime(1_000);
    policy.update({ circuitBreaker: { maxOpenMs: 5_000 } });
    expect(policy.options.circuitBreaker).toMatchObject({ openMs: 1_000, maxOpenMs: 5_000 });
  });

  test('an update for good that an override could not lie on is refused, also where a later one hides it', () => {
    const policy = testHub().policy('p', { circuitBreaker: { openMs: 2, maxOpenMs: 3 } });
    policy.update({ circuitBreaker: { maxOpenMs: 2 } }, { forMs: 1_000 });
    policy.update({ circuitBreaker: { openMs: 1 } }, { forMs: 1_000 });
    expect(() => policy.update({ circuitBreaker: { openMs: 3 } })).toThrow(
      'together with what holds for a time',
    );
    expect(policy.options.circuitBreaker).toMatchObject({ openMs: 1, maxOpenMs: 2 });
  });

  test('one that leaned on another is passed over, and reported, when that ends', () => {
    const hub = testHub();
    const policy = hub.policy('database', { circuitBreaker: { openMs: 1_000, maxOpenMs: 2_000 } });
    const reported: unknown[] = [];
    hub.on('internal-error', ({ component }) => reported.push(component));
    const endFirst = policy.update({ circuitBreaker: { maxOpenMs: 9_000 } }, { forMs: 1_000 });
    const endSecond = policy.update({ circuitBreaker: { openMs: 8_000 } }, { forMs: 1_000 });
    endFirst();
    expect(policy.options.circuitBreaker).toMatchObject({ openMs: 1_000, maxOpenMs: 2_000 });
    expect(reported).toEqual(['update']);
    endSecond();
    expect(policy.options.circuitBreaker).toMatchObject({ openMs: 1_000, maxOpenMs: 2_000 });
  });

  test('the same for good, again and again, is told once', () => {
    const hub = testHub();
    const policy = hub.policy('database', { retry: {} });
    const events = updated(hub);
    for (let times = 0; times < 3; times += 1) policy.update({ retry: { maxRetries: 2 } });
    policy.update({});
    policy.update({}, { forMs: 10 });
    expect(events).toEqual([
      { status: 'changed', keys: ['retry'], changes: [{ option: 'retry.maxRetries', from: 3, to: 2 }] },
    ]);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('calls in flight', () => {
  test('keep the time that they began with, and others get the new one', async () => {
    const policy = testHub().policy('database', { totalTimeoutMs: 1_000, attemptTimeoutMs: 400 });
    const before = follow(policy.execute(hanging));
    policy.update({ attemptTimeoutMs: 100 });
    const after = follow(policy.execute(hanging));
    await vi.advanceTimersByTimeAsync(120);
    expect(after.now).toMatchObject({ status: 'rejected', reason: { scope: 'attempt', timeoutMs: 100 } });
    expect(before.now.status).toBe('pending');
    await vi.advanceTimersByTimeAsync(300);
    expect(before.now).toMatchObject({ status: 'rejected', reason: { scope: 'attempt', timeoutMs: 400 } });
    const raised = follow(policy.execute(hanging));
    policy.update({ attemptTimeoutMs: 900 });
    await vi.advanceTimersByTimeAsync(120);
    expect(raised.now).toMatchObject({ status: 'rejected', reason: { timeoutMs: 100 } });
  });

  test('the total time changes for calls that begin then', async () => {
    const policy = testHub().policy('database', { totalTimeoutMs: 1_000, attemptTimeoutMs: false });
    const before = follow(policy.execute(hanging));
    policy.update({ totalTimeoutMs: 100 });
    const after = follow(policy.execute(hanging));
    await vi.advanceTimersByTimeAsync(120);
    expect(after.now).toMatchObject({ status: 'rejected', reason: { scope: 'total', timeoutMs: 100 } });
    expect(before.now.status).toBe('pending');
    await vi.advanceTimersByTimeAsync(900);
    expect(before.now).toMatchObject({ status: 'rejected', reason: { scope: 'total' } });
  });

  test("a call's own time is judged by the attempt time that holds now", async () => {
    const policy = testHub().policy('database', { attemptTimeoutMs: 5_000, circuitBreaker: false });
    const verdicts: string[] = [];
    policy.update({ attemptTimeoutMs: 50 });
    const call = follow(policy.execute(hanging, { timeoutMs: 40 }));
    await vi.advanceTimersByTimeAsync(60);
    expect(call.now.status).toBe('rejected');
    const hub = testHub();
    hub.on('call', ({ verdict }) => verdicts.push(verdict));
    const other = hub.policy('other', { attemptTimeoutMs: 50, circuitBreaker: false });
    other.update({ attemptTimeoutMs: 5_000 });
    const cut = follow(other.execute(hanging, { timeoutMs: 100 }));
    await vi.advanceTimersByTimeAsync(120);
    expect(cut.now.status).toBe('rejected');
    expect(verdicts).toEqual(['ignored']);
  });

  test('those that retry go on as they began', async () => {
    const policy = testHub().policy('database', {
      retry: { maxRetries: 2, baseDelayMs: 100, jitter: 'none', backoff: 'constant' },
      circuitBreaker: false,
    });
    const operation = vi.fn(failing());
    const call = follow(policy.execute(operation));
    await flush();
    policy.update({ retry: { maxRetries: 0, baseDelayMs: 5_000 } });
    await vi.advanceTimersByTimeAsync(250);
    expect(call.now.status).toBe('rejected');
    expect(operation).toHaveBeenCalledTimes(3);
    const next = vi.fn(failing());
    await errorOf(policy.execute(next));
    expect(next).toHaveBeenCalledTimes(1);
  });

  test('what was spent of the attempt budget stays spent', async () => {
    const policy = testHub().policy('database', {
      retry: { maxRetries: 1, baseDelayMs: 0, budget: { floor: 5, ratio: 0.1, periodMs: 60_000 } },
      circuitBreaker: false,
    });
    const run = async (times: number) => {
      const before = policy.stats().retries;
      const calls = repeat(times, () => policy.execute(failing()));
      await vi.advanceTimersByTimeAsync(200);
      await calls;
      return policy.stats().retries - before;
    };
    expect(await run(4)).toBe(4);
    policy.update({ retry: { budget: { floor: 6, ratio: 0.1, periodMs: 60_000 } } });
    expect(await run(4)).toBe(2);
    policy.update({ retry: { budget: { floor: 8, ratio: 0.1, periodMs: 60_000 } } }, { forMs: 10_000 });
    expect(await run(4)).toBe(2);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await run(4)).toBe(0);
  });

  test('the attempt budget of the policy changes, for good and for a time', async () => {
    const policy = testHub().policy('p', {
      retry: { maxRetries: 1, baseDelayMs: 0 },
      attemptBudget: { floor: 1, ratio: 0.01, periodMs: 60_000 },
      circuitBreaker: false,
    });
    const attemptsOf = async (calls: number) => {
      const before = policy.stats().retries;
      for (let at = 0; at < calls; at += 1) {
        const call = follow(policy.execute(failing()));
        await flush();
        await vi.advanceTimersByTimeAsync(20);
        expect(call.times).toBe(1);
      }
      return policy.stats().retries - before;
    };
    expect(await attemptsOf(3)).toBe(1);
    policy.update({ attemptBudget: { floor: 3 } });
    expect(policy.options.attemptBudget).toEqual({ floor: 3, ratio: 0.01, periodMs: 60_000 });
    expect(await attemptsOf(4)).toBe(2);
    const end = policy.update({ attemptBudget: { floor: 4 } }, { forMs: 60_000 });
    expect(await attemptsOf(2)).toBe(1);
    end();
    expect(policy.options.attemptBudget).toMatchObject({ floor: 3 });
    expect(await attemptsOf(2)).toBe(0);
  });

  test('where retry has a budget of its own, that is what changes', () => {
    const policy = testHub().policy('p', { retry: { budget: { floor: 1 } } });
    expect(() => policy.update({ attemptBudget: { floor: 2 } })).toThrow("'retry.budget' of this policy");
    expect(() =>
      testHub()
        .policy('q')
        .update({ attemptBudget: { ratio: 7, flor: 2 } as object }),
    ).toThrow(/attemptBudget.ratio: .*\n.*attemptBudget.flor: .*did you mean 'floor'/);
  });

  test('a retry that uses the budget of its policy gets none of its own', () => {
    const made = { retry: { maxRetries: 1 }, attemptBudget: { floor: 3 } };
    for (const options of [made, { retry: {} }]) {
      const policy = testHub().policy('database', options);
      const before = policy.options;
      expect(() => policy.update({ retry: { budget: { floor: 0 } } })).toThrow(
        "retry.budget: cannot change while the policy runs; the policy's own is used: change 'attemptBudget'",
      );
      expect(policy.options).toEqual(before);
    }
  });
});

test('lists are the same where all that is in them is; what may be secret is told in words', () => {
  const hub = testHub();
  const told: unknown[] = [];
  hub.on('update', ({ changes }) => told.push(changes));
  const target: { secret: string; self?: unknown } = { secret: 'hunter2' };
  target.self = target;
  const policy = hub.policy('db', { failover: { endpoints: [{ name: 'a', target }] }, fallback: () => 1 });
  policy.update({ failover: { maxFailovers: 3 }, fallback: () => 2 });
  expect(told).toEqual([
    [
      { option: 'failover.maxFailovers', from: 0, to: 3 },
      { option: 'fallback.answer', from: 'a function', to: 'a function' },
    ],
  ]);
  expect(JSON.stringify(told)).not.toContain('hunter2');
});

describe('what is remembered', () => {
  test('values outlast a change, as many as there is room for, the latest used first', async () => {
    const policy = testHub().policy('prices', { cacheFallback: { maxEntries: 4 }, circuitBreaker: false });
    for (const key of ['a', 'b', 'c', 'd']) await policy.execute(() => key, { cacheKey: key });
    await policy.execute(failing(), { cacheKey: 'a' });
    policy.update({ cacheFallback: { maxEntries: 2 } });
    const known = async (key: string) => policy.execute(failing(), { cacheKey: key }).catch(() => undefined);
    expect(await Promise.all(['b', 'c', 'd', 'a'].map(known))).toEqual([undefined, undefined, 'd', 'a']);
    policy.update({ cacheFallback: { maxEntries: 3 } });
    await policy.execute(() => 'e', { cacheKey: 'e' });
    expect(await Promise.all(['d', 'a', 'e'].map(known))).toEqual(['d', 'a', 'e']);
  });

  test('how long it serves changes at once', async () => {
    const policy = testHub().policy('prices', {
      cacheFallback: { staleIfErrorMs: 1_000 },
      circuitBreaker: false,
    });
    await policy.execute(() => 'good', { cacheKey: 'k' });
    await vi.advanceTimersByTimeAsync(500);
    const end = policy.update({ cacheFallback: { staleIfErrorMs: 100 } }, { forMs: 60_000 });
    await errorOf(policy.execute(failing(), { cacheKey: 'k' }));
    end();
    await expect(policy.execute(failing(), { cacheKey: 'k' })).resolves.toBe('good');
    policy.update({ cacheFallback: { freshForMs: 600 } });
    await expect(policy.execute(() => 'newer', { cacheKey: 'k' })).resolves.toBe('good');
  });

  test('runs that calls share go on when sharing is turned off, and again when it is turned on', async () => {
    const policy = testHub().policy('prices', { cacheFallback: { coalesce: true } });
    const shared = deferred<string>();
    const operation = vi.fn(() => shared.promise);
    const first = follow(policy.execute(operation, { cacheKey: 'k' }));
    const second = follow(policy.execute(operation, { cacheKey: 'k' }));
    policy.update({ cacheFallback: { coalesce: false } });
    const alone = deferred<string>();
    const third = follow(policy.execute(() => alone.promise, { cacheKey: 'k' }));
    policy.update({ cacheFallback: { coalesce: true } });
    const fourth = follow(policy.execute(operation, { cacheKey: 'k' }));
    alone.resolve('alone');
    shared.resolve('shared');
    await flush();
    expect(operation).toHaveBeenCalledTimes(1);
    for (const call of [first, second, fourth])
      expect(call.now).toEqual({ status: 'fulfilled', value: 'shared' });
    expect(third.now).toEqual({ status: 'fulfilled', value: 'alone' });
    expect(policy.stats().callsInFlight).toBe(0);
  });
});

describe('limits that people steer', () => {
  test.each(['retry.maxRetries', 'attemptTimeoutMs', 'totalTimeoutMs', 'circuitBreaker.openMs'])(
    '%s stays in force until it is given back; what the options say follows the update',
    (name) => {
      const policy = testHub().policy('database', { retry: { maxRetries: 3 } });
      const limit = () => policy.limits.find((known) => known.name === name);
      const changes: Record<string, PolicyChanges> = {
        'retry.maxRetries': { retry: { maxRetries: 7 } },
        attemptTimeoutMs: { attemptTimeoutMs: 7 },
        totalTimeoutMs: { totalTimeoutMs: 7 },
        'circuitBreaker.openMs': { circuitBreaker: { openMs: 7 } },
      };
      const steered = limit();
      steered?.set(5);
      policy.update(changes[name] ?? {});
      expect(limit()).toMatchObject({ configured: 7, current: 5 });
      steered?.set(undefined);
      expect(limit()).toMatchObject({ configured: 7, current: 7 });
    },
  );

  test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
    '%s is refused by each of them, and changes nothing',
    (value) => {
      const policy = testHub().policy('database', {
        retry: {},
        hedge: { delayMs: 10 },
        failover: { endpoints: [{ name: 'a', target: 1 }] },
        throttle: {},
        rateLimit: { ratePerSecond: 10 },
        adaptiveLimit: {},
        bulkhead: {},
      });
      const before = policy.limits.map(({ name, current }) => ({ name, current }));
      expect(before.length).toBeGreaterThan(8);
      for (const limit of policy.limits) {
        expect(() => limit.set(value)).toThrow(`The new value of ${limit.name} cannot be used`);
        expect(() => limit.set(value)).toThrow(`value: must be a finite number, not ${value}`);
      }
      expect(policy.limits.map(({ name, current }) => ({ name, current }))).toEqual(before);
    },
  );

  test('a steered time is what attempts are held to', async () => {
    const policy = testHub().policy('database', { attemptTimeoutMs: 1_000 });
    const limit = policy.limits.find(({ name }) => name === 'attemptTimeoutMs');
    limit?.set(50);
    policy.update({ attemptTimeoutMs: 500 });
    const call = follow(policy.execute(hanging));
    await vi.advanceTimersByTimeAsync(70);
    expect(call.now).toMatchObject({ status: 'rejected', reason: { timeoutMs: 50 } });
  });
});

describe('from within', () => {
  test('an operation, a listener and a listener to updates', async () => {
    const hub = testHub();
    const policy = hub.policy('database', {
      retry: { maxRetries: 3, baseDelayMs: 0 },
      circuitBreaker: false,
    });
    const seen: unknown[] = [];
    hub.on('update', ({ status, changes }) => {
      seen.push([status, changes[0]?.to]);
      if (status === 'changed' && changes[0]?.to === 1)
        policy.update({ retry: { maxRetries: 0 } }, { forMs: 100 });
    });
    hub.on('retry', () => void policy.update({ attemptTimeoutMs: 77 }));
    const call = follow(
      policy.execute(({ attempt }) => {
        if (attempt === 1) policy.update({ retry: { maxRetries: 1 } });
        return Promise.reject(new Error('down'));
      }),
    );
    await vi.advanceTimersByTimeAsync(50);
    expect(call.now.status).toBe('rejected');
    expect(policy.options).toMatchObject({ retry: { maxRetries: 0 } });
    await vi.advanceTimersByTimeAsync(100);
    expect(policy.options).toMatchObject({ retry: { maxRetries: 1 } });
    expect(seen.slice(0, 2)).toEqual([
      ['changed', 1],
      ['overridden', 0],
    ]);
  });

  test('a getter of the options that are given', () => {
    const policy = testHub().policy('database', { retry: { maxRetries: 3, baseDelayMs: 100 } });
    const changes = {
      get retry() {
        policy.update({ retry: { baseDelayMs: 7 } });
        return { maxRetries: 1 };
      },
    };
    policy.update(changes);
    expect(policy.options.retry).toMatchObject({ maxRetries: 1, baseDelayMs: 7 });
  });

  test('a listener that throws changes nothing of it', () => {
    const hub = testHub();
    const policy = hub.policy('database', { retry: {} });
    hub.on('update', () => {
      throw new Error('broken');
    });
    policy.update({ retry: { maxRetries: 1 } });
    expect(policy.options.retry).toMatchObject({ maxRetries: 1 });
  });

  test('a layer of a user that fails to take its options is reported, and the others have theirs', () => {
    const hub = testHub();
    const reported: string[] = [];
    hub.on('internal-error', ({ component }) => reported.push(component));
    const own: Strategy = {
      kind: 'chaos',
      key: 'own',
      describe: () => 'own',
      bind: (inner) => inner,
      adjustable: {
        given: {},
        current: {},
        prepare: () => () => {
          throw new Error('broken');
        },
      },
    };
    const policy = hub.policy('database', { strategies: [own, retry()] });
    const changes: object = { own: { a: 1 }, retry: { maxRetries: 1 } };
    policy.update(changes);
    expect(policy.options.retry).toMatchObject({ maxRetries: 1 });
    expect(reported).toEqual(['update']);
  });
});

test('a log line and the incidents tell of it', async () => {
  const lines: unknown[] = [];
  const quiet = { debug: () => {}, warn: () => {}, error: () => {} };
  const hub = createBreakwater({
    registry: testHub().registry,
    logger: { ...quiet, info: (_fields: unknown, line: unknown) => lines.push(line) },
    incidents: { sinks: [] },
  });
  const policy = hub.policy('database', { retry: {}, circuitBreaker: { consecutiveFailures: 1 } });
  policy.update({ retry: { maxRetries: 0 } }, { forMs: 1_000 });
  const line = "policy 'database': retry.maxRetries from 3 to 0 for 1000 ms";
  expect(lines).toContain(`breakwater: options changed of ${line}`);
  await errorOf(policy.execute(failing()));
  const [incident] = hub.incidents.open();
  expect(JSON.stringify(incident?.toJSON())).toContain(line);
  await hub.close();
});
