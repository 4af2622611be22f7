import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { deferred, errorOf, flush, follow, hanging, repeat } from '../../support.ts';
import { ask, metric, Site, setUp } from './fixture.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('in order', () => {
  it('goes to the first, and takes a call that fails there to the next at once', async () => {
    const { policy, a, b, failovers } = setUp();
    expect(await policy.execute(ask)).toBe('a');
    a.isUp = false;
    expect(await policy.executeDetailed(ask)).toMatchObject({ value: 'b', attempts: 2, source: 'live' });
    expect([a.calls, b.calls]).toEqual([2, 1]);
    expect(failovers).toMatchObject([{ policy: 'db', from: 'a', to: 'b', error: { message: 'a is down' } }]);
    expect(policy.stats()).toMatchObject({
      calls: { success: 2 },
      attempts: { success: 2, failure: 1 },
      retries: 0,
    });
  });

  it('tells the operation where it is', async () => {
    const { policy, a } = setUp();
    a.isUp = false;
    const seen: unknown[] = [];
    await policy.execute(({ target, endpoint, attempt }) => {
      seen.push([endpoint, attempt, target.name]);
      return target.ask();
    });
    expect(seen).toEqual([
      ['a', 1, 'a'],
      ['b', 2, 'b'],
    ]);
  });

  it('leaves out the one that fails, and goes back to it when it answers again', async () => {
    const { policy, a, b, changes } = setUp();
    a.isUp = false;
    await repeat(8, () => policy.execute(ask));
    expect([a.calls, b.calls]).toEqual([5, 8]);
    expect(changes).toMatchObject([
      { endpoint: 'a', status: 'ejected', reason: 'failed 5 times in a row', ejectedForMs: 30_000 },
    ]);
    await vi.advanceTimersByTimeAsync(30_000);
    expect(await policy.execute(ask)).toBe('b');
    expect(await policy.execute(ask)).toBe('b');
    expect(a.calls).toBe(6);
    a.isUp = true;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(await policy.execute(ask)).toBe('a');
    expect(await policy.execute(ask)).toBe('a');
    expect(changes.map(({ status }) => status)).toEqual(['ejected', 'ejected', 'returned']);
  });

  it('lets one call at a time try the one that was out', async () => {
    const { policy, a, b } = setUp({ ejection: { consecutiveFailures: 1 } });
    a.isUp = false;
    await policy.execute(ask);
    await vi.advanceTimersByTimeAsync(30_000);
    const slow = deferred<string>();
    a.isUp = true;
    const trial = follow(policy.execute(({ target }) => (target === a ? slow.promise : target.ask())));
    expect(await policy.execute(ask)).toBe('b');
    expect(b.calls).toBe(2);
    slow.resolve('a at last');
    await flush();
    expect(trial.now).toEqual({ status: 'fulfilled', value: 'a at last' });
    expect(await policy.execute(ask)).toBe('a');
  });

  it('does not try it with a call that must not be repeated, unless nobody else comes', async () => {
    const { policy, a } = setUp({ ejection: { consecutiveFailures: 1 } });
    a.isUp = false;
    await policy.execute(ask);
    await vi.advanceTimersByTimeAsync(30_000);
    expect(await policy.execute(ask, { idempotent: false })).toBe('b');
    expect(a.calls).toBe(1);
    a.isUp = true;
    await vi.advanceTimersByTimeAsync(30_000);
    expect(await policy.execute(ask, { idempotent: false })).toBe('a');
  });

  it('does not try it with a call that the budget has no failover for', async () => {
    const { policy, a } = setUp(
      { ejection: { consecutiveFailures: 1, baseEjectionMs: 6_000 } },
      { attemptBudget: { floor: 1, ratio: 0.01 } },
    );
    a.isUp = false;
    await policy.execute(ask);
    await vi.advanceTimersByTimeAsync(6_000);
    expect(await policy.execute(ask)).toBe('b');
    expect(a.calls).toBe(1);
    a.isUp = true;
    await vi.advanceTimersByTimeAsync(6_000);
    expect(await policy.execute(ask)).toBe('a');
  });

  it('takes the lowest priority number first, whatever the order', async () => {
    const sites = ['a', 'b', 'c'].map((name) => new Site(name));
    const endpoints = sites.map((target, at) => ({ name: target.name, target, priority: 2 - at }));
    const { policy } = setUp({ endpoints });
    expect(await policy.execute(ask)).toBe('c');
    for (const site of sites.slice(1)) site.isUp = false;
    expect(await policy.execute(ask)).toBe('a');
    expect(sites.map(({ calls }) => calls)).toEqual([1, 1, 2]);
  });
});

