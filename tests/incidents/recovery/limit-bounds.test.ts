import { describe, expect, test } from 'vitest';
import { boundsOf, valueProblem } from '../../../src/incidents/recovery/limit-bounds.ts';
import { testHub } from '../../support.ts';

function limitOf(ratePerSecond: number, name: string) {
  const policy = testHub().policy('maps', { rateLimit: { ratePerSecond } });
  const limit = policy.limits.find((each) => each.name === name);
  if (limit === undefined) throw new Error(`${name} is no limit of the policy`);
  return limit;
}

describe('a rate limit', () => {
  test.each([
    [0.1, 0.1],
    [0.1, 0.5],
    [50, 200],
    [50, 0.25],
  ])('of %s a second may be changed to %s', (configured, to) => {
    expect(valueProblem(limitOf(configured, 'rateLimit.ratePerSecond'), to)).toBeUndefined();
  });

  test.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])('may not be changed to %s', (to) => {
    expect(valueProblem(limitOf(50, 'rateLimit.ratePerSecond'), to)).toBe(
      'must be a number from 0.001 to 1000000 for rateLimit.ratePerSecond',
    );
  });

  test('keeps one token at least, and whole ones', () => {
    const burst = limitOf(50, 'rateLimit.burst');
    expect([1, 200].map((value) => valueProblem(burst, value))).toEqual([undefined, undefined]);
    for (const value of [0, 1.5])
      expect(valueProblem(burst, value)).toContain('must be a whole number from 1');
  });
});

test('what the options say is always within', () => {
  expect(boundsOf({ type: 'rate', configured: 0.0001 })).toEqual({ min: 0.0001, max: 1_000_000 });
  expect(boundsOf({ type: 'count', configured: 500 })).toEqual({ min: 0, max: 500 });
  expect(boundsOf({ type: 'duration', configured: 0.5 })).toEqual({ min: 0.5, max: 3_600_000 });
});
