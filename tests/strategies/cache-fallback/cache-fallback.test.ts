import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  type CacheEntry,
  type CacheStore,
  cacheFallback,
  fallback,
  retry,
  timeout,
} from '../../../src/index.ts';
import { deferred, errorOf, failing, flush, follow, hanging, testHub } from '../../support.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const store = (parts: Partial<CacheStore>): CacheStore => ({
  get: () => undefined,
  set: () => undefined,
  delete: () => undefined,
  ...parts,
});

test.each([undefined, null, false, 0, '', Number.NaN])(
  '%s is remembered like any other value',
  async (value) => {
    const policy = testHub().policy('database', { cacheFallback: { freshForMs: 1_000 } });
    const operation = vi.fn(() => value);
    expect(await policy.execute(operation, { cacheKey: 'key' })).toBe(value);
    expect(await policy.executeDetailed(operation, { cacheKey: 'key' })).toEqual({
      value,
      source: 'cache',
      ageMs: 0,
      attempts: 0,
    });
    expect(
      await policy.executeDetailed(failing(), { cacheKey: 'other' }).catch(({ message }) => message),
    ).toBe('down');
    expect(operation).toHaveBeenCalledTimes(1);
  },
);

test('a stale value answers in a failed call, younger than staleIfErrorMs, and says so', async () => {
  const hub = testHub();
  const events: unknown[] = [];
  hub.on('fallback', ({ source, ageMs, error }) => events.push([source, ageMs, error]));
  const policy = hub.policy('database', { cacheFallback: { staleIfErrorMs: 1_000 }, circuitBreaker: false });
  await policy.execute(() => 'old', { cacheKey: 'key' });
  await vi.advanceTimersByTimeAsync(999);
  const down = new Error('down');
  expect(await policy.executeDetailed(() => Promise.reject(down), { cacheKey: 'key' })).toEqual({
    value: 'old',
    source: 'stale',
    ageMs: 999,
    attempts: 1,
  });
  expect(events).toEqual([['stale', 999, down]]);
  await vi.advanceTimersByTimeAsync(1);
  expect(await errorOf(policy.execute(() => Promise.reject(down), { cacheKey: 'key' }))).toBe(down);
  expect(policy.stats()).toMatchObject({ calls: { fallback: 1, failure: 1 }, fallbacks: { stale: 1 } });
});

test('a rejected call is answered too; a refused, defect or ignored one is not', async () => {
  const policy = testHub().policy('database', { cacheFallback: {} });
  await policy.execute(() => 'old', { cacheKey: 'key' });
  policy.circuit.forceOpen('maintenance');
  expect(await policy.execute(() => 'unused', { cacheKey: 'key' })).toBe('old');
  policy.circuit.reset();
  const defect = new TypeError('x is not a function');
  expect(await errorOf(policy.execute(() => Promise.reject(defect), { cacheKey: 'key' }))).toBe(defect);
});

test('errors, values that fail their check and values of a bad verdict are not remembered', async () => {
  const policy = testHub().policy('database', {
    cacheFallback: {},
    circuitBreaker: false,
    classify: (result) => (result.ok && result.value === 'bad' ? 'permanent' : undefined),
  });
  await policy.execute(() => 'good', { cacheKey: 'key' });
  expect(await policy.execute(() => 'unchecked', { cacheKey: 'key', check: () => false })).toBe('unchecked');
  expect(await policy.execute(() => 'bad', { cacheKey: 'key' })).toBe('good');
  expect(await policy.execute(failing(), { cacheKey: 'key' })).toBe('good');
});

test('no key, no caching', async () => {
  const policy = testHub().policy('database', { cacheFallback: { freshForMs: 1_000, coalesce: true } });
  await policy.execute(() => 'first');
  expect(await policy.execute(() => 'second')).toBe('second');
  expect(await errorOf(policy.execute(failing()))).toMatchObject({ message: 'down' });
});

