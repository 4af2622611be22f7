import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { retryAfterMs } from '../../src/core/retry-after.ts';
import { fc } from '../fast-check.ts';

describe('retryAfterMs', () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: Date.UTC(1994, 10, 6, 8, 49, 0) });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it.each([
    ['0', 0],
    ['5', 5_000],
    [' 120 ', 120_000],
    ['00007', 7_000],
    ['9'.repeat(400), Number.MAX_SAFE_INTEGER],
  ])('reads %j as seconds', (header, expected) => {
    expect(retryAfterMs(header)).toBe(expected);
  });

  it.each(['Sun, 06 Nov 1994 08:49:37 GMT', 'Sunday, 06-Nov-94 08:49:37 GMT', 'Sun Nov  6 08:49:37 1994'])(
    'reads the date %j',
    (header) => {
      expect(retryAfterMs(header)).toBe(37_000);
    },
  );

  it('takes a past date for now', () => {
    expect(retryAfterMs('Sat, 05 Nov 1994 08:49:37 GMT')).toBe(0);
  });

  it('takes a year of two digits for one at most 50 years ahead', () => {
    expect(retryAfterMs('Friday, 06-Nov-44 08:49:00 GMT')).toBe(Date.UTC(2044, 10, 6, 8, 49) - Date.now());
    vi.setSystemTime(Date.UTC(2026, 0, 1));
    expect(retryAfterMs('Sunday, 06-Nov-94 08:49:37 GMT')).toBe(0);
  });

  it.each([
    null,
    undefined,
    '',
    '-1',
    '1.5',
    '1e3',
    '0x10',
    'soon',
    'Infinity',
    'Sun, 06 Nov 1994 08:49:37',
    'Sun, 06 Nov 1994 08:49:37 +0100',
    'Sun, 31 Feb 1994 08:49:37 GMT',
    'Sun, 06 Foo 1994 08:49:37 GMT',
    'Sun, 06 Nov 1994 24:49:37 GMT',
    '1994-11-06T08:49:37Z',
    '5, 10',
  ])('takes %j as absent', (header) => {
    expect(retryAfterMs(header)).toBeUndefined();
  });

  it('reads back any date that toUTCString writes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4_000_000_000 }), (seconds) => {
        const expected = Math.max(0, seconds * 1_000 - Date.now());
        expect(retryAfterMs(new Date(seconds * 1_000).toUTCString())).toBe(expected);
      }),
    );
  });
});
