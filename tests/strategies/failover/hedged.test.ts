import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { hanging, repeat } from '../../support.ts';
import { ask, setUp } from './fixture.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
const rich = { ratio: 1, floor: 1_000 };
const hedge = { delayMs: 50, maxExtraLoad: 1 };

describe('a hedge', () => {
  it.each(['in-order', 'balanced'] as const)(
    'goes where no other run of its call is (%s)',
    async (balance) => {
      const { policy } = setUp({ balance }, { hedge, attemptBudget: rich });
      for (let at = 0; at < 20; at += 1) {
        const seen: string[] = [];
        const call = policy.execute(async ({ target }) => {
          seen.push(target.name);
          await sleep(seen.length === 1 ? 1_500 : 5);
          return target.name;
        });
        await vi.advanceTimersByTimeAsync(60);
        expect(new Set(seen).size).toBe(2);
        expect(await call).toBe(seen[1]);
      }
    },
  );

  it('goes to a third, and to the same only where there is no other', async () => {
    const { policy } = setUp({}, { hedge: { ...hedge, maxHedges: 3 }, attemptBudget: rich }, ['a', 'b', 'c']);
    // Each earns a hedge.
    await repeat(3, () => policy.execute(ask));
    const seen: string[] = [];
    const call = policy.execute(async ({ target }) => {
      seen.push(target.name);
      await sleep(seen.length === 4 ? 5 : 1_500);
      return target.name;
    });
    await vi.advanceTimersByTimeAsync(200);
    expect(seen).toEqual(['a', 'b', 'c', 'a']);
    expect(await call).toBe('a');
  });

  it('stays at the one in service where the others are ejected', async () => {
    const { policy, sites } = setUp(
      { ejection: { consecutiveFailures: 1 }, balance: 'in-order' },
      { hedge, attemptBudget: rich },
    );
    const [a, b] = sites;
    if (a === undefined || b === undefined) throw new Error('Two were asked for.');
    a.isUp = false;
    await policy.execute(ask);
    const seen: string[] = [];
    const call = policy.execute(async ({ target }) => {
      seen.push(target.name);
      await sleep(seen.length === 1 ? 500 : 5);
      return target.name;
    });
    await vi.advanceTimersByTimeAsync(100);
    expect(seen).toEqual(['b', 'b']);
    expect(await call).toBe('b');
  });

  it('that fails does not go on to where the first attempt still is, which answers', async () => {
    const { policy, b } = setUp({}, { hedge, attemptBudget: rich });
    b.isUp = false;
    const seen: string[] = [];
    const call = policy.execute(async ({ target }) => {
      seen.push(target.name);
      if (target === b) return target.ask();
      await sleep(100);
      return target.name;
    });
    await vi.advanceTimersByTimeAsync(150);
    expect(await call).toBe('a');
    expect(seen).toEqual(['a', 'b']);
  });

  it('after a failure goes where no run is any more, as a retry does', async () => {
    const { policy } = setUp({ maxFailovers: 0, ejection: false }, { hedge, attemptBudget: rich });
    const seen: string[] = [];
    const call = policy.execute(({ target }) => {
      seen.push(target.name);
      target.isUp = seen.length > 1;
      return target.ask();
    });
    expect([await call, ...seen]).toEqual(['a', 'a', 'a']);
  });
});

describe('an ejected endpoint that hangs', () => {
  it('is tried once each baseEjectionMs, also where hedges answer before its trial is over', async () => {
    const { policy, a } = setUp(
      { ejection: { consecutiveFailures: 1 } },
      { hedge, attemptBudget: rich, attemptTimeoutMs: 1_000 },
    );
    a.isUp = false;
    await policy.execute(ask);
    await vi.advanceTimersByTimeAsync(30_000);
    let tried = 0;
    const timer = setInterval(() => {
      const call = policy.execute(({ target }) => {
        if (target !== a) return target.ask();
        tried += 1;
        return hanging();
      });
      call.catch(() => {});
    }, 20);
    await vi.advanceTimersByTimeAsync(90_000);
    clearInterval(timer);
    expect(tried).toBeGreaterThan(1);
    expect(tried).toBeLessThanOrEqual(4);
    await vi.advanceTimersByTimeAsync(60_000);
    a.isUp = true;
    expect(await policy.execute(ask)).toBe('a');
  });
});
