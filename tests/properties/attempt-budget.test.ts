import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AttemptBudget } from '../../src/core/attempt-budget.ts';

const PERIOD_MS = 1_000;

const step = fc.record({
  waitMs: fc.oneof(
    { weight: 5, arbitrary: fc.constant(0) },
    { weight: 2, arbitrary: fc.nat({ max: 150 }) },
    { weight: 1, arbitrary: fc.nat({ max: 2_500 }) },
  ),
  calls: fc.nat({ max: 20 }),
  takes: fc.nat({ max: 12 }),
});

test('in any stretch, extra attempts are at most ratio times its calls and those of a period before, plus the floor per started period', () => {
  let refused = 0;
  fc.assert(
    fc.property(
      fc.constantFrom(0.1, 0.2, 0.5, 1),
      fc.nat({ max: 5 }),
      fc.array(step, { maxLength: 60, size: 'max' }),
      fc.nat({ max: 100_000 }),
      (ratio, floor, steps, start) => {
        const budget = new AttemptBudget({ ratio, floor, periodMs: PERIOD_MS });
        const calls: number[] = [];
        const extras: number[] = [];
        let now = start;
        for (const { waitMs, calls: started, takes } of steps) {
          now += waitMs;
          for (let at = 0; at < started; at += 1) {
            budget.callStarted(now);
            calls.push(now);
          }
          for (let at = 0; at < takes; at += 1) {
            if (budget.take(now)) extras.push(now);
            else refused += 1;
          }
        }
        const times = [...new Set(extras)];
        for (const from of times) {
          for (const to of times) {
            if (to < from) continue;
            const spent = extras.filter((at) => at >= from && at <= to).length;
            const earned = ratio * calls.filter((at) => at > from - PERIOD_MS && at <= to).length;
            const periods = Math.floor(to / PERIOD_MS) - Math.floor(from / PERIOD_MS) + 1;
            expect(spent).toBeLessThanOrEqual(earned + floor * periods + 1e-9);
          }
        }
      },
    ),
    { numRuns: 200 },
  );
  expect(refused).toBeGreaterThan(0);
});

test('what is idle keeps its floor, and a clock that goes back takes nothing away for ever', () => {
  const budget = new AttemptBudget({ ratio: 0.2, floor: 2, periodMs: PERIOD_MS });
  expect([budget.take(5_000), budget.take(5_000), budget.take(5_000)]).toEqual([true, true, false]);
  expect(budget.take(1_000)).toBe(true);
  expect([budget.take(2_500), budget.take(2_500), budget.take(2_500)]).toEqual([true, true, false]);
});
