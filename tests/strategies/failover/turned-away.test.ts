import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Policy } from '../../../src/index.ts';
import { deferred, errorOf, failing, flush, follow, hanging, repeat, testHub } from '../../support.ts';
import { ask, metric, Site, setUp } from './fixture.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Nothing but the floor of the budget would pay for a failover, and there is none. */
const noBudget = { ratio: 0.001, floor: 0 };

describe("a limit that turns a call away for one endpoint's sake", () => {
  it('sends it on to the next, free of charge, and a hanging primary takes no places of the standby', async () => {
    const { policy, a, b, failovers } = setUp(
      {},
      { bulkhead: { maxConcurrent: 2 }, attemptTimeoutMs: 60_000, attemptBudget: noBudget },
    );
    const stuck = [0, 1].map(() => follow(policy.execute(() => hanging())));
    await repeat(5, () => policy.execute(ask));
    expect([a.calls, b.calls]).toEqual([0, 5]);
    expect(policy.stats()).toMatchObject({
      calls: { success: 5, rejected: 0 },
      rejections: { budget_spent: 0 },
    });
    expect(failovers).toEqual([]);
    expect(stuck.map(({ now }) => now.status)).toEqual(['pending', 'pending']);
  });

  it('turns it away where all of them do', async () => {
    const { policy } = setUp({}, { bulkhead: { maxConcurrent: 1 }, attemptTimeoutMs: 60_000 });
    const slow = deferred<string>();
    const first = [0, 1].map(() => follow(policy.execute(() => slow.promise)));
    expect(await errorOf(policy.execute(ask))).toMatchObject({ code: 'BULKHEAD_FULL' });
    slow.resolve('done');
    await flush();
    expect(first.map(({ now }) => now.status)).toEqual(['fulfilled', 'fulfilled']);
  });

  it.each([
    ['adaptiveLimit', { adaptiveLimit: { minLimit: 1, initialLimit: 1, maxLimit: 1 } }],
    ['bulkhead', { bulkhead: { maxConcurrent: 1 } }],
  ])('is one of %s', async (_name, limit) => {
    const { policy, b } = setUp({}, { ...limit, attemptTimeoutMs: 60_000, attemptBudget: noBudget });
    follow(policy.execute(() => hanging()));
    expect(await policy.execute(ask, { idempotent: false })).toBe('b');
    expect(b.calls).toBe(1);
  });

  it('is one of throttle', async () => {
    const { policy, a, b } = setUp(
      { ejection: false },
      { throttle: {}, attemptBudget: { ratio: 1, floor: 1_000 } },
    );
    a.isUp = false;
    await repeat(200, () => policy.execute(ask));
    expect(policy.stats().calls).toMatchObject({ success: 200 });
    expect(a.calls).toBeLessThan(100);
    expect(b.calls).toBe(200);
  });
});

describe("an endpoint's own policy that turns the call away", () => {
  /** Endpoints that are policies. */
  function nested(a: Policy, options: Parameters<typeof setUp>[1] = {}) {
    const hub = testHub();
    const b = testHub().policy('b', {});
    const policy = hub.policy<Policy>('outer', {
      failover: {
        endpoints: [
          { name: 'a', target: a },
          { name: 'b', target: b },
        ],
      },
      attemptBudget: noBudget,
      ...(options.circuitBreaker === undefined ? {} : { circuitBreaker: options.circuitBreaker }),
    });
    const changes: string[] = [];
    hub.on('endpoint', ({ endpoint, status }) => changes.push(`${endpoint} ${status}`));
    const call = (own: { idempotent?: boolean } = {}) =>
      policy.execute(({ target }) => target.execute(() => Promise.resolve(target.name)), own);
    return { hub, policy, b, changes, call };
  }

  it('sends it on, free of charge, and says nothing of the endpoint', async () => {
    const a = testHub().policy('a', {});
    a.circuit?.forceOpen('maintenance');
    const { hub, policy, changes, call } = nested(a);
    const served: unknown[] = [];
    for (let at = 0; at < 20; at += 1) served.push(await call());
    expect(served).toEqual(Array(20).fill('b'));
    expect(changes).toEqual([]);
    expect(policy.stats().rejections.budget_spent).toBe(0);
    expect(await metric(hub, 'endpoint_attempts_total')).toContain(
      'breakwater_endpoint_attempts_total{policy="outer",endpoint="a",outcome="rejected"} 20',
    );
    a.circuit?.reset();
    expect(await call()).toBe('a');
  });

  it.each([
    ['BULKHEAD_FULL', { bulkhead: { maxConcurrent: 1 } }],
    ['RATE_LIMITED', { rateLimit: { ratePerSecond: 0.001, burst: 1 } }],
  ])('does so by %s as well', async (_code, limit) => {
    const a = testHub().policy('a', limit);
    follow(a.execute(() => hanging()));
    const { call } = nested(a);
    expect(await call()).toBe('b');
  });

  it('does not send on what must not be repeated: its operation has begun', async () => {
    const a = testHub().policy('a', {});
    a.circuit?.forceOpen('maintenance');
    const { call } = nested(a);
    expect(await errorOf(call({ idempotent: false }))).toMatchObject({ code: 'CIRCUIT_OPEN', policy: 'a' });
  });

  it('means what classify says of it', async () => {
    const closed = testHub().policy('closed', {});
    closed.circuit?.forceOpen('maintenance');
    const { policy, a, b } = setUp({}, { classify: ({ ok }) => (ok ? undefined : 'ignored') });
    const call = policy.execute(({ target }) => (target === a ? closed.execute(() => 'a') : target.ask()));
    expect(await errorOf(call)).toMatchObject({ code: 'CIRCUIT_OPEN' });
    expect(b.calls).toBe(0);
  });

  it('leaves the outcome of the attempt that ran', async () => {
    const closed = testHub().policy('closed', {});
    closed.circuit?.forceOpen('maintenance');
    const { policy, a } = setUp();
    a.isUp = false;
    const call = policy.execute(({ target }) => (target === a ? target.ask() : closed.execute(failing())));
    expect(await errorOf(call)).toMatchObject({ message: 'a is down' });
  });

  it('lets go of the kept value of an attempt before, once, when another serves', async () => {
    const closed = testHub().policy('closed', {});
    closed.circuit?.forceOpen('maintenance');
    const { policy, sites } = setUp(
      {},
      { classify: (result) => (result.ok && result.value === 'a' ? 'transient' : undefined) },
      ['a', 'b', 'c'],
    );
    const [, b = new Site('none')] = sites;
    const discarded: string[] = [];
    const call = policy.execute(({ target }) => (target === b ? closed.execute(() => 'b') : target.ask()), {
      discard: (value: string) => void discarded.push(value),
    });
    expect(await call).toBe('c');
    expect(discarded).toEqual(['a']);
  });
});
