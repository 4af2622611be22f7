import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { cacheFallback, failover, retry } from '../../../src/index.ts';
import { deferred, errorOf, flush, follow, repeat, testHub } from '../../support.ts';
import { ask, metric, Site, setUp } from './fixture.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('with other layers', () => {
  it('begins a retry with all endpoints', async () => {
    const { policy, a, b } = setUp({ ejection: false }, { retry: { maxRetries: 1, baseDelayMs: 0 } });
    a.isUp = false;
    b.isUp = false;
    const call = errorOf(policy.execute(ask));
    await vi.advanceTimersByTimeAsync(50);
    expect(await call).toMatchObject({ message: 'b is down' });
    expect([a.calls, b.calls]).toEqual([2, 2]);
    expect(policy.stats().attempts.failure).toBe(4);
  });

  it("counts an endpoint's retries as one run, in an order of one's own", async () => {
    const sites = [new Site('a'), new Site('b')];
    const [a = new Site('none')] = sites;
    const policy = testHub().policy<Site>('db', {
      strategies: [
        failover({ endpoints: sites.map((target) => ({ name: target.name, target })) }),
        retry({ maxRetries: 2, baseDelayMs: 0 }),
      ],
    });
    a.isUp = false;
    const call = follow(policy.execute(ask));
    await vi.advanceTimersByTimeAsync(50);
    expect(call.now).toEqual({ status: 'fulfilled', value: 'b' });
    expect(sites.map(({ calls }) => calls)).toEqual([3, 1]);
  });

  it('takes what a cache within answered for nothing that the endpoint has done', async () => {
    const a = new Site('a');
    const b = new Site('b');
    const hub = testHub();
    const policy = hub.policy<Site>('db', {
      strategies: [
        failover({
          endpoints: [a, b].map((target) => ({ name: target.name, target })),
          ejection: { consecutiveFailures: 2 },
        }),
        cacheFallback({ staleIfErrorMs: 60_000 }),
      ],
    });
    const changes: string[] = [];
    hub.on('endpoint', ({ endpoint, status }) => changes.push(`${endpoint} ${status}`));
    await policy.execute(ask, { cacheKey: 'known' });
    a.isUp = false;
    expect(await policy.execute(ask)).toBe('b');
    expect(await policy.executeDetailed(ask, { cacheKey: 'known' })).toMatchObject({ source: 'stale' });
    expect(changes).toEqual([]);
    await policy.execute(ask);
    expect(changes).toEqual(['a ejected']);
  });

  it('gives the outcome of the attempt that ran where a limit of the policy turns the next away', async () => {
    const { policy, a, b } = setUp({}, { rateLimit: { ratePerSecond: 1, burst: 1 } });
    a.isUp = false;
    expect(await errorOf(policy.execute(ask))).toMatchObject({ message: 'a is down' });
    expect(b.calls).toBe(0);
    expect(policy.stats()).toMatchObject({
      calls: { failure: 1, rejected: 0 },
      rejections: { rate_limited: 1 },
    });
  });

  it('does not fail over for a limit of the policy itself', async () => {
    const { policy, b } = setUp({}, { rateLimit: { ratePerSecond: 0.01, burst: 1 } });
    await policy.execute(ask);
    expect(await errorOf(policy.execute(ask))).toMatchObject({ code: 'RATE_LIMITED' });
    expect(b.calls).toBe(0);
  });
});