describe('when no endpoint can serve', () => {
  it('gives the last outcome, and tries each endpoint once', async () => {
    const { policy, sites } = setUp({}, {}, ['a', 'b', 'c']);
    for (const site of sites) site.isUp = false;
    expect(await errorOf(policy.execute(ask))).toMatchObject({ message: 'c is down' });
    expect(sites.map(({ calls }) => calls)).toEqual([1, 1, 1]);
  });

  it('goes to no more than maxFailovers others', async () => {
    const { policy, sites } = setUp({ maxFailovers: 1 }, {}, ['a', 'b', 'c']);
    for (const site of sites) site.isUp = false;
    expect(await errorOf(policy.execute(ask))).toMatchObject({ message: 'b is down' });
    expect(sites.map(({ calls }) => calls)).toEqual([1, 1, 0]);
  });

  it('asks the one that is ejected too, which serves as soon as it is up', async () => {
    const { policy, a, b, changes } = setUp();
    a.isUp = false;
    await repeat(5, () => policy.execute(ask));
    b.isUp = false;
    expect(await errorOf(policy.execute(ask))).toMatchObject({ message: 'a is down' });
    a.isUp = true;
    expect(await policy.execute(ask)).toBe('a');
    expect(changes.at(-1)).toMatchObject({ endpoint: 'a', status: 'returned' });
    const asked = b.calls;
    expect(await policy.execute(ask)).toBe('a');
    expect(b.calls).toBe(asked);
  });

  it('uses all where all are ejected', async () => {
    const { policy, a, b } = setUp({ ejection: { consecutiveFailures: 1, maxEjectedPercent: 100 } });
    a.isUp = false;
    b.isUp = false;
    await repeat(1, () => policy.execute(ask));
    b.isUp = true;
    expect(await policy.execute(ask)).toBe('b');
    expect([a.calls, b.calls]).toEqual([2, 2]);
  });
});

describe('does not go on', () => {
  it('where the budget is spent, and says so', async () => {
    const { policy, a } = setUp({ ejection: false });
    a.isUp = false;
    await repeat(12, () => policy.execute(ask));
    expect(policy.stats()).toMatchObject({
      calls: { success: 10, failure: 2 },
      rejections: { budget_spent: 2 },
    });
  });

  it('with what must not be repeated, unless it is sure that nothing happened', async () => {
    const { policy, a, b } = setUp(
      {},
      { classify: ({ ok }) => (ok ? undefined : { verdict: 'transient', safeToRepeat: b.calls > 0 }) },
    );
    a.isUp = false;
    expect(await errorOf(policy.execute(ask, { idempotent: false }))).toMatchObject({ message: 'a is down' });
    await b.ask();
    expect(await policy.execute(ask, { idempotent: false })).toBe('b');
  });

  it.each(['permanent', 'refused', 'defect', 'ignored'] as const)(
    'after an outcome that is %s',
    async (verdict) => {
      const { policy, a, b } = setUp({}, { classify: ({ ok }) => (ok ? undefined : verdict) });
      a.isUp = false;
      expect(await errorOf(policy.execute(ask))).toMatchObject({ message: 'a is down' });
      expect(b.calls).toBe(0);
    },
  );

  it('after the total timeout, and tells what the endpoint before failed with', async () => {
    const { policy, a, failovers } = setUp({}, { totalTimeoutMs: 100 });
    a.isUp = false;
    const call = errorOf(policy.execute(({ target }) => (target === a ? target.ask() : hanging())));
    await vi.advanceTimersByTimeAsync(110);
    expect(await call).toMatchObject({ code: 'TIMEOUT', scope: 'total', cause: { message: 'a is down' } });
    const first = errorOf(policy.execute(() => hanging()));
    await vi.advanceTimersByTimeAsync(110);
    expect(await first).not.toHaveProperty('cause');
    expect(failovers).toHaveLength(1);
    expect(policy.stats().attempts).toMatchObject({ failure: 1, timeout: 1 });
  });

  it('for a caller that gave up, even in a listener of the failover', async () => {
    const { hub, policy, a, b } = setUp();
    const caller = new AbortController();
    hub.on('failover', () => caller.abort(new Error('enough')));
    a.isUp = false;
    expect(await errorOf(policy.execute(ask, { signal: caller.signal }))).toMatchObject({
      message: 'enough',
    });
    expect(b.calls).toBe(0);
    expect(policy.stats()).toMatchObject({ calls: { ignored: 1 }, callsInFlight: 0 });
  });
});