test('each wrap has its own namespace, apart from that of execute', async () => {
  const policy = testHub().policy('database', { cacheFallback: { freshForMs: 1_000 } });
  const key = (id: number) => String(id);
  const user = policy.wrap((id: number) => `user ${id}`, { cacheKey: key });
  const order = policy.wrap((id: number) => `order ${id}`, { cacheKey: key });
  const item = policy.wrap((id: number) => `item ${id}`, { cacheKey: key, name: 'item' });
  expect(await Promise.all([user(1), order(1), item(1)])).toEqual(['user 1', 'order 1', 'item 1']);
  expect(await policy.execute(() => 'own', { cacheKey: '1' })).toBe('own');
  expect(await user(1)).toBe('user 1');
  expect(() => policy.wrap(() => 1, { name: 'item' })).toThrow(/'item' is the name of another wrap/);
});

test('the least recently used of maxEntries goes first', async () => {
  const policy = testHub().policy('database', { cacheFallback: { maxEntries: 2 }, circuitBreaker: false });
  for (const cacheKey of ['a', 'b', 'c']) await policy.execute(() => cacheKey, { cacheKey });
  expect(await errorOf(policy.execute(failing(), { cacheKey: 'a' }))).toMatchObject({ message: 'down' });
  expect(await policy.execute(failing(), { cacheKey: 'b' })).toBe('b');
});

test('values are shared by reference, or as clone copies them', async () => {
  const shared = testHub().policy('shared', { cacheFallback: { freshForMs: 1_000 } });
  const value = { list: [1] };
  await shared.execute(() => value, { cacheKey: 'key' });
  expect(await shared.execute(() => value, { cacheKey: 'key' })).toBe(value);

  const cloned = testHub().policy('cloned', {
    cacheFallback: { freshForMs: 1_000, coalesce: true, clone: structuredClone },
  });
  const run = deferred<typeof value>();
  const calls = [1, 2].map(() => cloned.execute(() => run.promise, { cacheKey: 'key' }));
  run.resolve(value);
  const [first, second] = await Promise.all(calls);
  expect(second).toEqual(first);
  expect(second).not.toBe(first);
  value.list.push(2);
  expect(await cloned.execute(() => value, { cacheKey: 'key' })).toEqual({ list: [1] });
});

describe('a store that fails is reported and passed over', () => {
  const broken = new Error('the store is broken');
  test.each<[string, Partial<CacheStore>]>([
    [
      'get throws',
      {
        get: () => {
          throw broken;
        },
      },
    ],
    ['get rejects', { get: () => Promise.reject(broken) }],
    ['get hangs', { get: hanging }],
    ['get answers no entry', { get: () => JSON.parse('"rubbish"') }],
    ['get answers an entry without a time', { get: () => JSON.parse('{"value":1}') }],
    ['get answers later with rubbish', { get: () => Promise.resolve(JSON.parse('[1]')) }],
    [
      'get answers what cannot be read',
      {
        get: () => ({
          value: 1,
          get storedAt(): number {
            throw broken;
          },
        }),
      },
    ],
    [
      'get answers later with what cannot be read',
      {
        get: () =>
          Promise.resolve({
            value: 1,
            get storedAt(): number {
              throw broken;
            },
          }),
      },
    ],
    [
      'set throws',
      {
        set: () => {
          throw broken;
        },
      },
    ],
    ['set rejects', { set: () => Promise.reject(broken) }],
    ['set hangs', { set: hanging }],
  ])('%s', async (_what, parts) => {
    const hub = testHub();
    const reports: string[] = [];
    hub.on('internal-error', ({ component }) => reports.push(component));
    const policy = hub.policy('database', {
      cacheFallback: { freshForMs: 1_000, store: store(parts) },
      circuitBreaker: false,
    });
    const call = follow(policy.execute(() => 'live', { cacheKey: 'key' }));
    await vi.advanceTimersByTimeAsync(120);
    expect(call.now).toEqual({ status: 'fulfilled', value: 'live' });
    const failed = follow(policy.execute(failing(), { cacheKey: 'key' }));
    await vi.advanceTimersByTimeAsync(120);
    expect(failed.now).toMatchObject({ status: 'rejected', reason: { message: 'down' } });
    expect(new Set(reports)).toEqual(new Set(['cache-store']));
    expect(policy.stats()).toMatchObject({ callsInFlight: 0 });
    // Look-ups that failed are counted as that and as nothing else; writes that failed are no look-ups.
    const { hit = 0, miss = 0, stale = 0, error = 0 } = policy.stats().cache;
    expect(hit + miss + stale + error).toBe(3);
    expect(error).toBe(_what.startsWith('set') ? 0 : reports.length);
  });

  test('an entry from the far future is rubbish, one from a clock slightly ahead is young', async () => {
    const ahead = (ms: number) => ({ get: () => ({ value: 'theirs', storedAt: Date.now() + ms }) });
    const hub = testHub();
    const near = hub.policy('near', { cacheFallback: { freshForMs: 1_000, store: store(ahead(500)) } });
    const far = hub.policy('far', { cacheFallback: { freshForMs: 1_000, store: store(ahead(3_600_000)) } });
    expect(await near.executeDetailed(() => 'live', { cacheKey: 'key' })).toMatchObject({
      value: 'theirs',
      ageMs: 0,
    });
    expect(await far.execute(() => 'live', { cacheKey: 'key' })).toBe('live');
  });
});

