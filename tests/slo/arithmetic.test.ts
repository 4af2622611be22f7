import { describe, expect, test } from 'vitest';
import { isBreakwaterError } from '../../src/core/errors.ts';
import {
  budgetRemaining,
  burnRate,
  errorBudget,
  errorBudgetMs,
  timeToExhaustionMs,
} from '../../src/slo/arithmetic.ts';
import { fc } from '../fast-check.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAYS_30_MS = 30 * 24 * HOUR_MS;
const MONTH_730_H_MS = 730 * HOUR_MS;

/** What the arguments are refused for, as `path: message`. */
function problemsOf(act: () => unknown): string[] {
  try {
    act();
  } catch (error) {
    if (!isBreakwaterError(error, 'INVALID_OPTIONS')) throw error;
    return error.problems.map(({ path, message }) => `${path}: ${message}`);
  }
  throw new Error('nothing was refused');
}

describe('the error budget', () => {
  test.each([
    [0.9, 0.1],
    [0.99, 0.01],
    [0.995, 0.005],
    [0.999, 0.001],
    [0.9995, 0.0005],
    [0.9999, 0.0001],
    [0.99999, 0.00001],
    [0.999999999999, 1e-12],
    [0.9999999999999999, 1e-16],
    [0.12345678901234568, 0.8765432109876543],
    [0.5, 0.5],
    [0.001, 0.999],
    [1e-7, 0.9999999],
  ])('of %d is exactly %d', (objective, budget) => {
    expect(errorBudget(objective)).toBe(budget);
  });

  test('of any decimal objective is the decimal', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 15 }), fc.maxSafeNat(), (decimals, seed) => {
        const whole = 10 ** decimals;
        const good = 1 + (seed % (whole - 1));
        expect(errorBudget(Number(`${good}e-${decimals}`))).toBe(Number(`${whole - good}e-${decimals}`));
      }),
    );
  });

  test.each([
    [0.999, DAYS_30_MS, 43.2],
    [0.999, MONTH_730_H_MS, 43.8],
    [0.9999, DAYS_30_MS, 4.32],
    [0.99, DAYS_30_MS, 432],
    [0.9995, DAYS_30_MS, 21.6],
  ])('of %d over %d ms is exactly %d minutes', (objective, periodMs, minutes) => {
    expect(errorBudgetMs(objective, periodMs) / MINUTE_MS).toBe(minutes);
  });

  test('over a period of fractions of a millisecond is exact as well', () => {
    expect(errorBudgetMs(0.9, 0.3)).toBe(0.03);
    expect(errorBudgetMs(0.7, 0.1)).toBe(0.03);
  });
});

describe('the burn rate', () => {
  test.each([
    // good, bad, objective, rate: SRE Workbook, table 5-8, at 99.9 %
    [98_560, 1_440, 0.999, 14.4],
    [99_400, 600, 0.999, 6],
    [99_900, 100, 0.999, 1],
    [1_000, 0, 0.999, 0],
    [0, 10, 0.999, 1_000],
    [0, 1, 0.5, 2],
  ])('of %d good and %d bad events at %d is %d', (good, bad, objective, rate) => {
    expect(burnRate(good, bad, objective)).toBe(rate);
  });

  test('is unknown without events', () => {
    expect(burnRate(0, 0, 0.999)).toBeUndefined();
  });
});

describe('what is left of the budget', () => {
  test.each([
    [1_000, 0, 0.999, 1],
    [999, 1, 0.999, 0],
    [9_999, 1, 0.999, 0.9],
    [9_995, 5, 0.999, 0.5],
    [9_980, 20, 0.999, -1],
  ])('after %d good and %d bad events at %d is %d', (good, bad, objective, remaining) => {
    expect(budgetRemaining(good, bad, objective)).toBe(remaining);
  });

  test('is unknown without events', () => {
    expect(budgetRemaining(0, 0, 0.999)).toBeUndefined();
  });
});

describe('the time to exhaustion', () => {
  test.each([
    [1, 1, DAYS_30_MS],
    [1, 14.4, 50 * HOUR_MS],
    [0.9, 14.4, 45 * HOUR_MS],
    [0.1, 0.3, DAYS_30_MS / 3],
    [0.5, 0, Number.POSITIVE_INFINITY],
    [0, 3, 0],
    [-2, 3, 0],
    [0, 0, 0],
  ])('with %d left at a burn rate of %d is %d ms', (remaining, rate, ms) => {
    expect(timeToExhaustionMs(remaining, rate, DAYS_30_MS)).toBe(ms);
  });
});

