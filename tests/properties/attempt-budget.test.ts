import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { AttemptBudget } from '../../src/core/attempt-budget.ts';
import { monotonicNow } from '../../src/core/clock.ts';
import { fc } from '../fast-check.ts';
import { flush, follow, testHub } from '../support.ts';

const PERIOD_MS = 1_000;

/** What a run of a budget is held to. */
interface Told {
  readonly ratio: number;
  readonly floor: number;
  readonly periodMs: number;
  /** Times of calls, and of extra attempts, ascending. */
  readonly calls: readonly number[];
  readonly extras: readonly number[];
  /** How long before it is made an extra attempt may have been taken. */
  readonly aheadMs?: number;
}

/** The first window with more extra attempts than the budget may give; `undefined` where there is none. */
function overspent({ ratio, floor, periodMs, calls, extras, aheadMs = 0 }: Told): unknown {
  const times = [...new Set(extras)];
  for (const from of times) {
    for (const to of times) {
      if (to < from) continue;
      const since = from - aheadMs;
      const spent = extras.filter((at) => at >= from && at <= to).length;
      const earned = ratio * calls.filter((at) => at > since - periodMs && at <= to).length;
      const periods = Math.floor((to - since) / periodMs) + 1;
      if (spent > earned + floor * periods + 1e-9) return { from, to, spent, earned, periods };
    }
  }
  return undefined;
}

const wait = fc.oneof(
  { weight: 5, arbitrary: fc.constant(0) },
  { weight: 2, arbitrary: fc.nat({ max: 150 }) },
  // Close to a period, where what was spent is just forgotten.
  { weight: 2, arbitrary: fc.integer({ min: 850, max: 1_150 }) },
  { weight: 1, arbitrary: fc.nat({ max: 2_500 }) },
);
/** What retries, hedges and failovers of many calls ask of one budget, in the order in which they come to ask. */
const steps = fc.array(fc.record({ waitMs: wait, calls: fc.nat({ max: 20 }), takes: fc.nat({ max: 12 }) }), {
  maxLength: 60,
  size: 'max',
});