describe('order', () => {
  test('with both fallbacks, the cache answers first, and the function when the cache cannot', async () => {
    const answer = vi.fn(() => 'made');
    const policy = testHub().policy('database', {
      cacheFallback: {},
      fallback: answer,
      circuitBreaker: false,
    });
    await policy.execute(() => 'old', { cacheKey: 'key' });
    expect(await policy.executeDetailed(failing(), { cacheKey: 'key' })).toMatchObject({
      value: 'old',
      source: 'stale',
    });
    expect(answer).not.toHaveBeenCalled();
    expect(await policy.executeDetailed(failing(), { cacheKey: 'other' })).toMatchObject({
      value: 'made',
      source: 'fallback',
    });
    expect(await policy.execute(() => 'new', { cacheKey: 'other' })).toBe('new');
  });

  test('what a fallback made is not remembered, and stays marked when it is shared', async () => {
    const policy = testHub().policy('database', {
      strategies: [cacheFallback({ coalesce: true, clone: (value) => value }), fallback(() => 'made')],
    });
    const run = deferred();
    const calls = [1, 2].map(() => policy.executeDetailed(() => run.promise, { cacheKey: 'key' }));
    run.reject(new Error('down'));
    expect(await Promise.all(calls)).toMatchObject([{ source: 'fallback' }, { source: 'fallback' }]);
    expect(policy.stats()).toMatchObject({ calls: { fallback: 2, success: 0 } });
  });

  test.each(['the cache', 'the function'])(
    'within a total timeout, %s is not asked once the time is up',
    async (which) => {
      const slow = { get: hanging };
      const policy = testHub().policy('database', {
        strategies: [
          timeout({ timeoutMs: 100, scope: 'total' }),
          which === 'the cache'
            ? cacheFallback({ store: store(slow), storeTimeoutMs: 10_000 })
            : fallback({ answer: hanging, timeoutMs: 10_000 }),
        ],
      });
      const call = follow(policy.execute(hanging, { cacheKey: 'key' }));
      await vi.advanceTimersByTimeAsync(111);
      expect(call.now).toMatchObject({ status: 'rejected', reason: { code: 'TIMEOUT' } });
    },
  );
});

test('coalesced callers keep their own deadlines', async () => {
  const policy = testHub().policy('database', { cacheFallback: { coalesce: true } });
  const run = deferred();
  const patient = follow(policy.execute(() => run.promise, { cacheKey: 'key' }));
  const hurried = follow(policy.execute(() => run.promise, { cacheKey: 'key', timeoutMs: 50 }));
  await vi.advanceTimersByTimeAsync(70);
  expect(hurried.now).toMatchObject({ reason: { code: 'TIMEOUT', timeoutMs: 50 } });
  run.resolve('shared');
  await flush();
  expect(patient.now).toEqual({ status: 'fulfilled', value: 'shared' });
});

