import { describe, expect, test } from 'vitest';
import { InvalidOptionsError } from '../../src/core/errors.ts';
import { parseOptions } from '../../src/core/options.ts';
import { DEFAULT_DURATION_BUCKETS, DurationBuckets, durationBuckets } from '../../src/metrics/buckets.ts';
import { fc } from '../fast-check.ts';

describe('durationBuckets', () => {
  const parse = (value: unknown) => parseOptions(durationBuckets, value, '', 'Buckets');

  test('takes a list and copies it', () => {
    const given = [0.1, 1];
    const taken = parse(given);
    given.push(0);
    expect(taken).toEqual([0.1, 1]);
    expect(parse(DEFAULT_DURATION_BUCKETS)).toEqual(DEFAULT_DURATION_BUCKETS);
  });

  test.each([
    [[]],
    [[0]],
    [[-1, 1]],
    [[1, 1]],
    [[2, 1]],
    [[1, Number.NaN]],
    [[1, Number.POSITIVE_INFINITY]],
    [['1']],
    [Array.from({ length: 101 }, (_, index) => index + 1)],
    [null],
    ['0.1'],
    [{}],
  ])('refuses %j', (value) => {
    expect(() => parse(value)).toThrow(InvalidOptionsError);
  });
});

describe('DurationBuckets', () => {
  test('a duration equal to a bound belongs to that bound, for every default bound', () => {
    const buckets = new DurationBuckets();
    expect(buckets.seconds.map((bound) => buckets.indexOf(bound * 1_000))).toEqual(
      buckets.seconds.map((_, at) => at),
    );
    expect(buckets.indexOf(0)).toBe(0);
    expect(buckets.indexOf(1e12)).toBe(buckets.size - 1);
  });

  test('an estimated quantile lies in the bucket of the true one', () => {
    const buckets = new DurationBuckets();
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 29_999, noNaN: true }), { minLength: 1, maxLength: 200 }),
        fc.double({ min: 0.01, max: 1, noNaN: true }),
        (durations, q) => {
          const counts = new Float64Array(buckets.size + 3);
          for (const duration of durations) {
            const at = 3 + buckets.indexOf(duration);
            counts[at] = (counts[at] ?? 0) + 1;
          }
          const sorted = durations.toSorted((a, b) => a - b);
          const exact = sorted[Math.ceil(q * sorted.length) - 1] ?? 0;
          const estimate = buckets.quantileMs(q, counts, 3) ?? Number.NaN;
          expect(buckets.indexOf(estimate)).toBe(buckets.indexOf(exact));
        },
      ),
    );
  });
});
