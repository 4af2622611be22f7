import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { deferred, errorOf, flush, follow, repeat } from '../../support.ts';
import { ask, setUp } from './fixture.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('the circuits of the endpoints', () => {
  const open = { consecutiveFailures: 2, openMs: 10_000, openBackoffFactor: 1 };
  const circuitOf = ({ policy }: ReturnType<typeof setUp>, endpoint: string) =>
    policy.circuits.find((circuit) => circuit.endpoint === endpoint);

  it('are one for each, and calls go where they are closed', async () => {
    const made = setUp({ ejection: false }, { circuitBreaker: open });
    const { policy, a, b } = made;
    a.isUp = false;
    await repeat(6, () => policy.execute(ask));
    expect([a.calls, b.calls]).toEqual([2, 6]);
    expect([circuitOf(made, 'a')?.state, circuitOf(made, 'b')?.state]).toEqual(['open', 'closed']);
    expect(policy.stats()).toMatchObject({ calls: { success: 6 }, rejections: { circuit_open: 0 } });
    a.isUp = true;
    await vi.advanceTimersByTimeAsync(12_000);
    expect(await policy.execute(ask)).toBe('a');
    expect(circuitOf(made, 'a')?.state).toBe('closed');
    expect(await policy.execute(ask)).toBe('a');
  });

  it('let one call probe, and the rest go elsewhere', async () => {
    const { policy, a } = setUp({ ejection: false }, { circuitBreaker: open });
    a.isUp = false;
    await repeat(2, () => policy.execute(ask));
    await vi.advanceTimersByTimeAsync(12_000);
    const slow = deferred<string>();
    const probe = follow(policy.execute(({ target }) => (target === a ? slow.promise : target.ask())));
    expect(await policy.execute(ask)).toBe('b');
    slow.reject(new Error('still down'));
    await flush();
    expect(probe.now).toEqual({ status: 'fulfilled', value: 'b' });
  });

  it('are open where somebody drains an endpoint by hand', async () => {
    const made = setUp({}, { circuitBreaker: {} });
    circuitOf(made, 'a')?.forceOpen('maintenance');
    expect(await made.policy.execute(ask)).toBe('b');
    circuitOf(made, 'a')?.reset();
    expect(await made.policy.execute(ask)).toBe('a');
  });

  it('that are all open turn the call away, once, with the time until the first lets calls through', async () => {
    const made = setUp({ ejection: false }, { circuitBreaker: open });
    const { policy, a, b } = made;
    b.isUp = false;
    a.isUp = false;
    await repeat(2, () => policy.execute(ask));
    expect([a.calls, b.calls]).toEqual([2, 2]);
    await repeat(2, () => policy.execute(ask));
    const error = await errorOf(policy.execute(ask));
    expect(error).toMatchObject({ code: 'CIRCUIT_OPEN' });
    const [first = 0, second = 0] = ['a', 'b'].map((name) => circuitOf(made, name)?.retryAfterMs);
    expect(first).not.toBe(second);
    expect(error).toHaveProperty('retryAfterMs', Math.ceil(Math.min(first, second)));
    expect(policy.stats()).toMatchObject({ rejections: { circuit_open: 3 }, calls: { rejected: 3 } });
  });

  it('that were opened by hand say whose lets calls through first, the first time as well', async () => {
    const made = setUp({}, { circuitBreaker: {} });
    circuitOf(made, 'a')?.forceOpen('maintenance', 30_000);
    circuitOf(made, 'b')?.forceOpen('maintenance', 1_000);
    for (let at = 0; at < 2; at += 1)
      expect(await errorOf(made.policy.execute(ask))).toMatchObject({
        code: 'CIRCUIT_OPEN',
        retryAfterMs: 1_000,
      });
  });

  it.each([[false as const], [{ consecutiveFailures: 100 }]])(
    'are not probed by a call that must not be repeated, unless nobody else comes (ejection: %j)',
    async (ejection) => {
      const { policy, a } = setUp({ ejection }, { circuitBreaker: open });
      a.isUp = false;
      await repeat(2, () => policy.execute(ask));
      await vi.advanceTimersByTimeAsync(12_000);
      for (let at = 0; at < 50; at += 1) {
        expect(await policy.execute(ask, { idempotent: false })).toBe('b');
        await vi.advanceTimersByTimeAsync(100);
      }
      expect(a.calls).toBe(2);
      a.isUp = true;
      await vi.advanceTimersByTimeAsync(30_000);
      expect(await policy.execute(ask, { idempotent: false })).toBe('a');
    },
  );

  it('that only watch are probed by any call', async () => {
    const { policy, a } = setUp({ ejection: false }, { circuitBreaker: { ...open, mode: 'shadow' } });
    a.isUp = false;
    await repeat(2, () => policy.execute(ask));
    await vi.advanceTimersByTimeAsync(12_000);
    a.isUp = true;
    expect(await policy.execute(ask, { idempotent: false })).toBe('a');
  });

  it('leave the outcome of the attempt that ran, where they are open at all others', async () => {
    const made = setUp({ ejection: false }, { circuitBreaker: open });
    const { policy, a } = made;
    circuitOf(made, 'b')?.forceOpen('maintenance');
    a.isUp = false;
    expect(await errorOf(policy.execute(ask))).toMatchObject({ message: 'a is down' });
    expect(policy.stats()).toMatchObject({
      calls: { failure: 1, rejected: 0 },
      rejections: { circuit_open: 0 },
    });
  });

  it('that open while calls queue for a place send them on, which costs nothing of the budget', async () => {
    const { policy, a, b } = setUp(
      { ejection: false },
      {
        circuitBreaker: { consecutiveFailures: 1 },
        bulkhead: { maxConcurrent: 1, maxQueue: 10 },
        attemptBudget: { floor: 0, ratio: 0.001 },
      },
    );
    const slow = deferred<string>();
    const calls = Array.from({ length: 4 }, () =>
      follow(policy.execute(({ target }) => (target === a ? slow.promise : target.ask()))),
    );
    slow.reject(new Error('a is down'));
    await flush();
    expect(calls.map(({ now }) => now)).toMatchObject([
      { status: 'rejected', reason: { message: 'a is down' } },
      ...Array(3).fill({ status: 'fulfilled', value: 'b' }),
    ]);
    expect(b.calls).toBe(3);
    expect(policy.stats().rejections.budget_spent).toBe(1);
  });
});
