import { describe, expect, it } from 'vitest';
import { shiftedDecimal } from '../../../src/slo/spec/decimals.ts';
import { duration, formatDuration, parseDuration } from '../../../src/slo/spec/durations.ts';
import { formatPercentage, parsePercentage, specObjective, specShare } from '../../../src/slo/spec/ratios.ts';
import { fc } from '../../fast-check.ts';

describe('a duration', () => {
  it.each([
    ['200ms', 200],
    ['30s', 30_000],
    ['5m', 300_000],
    ['1h30m', 5_400_000],
    ['30d', 2_592_000_000],
    ['4w', 2_419_200_000],
    ['1d2h3m4s5ms', 93_784_005],
    ['1.5s', 1_500],
    ['0.07h', 252_000],
    ['0.5ms', 0.5],
  ])('%s is %d ms', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it.each(['', 's', '5', '5 m', '1m1h', '1h1h', '-5m', '1.5h30m', '.5s', '5.s', '1y', '5M', '1e3s', '٣s'])(
    '%j is none',
    (text) => {
      expect(parseDuration(text)).toBeUndefined();
    },
  );

  it('is written so that it reads back the same, to the last bit', () => {
    const ms = fc.oneof(fc.nat({ max: 366 * 86_400_000 }), fc.double({ min: 0, max: 1e9, noNaN: true }));
    fc.assert(
      fc.property(ms, (given) => {
        expect(parseDuration(formatDuration(given))).toBe(Math.abs(given));
      }),
    );
  });

  it('is written as people do', () => {
    expect([0, 1, 1_500, 5_400_000, 2_592_000_000].map(formatDuration)).toEqual([
      '0s',
      '1ms',
      '1s500ms',
      '1h30m',
      '30d',
    ]);
  });

  const schema = duration({ min: 60_000, step: 1_000, example: '5m' });
  it.each([
    [5, '5 has no unit; write a duration such as 5m'],
    ['300', '300 has no unit; write a duration such as 5m'],
    ['0s', 'must be above 0, such as 5m'],
    ['59s', "must be at least 1m, not '59s'"],
    ['367d', "must be at most 366d, not '367d'"],
    ['60500ms', "must be a multiple of 1s, not '60500ms'"],
    [
      undefined,
      'is missing; it must be a duration such as 5m, with the units w, d, h, m, s and ms in this order',
    ],
    [`${'9'.repeat(400)}d`, /^must be at most 366d/],
  ])('%j is refused: %s', (value, message) => {
    expect(schema.safeParse(value).error?.issues.map((issue) => issue.message)).toEqual([
      message instanceof RegExp ? expect.stringMatching(message) : message,
    ]);
  });
});

describe('a decimal', () => {
  it.each([
    [0.999, 2, '99.9'],
    [0.07, 2, '7'],
    [1e-7, 0, '0.0000001'],
    [1e21, 0, '1000000000000000000000'],
    [99.9, -2, '0.999'],
    [0, 2, '0'],
    [5, 2, '500'],
  ])('%d moved by %i places is %s', (value, places, text) => {
    expect(shiftedDecimal(value, places)).toBe(text);
  });
});

describe('a percentage', () => {
  it('is the decimal that it says', () => {
    expect(parsePercentage('99.9%')).toBe(0.999);
    expect(parsePercentage('99.99 %')).toBe(0.9999);
    expect(parsePercentage('57%')).toBe(0.57);
    // Arithmetic would make 0.011000000000000001 of it.
    expect(parsePercentage('1.1%')).toBe(0.011);
  });

  it('is written so that it reads back the same, to the last bit', () => {
    const ratio = fc.double({ min: 0, max: 1, noNaN: true }).map(Math.abs);
    fc.assert(
      fc.property(ratio, (given) => {
        expect(parsePercentage(formatPercentage(given))).toBe(given);
      }),
    );
  });
});

function problemWith(schema: typeof specObjective, value: unknown): string | undefined {
  return schema.safeParse(value).error?.issues[0]?.message;
}

describe('an objective', () => {
  it.each([
    ['99.9%', 0.999],
    [0.999, 0.999],
    ['0.999', 0.999],
    ['99.99999%', 0.9999999],
    ['1%', 0.01],
  ])('%j is %d', (value, ratio) => {
    expect(specObjective.parse(value)).toBe(ratio);
  });

  it.each([
    [99.9, '99.9 could be a percentage or a mistake; write 99.9% or 0.999'],
    ['99.9', '99.9 could be a percentage or a mistake; write 99.9% or 0.999'],
    [1.5, '1.5 could be a percentage or a mistake; write 1.5% or 0.015'],
    ['0.999%', "'0.999%' is less than 1%; for 99.9% leave out the sign, or else write 0.00999"],
    ['100%', 'must be below 100%: without an error budget the first failure misses it for good'],
    [1, 'must be below 100%: without an error budget the first failure misses it for good'],
    [
      '99.99999999999999999999%',
      'must be below 100%: without an error budget the first failure misses it for good',
    ],
    [0, 'must be above 0; an objective that everything meets needs no budget'],
    ['0%', 'must be above 0; an objective that everything meets needs no budget'],
    ['101%', "must be below 100%, not '101%'"],
    [100, 'must be below 100%, not 100'],
    [Number.NaN, 'must be an objective such as 99.9% or 0.999, not NaN'],
    [Number.POSITIVE_INFINITY, 'must be an objective such as 99.9% or 0.999, not Infinity'],
    [-0.5, 'must be an objective such as 99.9% or 0.999, not -0.5'],
    ['99,9%', "must be an objective such as 99.9% or 0.999, not '99,9%'"],
    [null, 'is empty; it must be an objective such as 99.9% or 0.999'],
    [true, 'must be an objective such as 99.9% or 0.999, not true'],
  ])('%j is refused: %s', (value, message) => {
    expect(problemWith(specObjective, value)).toBe(message);
  });
});

describe('a share', () => {
  it('goes up to 100% where that has a meaning', () => {
    expect(specShare('100%').parse('100%')).toBe(1);
    expect(problemWith(specShare('below 100%'), '100%')).toBe(
      "must be a share such as 10% or 0.1, above 0 and below 100%, not '100%'",
    );
  });

  it.each([
    [10, '10 could be a percentage or a mistake; write 10% or 0.1'],
    [1, 'could be 1% or 100%; write it with the sign %'],
    [0, 'must be a share such as 10% or 0.1, above 0 and at most 100%, not 0'],
  ])('%j is refused: %s', (value, message) => {
    expect(problemWith(specShare('100%'), value)).toBe(message);
  });
});
