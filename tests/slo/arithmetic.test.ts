import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { budgetRemaining, burnRate, errorBudget, errorBudgetMs } from '../../src/slo/arithmetic.ts';

const MINUTE_MS = 60_000;
const DAYS_30_MS = 30 * 24 * 60 * MINUTE_MS;
const MONTH_730_H_MS = 730 * 60 * MINUTE_MS;

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
    [0.5, 0.5],
    [0.001, 0.999],
  ])('of %d is exactly %d', (objective, budget) => {
    expect(errorBudget(objective)).toBe(budget);
  });

  test('of any decimal objective is the decimal', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 }), fc.nat(), (decimals, seed) => {
        const whole = 10 ** decimals;
        const good = 1 + (seed % (whole - 1));
        expect(errorBudget(good / whole)).toBe((whole - good) / whole);
      }),
    );
  });

  test('of objectives at the edge of a double is still above 0 and below 1', () => {
    for (const objective of [1e-7, 5e-324, 0.9999999999999999, 1 - 2 ** -53]) {
      expect(errorBudget(objective)).toBeGreaterThan(0);
      expect(errorBudget(objective)).toBeLessThanOrEqual(1);
    }
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
    [0, 0, 0.999, 1],
  ])('after %d good and %d bad events at %d is %d', (good, bad, objective, remaining) => {
    expect(budgetRemaining(good, bad, objective)).toBe(remaining);
  });

  test('and what is spent make up one', () => {
    fc.assert(
      fc.property(
        fc.nat(1_000_000),
        fc.nat(1_000_000),
        fc.constantFrom(0.9, 0.99, 0.999, 0.9995, 0.9999),
        (good, bad, objective) => {
          const spent = burnRate(good, bad, objective) ?? 0;
          expect(spent + budgetRemaining(good, bad, objective)).toBeCloseTo(1, 8);
        },
      ),
    );
  });
});