describe('an attempt that takes too long', () => {
  it('is left behind, and its call goes on; its late outcome moves nothing', async () => {
    const { hub, policy, a, changes } = setUp(
      { ejection: { consecutiveFailures: 2 } },
      { attemptTimeoutMs: 100 },
    );
    const slow: ReturnType<typeof deferred<string>>[] = [];
    const call = () =>
      policy.execute(({ target }) => {
        if (target !== a) return target.ask();
        const late = deferred<string>();
        slow.push(late);
        return late.promise;
      });
    const calls = [follow(call()), follow(call())];
    await vi.advanceTimersByTimeAsync(110);
    expect(calls.map(({ now }) => now)).toEqual(Array(2).fill({ status: 'fulfilled', value: 'b' }));
    expect(changes).toMatchObject([{ endpoint: 'a', status: 'ejected' }]);
    expect(await metric(hub, 'endpoint_in_flight')).toEqual([
      'breakwater_endpoint_in_flight{policy="db",endpoint="a"} 2',
      'breakwater_endpoint_in_flight{policy="db",endpoint="b"} 0',
    ]);
    for (const late of slow) late.resolve('late');
    await flush();
    expect(changes).toHaveLength(1);
    expect(policy.stats()).toMatchObject({ lateOutcomes: 2, attempts: { timeout: 2, success: 2 } });
    expect((await metric(hub, 'endpoint_in_flight'))[0]).toMatch(/ 0$/);
  });
});

describe('a value that was judged a failure', () => {
  it('is let go of when another endpoint answers, and kept when none can', async () => {
    const { policy, a, b } = setUp(
      {},
      { classify: (result) => (result.ok && result.value === 'a' ? 'transient' : undefined) },
    );
    const discarded: unknown[] = [];
    const options = { discard: (value: string) => void discarded.push(value) };
    expect(await policy.execute(ask, options)).toBe('b');
    expect(discarded).toEqual(['a']);
    b.isUp = false;
    await errorOf(policy.execute(ask, options));
    expect(discarded).toEqual(['a', 'a']);
    expect(await policy.execute(ask, { ...options, idempotent: false })).toBe('a');
    expect(a.calls).toBe(3);
    expect(discarded).toEqual(['a', 'a']);
  });

  it('is let go of, once, when a listener of the failover ends the call', async () => {
    const { hub, policy } = setUp({}, { classify: ({ ok }) => (ok ? 'transient' : undefined) });
    const caller = new AbortController();
    hub.on('failover', () => caller.abort(new Error('enough')));
    const discarded: unknown[] = [];
    const options = { signal: caller.signal, discard: (value: string) => void discarded.push(value) };
    expect(await errorOf(policy.execute(ask, options))).toMatchObject({ message: 'enough' });
    expect(discarded).toEqual(['a']);
  });
});

describe('balanced', () => {
  it('takes the less busy of two', async () => {
    const { policy, sites } = setUp({ balance: 'balanced' });
    const slow = sites.map(() => deferred<string>());
    const where: string[] = [];
    const call = () =>
      policy.execute(({ target, endpoint = '' }) => {
        where.push(endpoint);
        return slow[sites.indexOf(target)]?.promise;
      });
    const calls = Array.from({ length: 10 }, () => follow(call()));
    expect(where.filter((name) => name === 'a')).toHaveLength(5);
    slow[0]?.resolve('a');
    await flush();
    where.length = 0;
    calls.push(...Array.from({ length: 5 }, () => follow(call())));
    await flush();
    expect(where).toEqual(Array(5).fill('a'));
    slow[1]?.resolve('b');
    await flush();
    expect(calls.every(({ now }) => now.status === 'fulfilled')).toBe(true);
  });

  it('stays within the best priority that has a healthy one', async () => {
    const sites = ['a', 'b', 'c'].map((name) => new Site(name));
    const endpoints = sites.map((target, at) => ({ name: target.name, target, priority: at === 0 ? 1 : 0 }));
    const { policy } = setUp({
      endpoints,
      balance: 'balanced',
      ejection: { consecutiveFailures: 1, maxEjectedPercent: 100 },
    });
    await repeat(20, () => policy.execute(ask));
    expect(sites[0]?.calls).toBe(0);
    for (const site of sites.slice(1)) site.isUp = false;
    expect(await policy.execute(ask)).toBe('a');
    expect(await policy.execute(ask)).toBe('a');
    expect(sites[0]?.calls).toBe(2);
  });
});