describe('in any window, extra attempts are at most ratio times its calls and those of a period before, plus the floor per started period', () => {
  test('of a budget that is asked at random', () => {
    let refused = 0;
    fc.assert(
      fc.property(
        fc.constantFrom(0.1, 0.2, 0.5, 1),
        fc.nat({ max: 5 }),
        steps,
        fc.nat({ max: 100_000 }),
        (ratio, floor, asked, start) => {
          const budget = new AttemptBudget({ ratio, floor, periodMs: PERIOD_MS });
          const calls: number[] = [];
          const extras: number[] = [];
          let now = start;
          for (const { waitMs, calls: started, takes } of asked) {
            now += waitMs;
            for (let at = 0; at < started; at += 1) {
              budget.callStarted(now);
              calls.push(now);
            }
            for (let at = 0; at < takes; at += 1) {
              const allowed = budget.allows(now);
              expect(budget.take(now)).toBe(allowed);
              if (allowed) extras.push(now);
              else refused += 1;
            }
          }
          expect(overspent({ ratio, floor, periodMs: PERIOD_MS, calls, extras })).toBeUndefined();
        },
      ),
      { numRuns: 300 },
    );
    expect(refused).toBeGreaterThan(0);
  });

  test('the floor is not given twice within one period, wherever the period begins', () => {
    const budget = new AttemptBudget({ ratio: 0.2, floor: 1, periodMs: PERIOD_MS });
    expect([99, 1_000, 1_098, 1_200].map((now) => budget.take(now))).toEqual([true, false, false, true]);
  });

  describe('of a policy whose calls retry, hedge and fail over at once', () => {
    beforeEach(() => void vi.useFakeTimers());
    afterEach(() => void vi.useRealTimers());

    const BACKOFF_MS = 40;
    /** Each attempt of a call takes so long, and fails or not. */
    const attempt = fc.record({ takesMs: fc.nat({ max: 120 }), fails: fc.constantFrom(true, true, false) });
    const started = fc.record({ waitMs: fc.nat({ max: 90 }), attempts: fc.array(attempt, { minLength: 4 }) });

    test('as decided, and as made with their waits', async () => {
      let hedges = 0;
      let retries = 0;
      let failovers = 0;
      await fc.assert(
        fc.asyncProperty(
          fc.constantFrom(0.1, 0.5),
          fc.nat({ max: 3 }),
          fc.constantFrom(0.1, 0.3, 1),
          fc.constantFrom(0, 0, 2, 3),
          fc.array(started, { minLength: 5, maxLength: 40, size: 'max' }),
          async (ratio, floor, maxExtraLoad, endpoints, run) => {
            const told = { ratio, floor, periodMs: 400 };
            const hub = testHub();
            const policy = hub.policy('upstream', {
              attemptBudget: told,
              circuitBreaker: false,
              retry: { baseDelayMs: BACKOFF_MS, backoff: 'constant', jitter: 'none', maxRetries: 2 },
              hedge: { delayMs: 30, maxExtraLoad },
              failover: endpoints > 0 && {
                endpoints: Array.from({ length: endpoints }, (_, at) => ({ name: `e${at}`, target: at })),
                ejection: { consecutiveFailures: 2, baseEjectionMs: 100 },
              },
            });
            const calls: number[] = [];
            const decided: number[] = [];
            const made: number[] = [];
            hub.on('retry', () => {
              retries += 1;
              decided.push(monotonicNow());
            });
            hub.on('hedge', () => {
              hedges += 1;
              decided.push(monotonicNow());
            });
            hub.on('failover', () => {
              failovers += 1;
              decided.push(monotonicNow());
            });
            const followed = [];
            for (const { waitMs, attempts } of run) {
              await vi.advanceTimersByTimeAsync(waitMs);
              calls.push(monotonicNow());
              const operation = async ({ attempt: number }: { readonly attempt: number }) => {
                if (number > 1) made.push(monotonicNow());
                const { takesMs, fails } = attempts[(number - 1) % attempts.length] ?? {
                  takesMs: 0,
                  fails: false,
                };
                await new Promise((resolve) => setTimeout(resolve, takesMs));
                if (fails) throw new Error('down');
              };
              followed.push(follow(policy.execute(operation)));
            }
            await vi.advanceTimersByTimeAsync(5_000);
            expect(followed.map(({ times }) => times)).toEqual(followed.map(() => 1));
            expect(made).toHaveLength(decided.length);
            expect(overspent({ ...told, calls, extras: decided })).toBeUndefined();
            const aheadMs = BACKOFF_MS + 20;
            expect(overspent({ ...told, calls, extras: made, aheadMs })).toBeUndefined();
            await hub.close();
            await flush();
          },
        ),
        { numRuns: 100 },
      );
      expect(Math.min(hedges, retries, failovers)).toBeGreaterThan(20);
    });
  });
});

test('what is idle keeps its floor, and a clock that goes back takes nothing away for ever', () => {
  const budget = new AttemptBudget({ ratio: 0.2, floor: 2, periodMs: PERIOD_MS });
  expect([budget.take(5_000), budget.take(5_000), budget.take(5_000)]).toEqual([true, true, false]);
  expect(budget.take(1_000)).toBe(true);
  expect([budget.take(2_500), budget.take(2_500), budget.take(2_500)]).toEqual([true, true, false]);
});

test('limits that change keep what was spent, also with another period', () => {
  const budget = new AttemptBudget({ ratio: 0.2, floor: 2, periodMs: PERIOD_MS });
  for (let at = 0; at < 10; at += 1) budget.callStarted(5_000);
  expect([budget.take(5_000), budget.take(5_000), budget.take(5_000)]).toEqual([true, true, false]);
  budget.adjust({ ratio: 0.4, floor: 2, periodMs: PERIOD_MS }, 5_100);
  expect([budget.take(5_100), budget.take(5_100), budget.take(5_100)]).toEqual([true, true, false]);
  budget.adjust({ ratio: 0.4, floor: 5, periodMs: 100 }, 5_200);
  expect([budget.take(5_200), budget.take(5_200), budget.take(5_299)]).toEqual([true, false, false]);
  // It ages out by and by, and not only when all that is older is forgotten at once.
  expect(budget.allows(5_250)).toBe(false);
  expect(Array.from({ length: 6 }, () => budget.take(5_312))).toEqual([...Array(5).fill(true), false]);
});