test('a cacheKey that throws, or is none, costs the key and not the call', async () => {
  const hub = testHub();
  const policy = hub.policy('database', { cacheFallback: { freshForMs: 1_000 } });
  let runs = 0;
  const throwing = policy.wrap(() => ++runs, {
    cacheKey: () => {
      throw new Error('broken');
    },
  });
  expect(await throwing()).toBe(1);
  expect(await throwing()).toBe(2);
  const none = policy.wrap(() => ++runs, { cacheKey: () => undefined });
  expect([await none(), await none()]).toEqual([3, 4]);
});

test('retry within the cache: one stale answer after all retries', async () => {
  const policy = testHub().policy('database', {
    strategies: [cacheFallback(), retry({ maxRetries: 2, baseDelayMs: 0 })],
  });
  await policy.execute(() => 'old', { cacheKey: 'key' });
  const call = follow(policy.executeDetailed(failing(), { cacheKey: 'key' }));
  await vi.advanceTimersByTimeAsync(100);
  expect(call.now).toMatchObject({ value: { value: 'old', attempts: 3 } });
});

test('each caller of a shared run has its copy before the first uses the original up', async () => {
  const copies: string[] = [];
  const policy = testHub().policy('dependency', {
    cacheFallback: {
      coalesce: true,
      clone: (value) => {
        const body = Reflect.get(Object(value), 'body');
        if (body === 'used') throw new Error('the body was used');
        copies.push(String(body));
        return { body };
      },
    },
    classify: () => 'transient',
    fallback: (failure) => {
      Reflect.set(Object(failure), 'body', 'used');
      return 'instead';
    },
  });
  const shared = deferred<{ body: string }>();
  const calls = [1, 2, 3].map(() => policy.execute(() => shared.promise, { cacheKey: 'key' }));
  shared.resolve({ body: 'whole' });
  expect(await Promise.all(calls)).toEqual(['instead', 'instead', 'instead']);
  expect(copies).toEqual(['whole', 'whole']);
});

describe('keys', () => {
  test.each([
    ['an object', { id: 7 }],
    ['a promise', Promise.resolve('7')],
    ['a promise that rejects', () => Promise.reject(new Error('no key'))],
  ])('a cacheKey that gives %s is reported, and the call goes on without a key', async (_what, given) => {
    const hub = testHub();
    const reports: string[] = [];
    hub.on('internal-error', ({ component }) => reports.push(component));
    const policy = hub.policy('users', { cacheFallback: { freshForMs: 1_000 } });
    const cacheKey: () => string = vi.fn();
    vi.mocked<() => unknown>(cacheKey).mockImplementation(() =>
      typeof given === 'function' ? given() : given,
    );
    const userOf = policy.wrap(async (id: number) => `user ${id}`, { cacheKey });
    expect(await userOf(1)).toBe('user 1');
    expect(await userOf(2)).toBe('user 2');
    expect(reports).toEqual(['cache-key', 'cache-key']);
  });

  test('a keyed wrap needs a name where the store is of the user', () => {
    const policy = testHub().policy('users', { cacheFallback: { store: store({}) } });
    expect(() => policy.wrap(async (id: number) => id, { cacheKey: String })).toThrow(/name: must be given/);
    expect(() => policy.wrap(async (id: number) => id)).not.toThrow();
  });

  test('no two wraps, and no two policies, share a key by the way their names are written', async () => {
    const entries = new Map<string, CacheEntry>();
    const shared = store({
      get: (key) => entries.get(key),
      set: (key, entry) => void entries.set(key, entry),
    });
    const hub = testHub();
    const policies = ['a', 'a:b', 'a%3Ab'].map((name) =>
      hub.policy(name, { cacheFallback: { store: shared } }),
    );
    const calls = policies.flatMap((policy) =>
      ['x', 'b:x', 'x:1'].map((name) => ({
        value: `${policy.name}/${name}`,
        call: policy.wrap(async (value: string) => value, { name, cacheKey: () => '1:1' }),
      })),
    );
    for (const { call, value } of calls) await call(value);
    for (const policy of policies) policy.circuit.forceOpen('outage');
    for (const { call, value } of calls) expect(await call('unused')).toBe(value);
  });
});

