import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { runWithDeadline } from '../../../src/index.ts';
import { deferred, follow, hanging } from '../../support.ts';
import { ask, type Site, setUp } from './fixture.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** A call every 20 ms for so long; how many were served. */
async function load(call: () => Promise<unknown>, forMs: number): Promise<{ ok: number; failed: number }> {
  const count = { ok: 0, failed: 0 };
  const timer = setInterval(() => {
    call().then(
      () => (count.ok += 1),
      () => (count.failed += 1),
    );
  }, 20);
  await vi.advanceTimersByTimeAsync(forMs);
  clearInterval(timer);
  return count;
}

describe('an endpoint that hangs while callers have less time than an attempt may take', () => {
  it('is ejected once five of them have waited longer than its answers usually take', async () => {
    const { policy, a, changes } = setUp({}, { attemptTimeoutMs: 1_500, circuitBreaker: {} });
    let hangs = false;
    const call = () =>
      policy.execute(
        async ({ target }) => {
          await (target === a && hangs ? hanging() : sleep(10));
          return target.name;
        },
        { timeoutMs: 1_000 },
      );
    await load(call, 2_000);
    hangs = true;
    const { ok, failed } = await load(call, 60_000);
    expect(changes[0]).toMatchObject({ endpoint: 'a', status: 'ejected', reason: 'failed 5 times in a row' });
    // Those of the first second, before anybody could know, and one for each trial.
    expect(failed).toBeLessThan(60);
    expect(ok).toBeGreaterThan(2_880);
    expect(policy.circuits.map(({ state }) => state)).not.toContain('open');
  });

  it('is ejected too when nobody knows how long its answers take', async () => {
    const { policy, a, b } = setUp();
    const call = () =>
      runWithDeadline(2_000, () => policy.execute(({ target }) => (target === a ? hanging() : target.ask())));
    const { failed } = await load(call, 20_000);
    expect(failed).toBeLessThan(110);
    expect(b.calls).toBeGreaterThan(880);
  });

  it("is ejected by the policy's own total timeout as well, where a retry had only the rest of it", async () => {
    const { policy, a, changes } = setUp(
      { ejection: { consecutiveFailures: 2 }, maxFailovers: 0 },
      { totalTimeoutMs: 500, attemptTimeoutMs: 60_000, retry: { maxRetries: 1, baseDelayMs: 1 } },
    );
    a.isUp = false;
    let attempts = 0;
    follow(
      policy.execute(({ target }) => {
        attempts += 1;
        return attempts === 1 ? target.ask() : hanging();
      }),
    );
    await vi.advanceTimersByTimeAsync(510);
    expect(attempts).toBe(2);
    expect(changes).toMatchObject([{ endpoint: 'a', status: 'ejected' }]);
  });
});

describe('an endpoint whose answers are streams', () => {
  it('has answered when a stream begins, however long it lasts', async () => {
    const { policy, a, changes } = setUp({ ejection: { consecutiveFailures: 1 } });
    async function* chunks(): AsyncGenerator<string> {
      yield 'first';
      await sleep(5_000);
      yield 'last';
    }
    const read = async () => {
      for await (const _ of await policy.execute(() => chunks(), { until: 'end' }));
    };
    const streams = [0, 1, 2].map(() => follow(read()));
    await vi.advanceTimersByTimeAsync(5_100);
    expect(streams.map(({ now }) => now.status)).toEqual(Array(3).fill('fulfilled'));
    follow(policy.execute(({ target }) => (target === a ? hanging() : target.ask()), { timeoutMs: 100 }));
    await vi.advanceTimersByTimeAsync(110);
    expect(changes).toMatchObject([{ endpoint: 'a', status: 'ejected' }]);
  });
});

describe('all defaults', () => {
  it('lose hardly a call to a primary that begins to hang, and warn of nothing', async () => {
    const { hub, policy, a } = setUp({}, { circuitBreaker: {} });
    let hangs = false;
    const call = () =>
      policy.execute(async ({ target }) => {
        await (target === a && hangs ? hanging() : sleep(10));
        return target.name;
      });
    await load(call, 10_000);
    hangs = true;
    const { ok, failed } = await load(call, 20_000);
    // The budget pays for two seconds' calls; those that end in the ejection are a few more.
    expect(failed).toBeLessThan(10);
    expect(ok).toBeGreaterThan(980);
    expect(policy.hazards).toEqual([]);
    expect(policy.options.attemptTimeoutMs).toBe(2_000);
    expect(hub.policy('one place', {}).options.attemptTimeoutMs).toBe(10_000);
  });
});

describe('an endpoint that is well', () => {
  it('is not ejected by callers who give it less time than its answers usually take', async () => {
    const { policy, changes } = setUp();
    const call = (timeoutMs?: number) =>
      follow(
        policy.execute(
          async ({ target }) => {
            await sleep(20);
            return target.name;
          },
          timeoutMs === undefined ? {} : { timeoutMs },
        ),
      );
    for (let at = 0; at < 20; at += 1) {
      call();
      await vi.advanceTimersByTimeAsync(30);
    }
    for (let at = 0; at < 40; at += 1) {
      call(15);
      await vi.advanceTimersByTimeAsync(30);
    }
    expect(changes).toEqual([]);
  });

  it('is not ejected by calls whose time ran out in the queue for a place', async () => {
    const { policy, a, changes } = setUp(
      {},
      { bulkhead: { maxConcurrent: 1, maxQueue: 50 }, attemptTimeoutMs: 60_000 },
      ['a'],
    );
    const slow = deferred<string>();
    const first = follow(policy.execute(() => slow.promise));
    for (let at = 0; at < 20; at += 1) follow(policy.execute(ask, { timeoutMs: 50 }));
    await vi.advanceTimersByTimeAsync(100);
    slow.resolve('done');
    await vi.advanceTimersByTimeAsync(10);
    expect(first.now.status).toBe('fulfilled');
    expect([a.calls, changes]).toEqual([0, []]);
  });

  it('is not ejected by callers who go away', async () => {
    const { policy, changes } = setUp();
    for (let at = 0; at < 10; at += 1) {
      const caller = new AbortController();
      follow(policy.execute(() => hanging(), { signal: caller.signal }));
      await vi.advanceTimersByTimeAsync(100);
      caller.abort();
    }
    expect(changes).toEqual([]);
  });
});

describe('the trial of an endpoint that was ejected', () => {
  const ejected = async (site: Site, policy: ReturnType<typeof setUp>['policy']) => {
    site.isUp = false;
    await policy.execute(ask);
    await vi.advanceTimersByTimeAsync(30_000);
  };

  it('ejects it again when its caller has no more time', async () => {
    const { policy, a, changes } = setUp({ ejection: { consecutiveFailures: 1 } });
    await ejected(a, policy);
    follow(policy.execute(() => hanging(), { timeoutMs: 100 }));
    await vi.advanceTimersByTimeAsync(110);
    expect(changes.map(({ ejectedForMs }) => ejectedForMs)).toEqual([30_000, 60_000]);
  });

  it('is not made again at once when its caller went away', async () => {
    const { policy, a, b } = setUp({ ejection: { consecutiveFailures: 1 } });
    await ejected(a, policy);
    const caller = new AbortController();
    follow(policy.execute(() => hanging(), { signal: caller.signal }));
    await vi.advanceTimersByTimeAsync(100);
    caller.abort();
    a.isUp = true;
    const asked = b.calls;
    expect(await policy.execute(ask)).toBe('b');
    expect(b.calls).toBe(asked + 1);
    await vi.advanceTimersByTimeAsync(30_000);
    expect(await policy.execute(ask)).toBe('a');
  });
});