describe('in BigInt', () => {
  /** Objectives of up to 15 decimals, which a double tells apart. */
  const decimals = fc.tuple(fc.integer({ min: 1, max: 15 }), fc.maxSafeNat()).map(([places, seed]) => {
    const whole = 10n ** BigInt(places);
    const part = 1n + (BigInt(seed) % (whole - 1n));
    return { part, whole, value: Number(`${part}e-${places}`) };
  });
  const counts = fc.oneof(fc.nat(20), fc.nat(1_000_000_000), fc.maxSafeNat());

  /**
   * Whether `value` is the number nearest to `part / whole`: no neighbour of it is nearer. A double is a rational of
   * its own, so that this is decided without rounding.
   */
  function isNearest(value: number, part: bigint, whole: bigint): boolean {
    const exact = (x: number): [bigint, bigint] => {
      let scaled = x;
      let unit = 1n;
      while (!Number.isInteger(scaled)) {
        scaled *= 2;
        unit *= 2n;
      }
      return [BigInt(scaled), unit];
    };
    const distance = (x: number): [bigint, bigint] => {
      const [n, d] = exact(x);
      const difference = n * whole - part * d;
      return [difference < 0n ? -difference : difference, d];
    };
    const ulp = 2 ** (Math.floor(Math.log2(Math.abs(value) || 1)) - 52);
    const [own, unit] = distance(value);
    return [value - ulp, value + ulp, value - ulp / 2, value + ulp / 2].every((other) => {
      const [theirs, theirUnit] = distance(other);
      return own * theirUnit <= theirs * unit;
    });
  }

  test('the error budget is the nearest number', () => {
    fc.assert(
      fc.property(decimals, ({ part, whole, value }) => {
        expect(isNearest(errorBudget(value), whole - part, whole)).toBe(true);
      }),
    );
  });

  test('the budget in time is the nearest number', () => {
    fc.assert(
      fc.property(decimals, fc.integer({ min: 1, max: 10 ** 13 }), ({ part, whole, value }, periodMs) => {
        const exact = (whole - part) * BigInt(periodMs);
        expect(isNearest(errorBudgetMs(value, periodMs), exact, whole)).toBe(true);
      }),
    );
  });

  test('the burn rate and what is left are the nearest numbers, whatever the counts', () => {
    fc.assert(
      fc.property(decimals, counts, counts, ({ part, whole, value }, good, bad) => {
        fc.pre(good + bad > 0);
        const allowed = (BigInt(good) + BigInt(bad)) * (whole - part);
        const used = BigInt(bad) * whole;
        expect(isNearest(burnRate(good, bad, value) ?? Number.NaN, used, allowed)).toBe(true);
        expect(isNearest(budgetRemaining(good, bad, value) ?? Number.NaN, allowed - used, allowed)).toBe(
          true,
        );
      }),
      { numRuns: 300 },
    );
  });

  test('the time to exhaustion is the nearest number', () => {
    const decimal = fc
      .tuple(fc.integer({ min: 1, max: 999_999_999 }), fc.integer({ min: 0, max: 9 }))
      .map(([digits, places]) => ({
        value: Number(`${digits}e-${places}`),
        part: BigInt(digits),
        whole: 10n ** BigInt(places),
      }));
    fc.assert(
      fc.property(decimals, decimal, fc.integer({ min: 1, max: 10 ** 12 }), (left, rate, periodMs) => {
        const part = left.part * BigInt(periodMs) * rate.whole;
        const whole = left.whole * rate.part;
        expect(isNearest(timeToExhaustionMs(left.value, rate.value, periodMs), part, whole)).toBe(true);
      }),
    );
  });
});

describe('is refused with a reason', () => {
  test.each([0, 1, 1.5, -0.1, 99.9, Number.NaN, Number.POSITIVE_INFINITY])(
    'an objective of %d',
    (objective) => {
      const reason = [expect.stringMatching(/^objective: must be an objective above 0 and below 1/)];
      expect(problemsOf(() => errorBudget(objective))).toEqual(reason);
      expect(problemsOf(() => errorBudgetMs(objective, 1))).toEqual(reason);
      expect(problemsOf(() => burnRate(1, 1, objective))).toEqual(reason);
      expect(problemsOf(() => budgetRemaining(1, 1, objective))).toEqual(reason);
    },
  );

  test.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])('an empty window: %d ms', (periodMs) => {
    const reason = [expect.stringMatching(/^periodMs: must be a finite number of milliseconds above 0/)];
    expect(problemsOf(() => errorBudgetMs(0.9, periodMs))).toEqual(reason);
    expect(problemsOf(() => timeToExhaustionMs(1, 1, periodMs))).toEqual(reason);
  });

  test.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])('a count of %d', (count) => {
    expect(problemsOf(() => burnRate(count, 1, 0.9))).toEqual([
      expect.stringMatching(/^good: must be a whole number, 0 or more, not/),
    ]);
    expect(problemsOf(() => budgetRemaining(1, count, 0.9))).toEqual([
      expect.stringMatching(/^bad: must be a whole number, 0 or more, not/),
    ]);
  });

  test('all that is wrong at once', () => {
    expect(problemsOf(() => burnRate(-1, 0.5, 1))).toHaveLength(3);
    expect(problemsOf(() => errorBudgetMs(1, 0))).toHaveLength(2);
    expect(problemsOf(() => timeToExhaustionMs(1.1, -1, Number.NaN))).toHaveLength(3);
  });

  test('what JavaScript may give in place of numbers', () => {
    expect(problemsOf(() => Reflect.apply(burnRate, undefined, ['1', null, '0.9']))).toHaveLength(3);
    expect(problemsOf(() => Reflect.apply(timeToExhaustionMs, undefined, []))).toHaveLength(3);
  });
});