test('of two runs, what the later one gave is remembered, whichever ends first', async () => {
  const policy = testHub().policy('prices', { cacheFallback: {} });
  const slow = deferred<string>();
  const first = policy.execute(() => slow.promise, { cacheKey: 'EUR' });
  await vi.advanceTimersByTimeAsync(10);
  await policy.execute(() => 'new', { cacheKey: 'EUR' });
  slow.resolve('old');
  expect(await first).toBe('old');
  expect(await policy.execute(failing(), { cacheKey: 'EUR' })).toBe('new');
});

test('a caller that joins a run, and one that is answered from the cache, hold the value to their own check', async () => {
  const policy = testHub().policy('prices', {
    cacheFallback: { coalesce: true, freshForMs: 1_000 },
    slo: { correctness: 0.9 },
  });
  const run = deferred<number>();
  const leader = policy.execute(() => run.promise, { cacheKey: 'EUR' });
  const joined = policy.execute(() => run.promise, { cacheKey: 'EUR', check: (price) => price > 5 });
  run.resolve(1);
  expect(await Promise.all([leader, joined])).toEqual([1, 1]);
  expect(await policy.execute(() => 9, { cacheKey: 'EUR', check: (price) => price > 5 })).toBe(9);
  expect(await policy.execute(() => 10, { cacheKey: 'EUR', check: (price) => price > 5 })).toBe(9);
});

test('a slow look-up is part of what the call took', async () => {
  const hub = testHub();
  const policy = hub.policy('prices', {
    cacheFallback: {
      store: store({ get: () => new Promise((resolve) => setTimeout(() => resolve(undefined), 40)) }),
    },
    fallback: {
      answer: () => new Promise((resolve) => setTimeout(() => resolve('instead'), 30)),
      timeoutMs: 35,
    },
  });
  const durations: number[] = [];
  hub.on('call', ({ durationMs }) => durations.push(durationMs));
  const call = follow(policy.execute(failing(), { cacheKey: 'EUR' }));
  await vi.advanceTimersByTimeAsync(100);
  expect(call.now).toEqual({ status: 'fulfilled', value: 'instead' });
  expect(durations[0]).toBeGreaterThanOrEqual(70);
});

test('a slow store does not make what comes after it old', async () => {
  const entries = new Map<string, CacheEntry>();
  const slow = store({
    get: (key) => new Promise((resolve) => setTimeout(() => resolve(entries.get(key)), 40)),
    set: (key, entry) => entries.set(key, entry),
  });
  const policy = testHub().policy('database', { cacheFallback: { store: slow, freshForMs: 60 } });
  const operation = vi.fn(() => 'value');
  for (let call = 0; call < 2; call += 1) {
    const answer = policy.execute(operation, { cacheKey: 'key' });
    await vi.advanceTimersByTimeAsync(40);
    expect(await answer).toBe('value');
  }
  expect(operation).toHaveBeenCalledTimes(1);
});

test('attempts are counted on when coalesced runs are repeated', async () => {
  const policy = testHub().policy('database', {
    strategies: [retry({ maxRetries: 2, baseDelayMs: 5, jitter: 'none' }), cacheFallback({ coalesce: true })],
  });
  const seen: number[] = [];
  const call = policy.executeDetailed(
    ({ attempt }) => {
      seen.push(attempt);
      if (seen.length < 3) throw new Error('down');
      return 'value';
    },
    { cacheKey: 'key' },
  );
  await vi.advanceTimersByTimeAsync(50);
  expect(await call).toMatchObject({ value: 'value', attempts: 3 });
  expect(seen).toEqual([1, 2, 3]);
});

test('a value that nobody gets is let go of when its caller gives up while the store is asked', async () => {
  const discard = vi.fn();
  const policy = testHub().policy('database', {
    classify: ({ ok }) => (ok ? 'transient' : undefined),
    cacheFallback: { store: store({ get: () => new Promise(() => {}) }) },
  });
  const controller = new AbortController();
  const call = follow(
    policy.execute(() => 'unusable', { cacheKey: 'key', signal: controller.signal, discard }),
  );
  await flush();
  controller.abort(new Error('gone'));
  await flush();
  expect(call.now).toMatchObject({ status: 'rejected', reason: { message: 'gone' } });
  expect(discard.mock.calls).toEqual([['unusable']]);
});