describe('what it shows', () => {
  it('is on metrics, each series from the start', async () => {
    const { hub, policy, a } = setUp();
    expect(await metric(hub, 'failovers_total')).toEqual(['breakwater_failovers_total{policy="db"} 0']);
    expect(await metric(hub, 'endpoint_attempts_total')).toHaveLength(14);
    a.isUp = false;
    await repeat(6, () => policy.execute(ask));
    expect(await metric(hub, 'failovers_total')).toEqual(['breakwater_failovers_total{policy="db"} 5']);
    expect(await metric(hub, 'endpoint_attempts_total')).toContain(
      'breakwater_endpoint_attempts_total{policy="db",endpoint="a",outcome="failure"} 5',
    );
    expect(await metric(hub, 'endpoint_ejected')).toEqual([
      'breakwater_endpoint_ejected{policy="db",endpoint="a"} 1',
      'breakwater_endpoint_ejected{policy="db",endpoint="b"} 0',
    ]);
  });

  it('is in explain(), with the worst case', () => {
    const { policy } = setUp({ maxFailovers: 1 }, { attemptTimeoutMs: 1_000, totalTimeoutMs: false }, [
      'a',
      'b',
      'c',
    ]);
    expect(policy.explain()).toContain(
      'failover: a call goes to the first healthy of a, b, c, then up to 1 more endpoint; ' +
        'one that fails 5 times in a row is ejected for 30000 to 300000 ms',
    );
    expect(policy.explain()).toContain('at most 2000 ms, 2 attempts');
  });

  it('is nothing after the policy was removed', async () => {
    const { hub, policy, a, changes } = setUp({ ejection: { consecutiveFailures: 1 } });
    const slow = deferred<string>();
    const call = follow(policy.execute(({ target }) => (target === a ? slow.promise : target.ask())));
    hub.remove('db');
    slow.reject(new Error('a is down'));
    await flush();
    expect(call.now).toEqual({ status: 'fulfilled', value: 'b' });
    expect(changes).toEqual([]);
  });
});

describe('a change while it runs', () => {
  it('holds from the next run on, and lets those back in that were out when ejection is switched off', async () => {
    const { policy, a, b, sites, changes } = setUp({ ejection: { consecutiveFailures: 1 } });
    a.isUp = false;
    await policy.execute(ask);
    expect(changes.map(({ status }) => status)).toEqual(['ejected']);
    policy.update({ failover: { ejection: false } });
    expect(changes.map(({ status, reason }) => [status, reason])).toEqual([
      ['ejected', 'failed'],
      ['returned', 'the ejection was switched off'],
    ]);
    a.isUp = true;
    expect(await policy.execute(ask)).toBe('a');
    const endpoints = sites.map((target, at) => ({ name: target.name, target, priority: 1 - at }));
    policy.update({ failover: { endpoints, maxFailovers: 0 } });
    expect(await policy.execute(ask)).toBe('b');
    b.isUp = false;
    expect(await errorOf(policy.execute(ask))).toMatchObject({ message: 'b is down' });
    expect(policy.explain()).toContain('the first healthy of b, a, and no further; none is ejected');
  });

  it('of names or targets is refused, and changes nothing', async () => {
    const { policy, sites } = setUp();
    const endpoints = sites.map((target) => ({ name: `${target.name}2`, target }));
    expect(() => policy.update({ failover: { endpoints, balance: 'balanced' } })).toThrow(
      /failover\.endpoints.*names and targets/s,
    );
    expect(policy.explain()).toContain('to the first healthy of a, b');
  });
});

describe('a stream', () => {
  async function* chunks(site: Site): AsyncGenerator<string> {
    yield `${site.name} 1`;
    await Promise.resolve();
    yield await site.ask();
  }
  const read = async (stream: AsyncIterable<string>): Promise<string[]> => {
    const seen: string[] = [];
    for await (const chunk of stream) seen.push(chunk);
    return seen;
  };

  it('that breaks after it began is not begun again elsewhere, and counts against its endpoint', async () => {
    const { hub, policy, a, failovers } = setUp();
    const open = () => policy.execute(({ target }) => chunks(target), { until: 'end' });
    expect(await read(await open())).toEqual(['a 1', 'a']);
    a.isUp = false;
    const stream = await open();
    expect(await errorOf(read(stream))).toMatchObject({ message: 'a is down' });
    await flush();
    expect(failovers).toEqual([]);
    expect(policy.stats().attempts).toMatchObject({ success: 1, failure: 1 });
    expect(await metric(hub, 'endpoint_attempts_total')).toContain(
      'breakwater_endpoint_attempts_total{policy="db",endpoint="a",outcome="failure"} 1',
    );
    expect((await metric(hub, 'endpoint_in_flight'))[0]).toMatch(/ 0$/);
  });
});
