import { describe, expect, test } from 'vitest';
import { errorBudget, errorBudgetMs } from '../../src/slo/arithmetic.ts';
import { type AlertSeverity, burnAlerts } from '../../src/slo/burn-alerts.ts';
import { burnWindows, DAY_MS, DEFAULT_PERIOD_MS } from '../../src/slo/windows.ts';
import { fc } from '../fast-check.ts';

const text = (objective: number, periodMs: number) =>
  burnAlerts(objective, periodMs).alerts.map(
    ({ severity, longWindow, shortWindow, factor }) =>
      `${severity} above ${factor} over ${longWindow} and ${shortWindow}`,
  );
const leftOut = (objective: number, periodMs: number) =>
  burnAlerts(objective, periodMs).leftOut.map(({ alert, why }) => `${alert.longWindow}: ${why}`);

describe('the alerts', () => {
  test('over 30 days are those of the SRE Workbook and the ticket of sloth', () => {
    expect(text(0.999, DEFAULT_PERIOD_MS)).toEqual([
      'page above 14.4 over 1h and 5m',
      'page above 6 over 6h and 30m',
      'ticket above 3 over 1d and 2h',
      'ticket above 1 over 3d and 6h',
    ]);
    expect(leftOut(0.999, DEFAULT_PERIOD_MS)).toEqual([]);
  });

  test.each([
    [90 * DAY_MS, [43.2, 18, 9, 3]],
    [28 * DAY_MS, [13.44, 5.6, 2.8, 1]],
    [7 * DAY_MS, [3.36, 1.4, 1, 1]],
  ])('over %d ms burn as much of the budget: %j', (periodMs, factors) => {
    expect(burnAlerts(0.9999, periodMs).alerts.map(({ factor }) => factor)).toEqual(factors);
  });

  test('that could never fire are left out, with the reason', () => {
    // 14.4 times a budget of 6.94 % is less than all events, of 6.95 % it is more.
    expect(text(0.9306, DEFAULT_PERIOD_MS)).toHaveLength(4);
    expect(text(0.9305, DEFAULT_PERIOD_MS)).toHaveLength(3);
    expect(leftOut(0.9305, DEFAULT_PERIOD_MS)).toEqual([
      '1h: it can never fire: with an objective of 0.9305 no burn rate is above 14.4',
    ]);
    expect(leftOut(0.5, DEFAULT_PERIOD_MS)).toHaveLength(3);
  });

  test('that look back past the period are left out, and those over just the period are not', () => {
    expect(leftOut(0.999, DAY_MS)).toEqual(['3d: its window of 3d is longer than the period']);
    expect(text(0.999, DAY_MS)).toEqual([
      'page above 1 over 1h and 5m',
      'page above 1 over 6h and 30m',
      'ticket above 1 over 1d and 2h',
    ]);
    expect(leftOut(0.999, DAY_MS - 1)).toHaveLength(2);
    expect(text(0.999, 4 * DAY_MS)).toEqual([
      'page above 1.92 over 1h and 5m',
      'page above 1 over 6h and 30m',
      'ticket above 1 over 1d and 2h',
      'ticket above 1 over 3d and 6h',
    ]);
  });

  const hourMs = DAY_MS / 24;
  test.each<[string, number, readonly number[], readonly number[]]>([
    ['1 h', hourMs, [1], []],
    ['6 h', 6 * hourMs, [1, 1], []],
    ['1 d', DAY_MS, [1, 1], [1]],
    ['2 d', 2 * DAY_MS, [1, 1], [1]],
    ['3 d', 3 * DAY_MS, [1.44, 1], [1, 1]],
    ['7 d', 7 * DAY_MS, [3.36, 1.4], [1, 1]],
    ['14 d', 14 * DAY_MS, [6.72, 2.8], [1.4, 1]],
    ['28 d', 28 * DAY_MS, [13.44, 5.6], [2.8, 1]],
    ['30 d', 30 * DAY_MS, [14.4, 6], [3, 1]],
    ['90 d', 90 * DAY_MS, [43.2, 18], [9, 3]],
    ['366 d', 366 * DAY_MS, [175.68, 73.2], [36.6, 12.2]],
  ])(
    'over %s have the factors %j for pages and %j for tickets, where those can fire',
    (_, periodMs, pages, tickets) => {
      for (const objective of [0.5, 0.51, 0.9, 0.95, 0.99, 0.995, 0.999, 0.9999, 0.99999]) {
        const outage = 1 / errorBudget(objective);
        const { alerts } = burnAlerts(objective, periodMs);
        const factors = (wanted: AlertSeverity) =>
          alerts.filter(({ severity }) => severity === wanted).map(({ factor }) => factor);
        expect(factors('page')).toEqual(pages.filter((factor) => factor < outage));
        expect(factors('ticket')).toEqual(tickets.filter((factor) => factor < outage));
        const doesOutagePage = factors('page').some((factor) => outage > factor);
        expect(doesOutagePage).toBe(outage > Math.min(...pages));
      }
    },
  );

  test('are each either there or left out, have a factor that some rate is above, and spend no more than a period has', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.001, max: 0.99999, noNaN: true }),
        fc.integer({ min: 60_000, max: 400 * DAY_MS }),
        (objective, periodMs) => {
          const { alerts, leftOut: missing } = burnAlerts(objective, periodMs);
          expect(alerts.length + missing.length).toBe(4);
          for (const { factor, longWindow, shortWindow } of alerts) {
            expect(factor).toBeGreaterThanOrEqual(1);
            expect(factor * errorBudgetMs(objective, periodMs)).toBeLessThan(periodMs * 1.0000001);
            expect(burnWindows[shortWindow]).toBeLessThan(burnWindows[longWindow]);
            expect(burnWindows[longWindow]).toBeLessThanOrEqual(periodMs);
          }
        },
      ),
    );
  });

  test.each([
    [1, DAY_MS],
    [0, DAY_MS],
    [Number.NaN, DAY_MS],
    [0.9, 0],
    [0.9, Number.POSITIVE_INFINITY],
  ])('are refused for an objective of %d over %d ms', (objective, periodMs) => {
    expect(() => burnAlerts(objective, periodMs)).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTIONS', problems: [expect.anything()] }),
    );
  });
});
