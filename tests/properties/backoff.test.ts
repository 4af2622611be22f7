import { expect, test } from 'vitest';
import { BackoffSequence, longestWaits } from '../../src/strategies/retry/backoff.ts';
import { type RetryOptions, retrySchema } from '../../src/strategies/retry/options.ts';
import { fc } from '../fast-check.ts';

const shape = fc.record({
  baseDelayMs: fc.oneof(
    fc.constant(0),
    fc.integer({ min: 1, max: 5_000 }),
    fc.double({ min: 0.1, max: 50, noNaN: true }),
  ),
  maxDelayMs: fc.integer({ min: 1, max: 30_000 }),
  backoff: fc.constantFrom('exponential', 'linear', 'constant'),
});

const randoms = fc.array(fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }), {
  minLength: 1,
  maxLength: 40,
});

function waits(options: RetryOptions, chance: readonly number[]): number[] {
  const sequence = new BackoffSequence(retrySchema.parse(options));
  return chance.map((random, at) => sequence.next(at + 1, random));
}

test('without jitter a wait is what the formula says, up to the cap', () => {
  fc.assert(
    fc.property(shape, randoms, (given, chance) => {
      const { baseDelayMs, maxDelayMs, backoff } = given;
      const formula = {
        exponential: (n: number) => baseDelayMs * 2 ** (n - 1),
        linear: (n: number) => baseDelayMs * n,
        constant: () => baseDelayMs,
      };
      expect(waits({ ...given, jitter: 'none' }, chance)).toEqual(
        chance.map((_random, at) => Math.min(maxDelayMs, formula[backoff](at + 1))),
      );
    }),
  );
});

test('full jitter draws from nothing to the wait, equal jitter from half of it', () => {
  fc.assert(
    fc.property(shape, randoms, (given, chance) => {
      const plain = waits({ ...given, jitter: 'none' }, chance);
      const full = waits({ ...given, jitter: 'full' }, chance);
      const equal = waits({ ...given, jitter: 'equal' }, chance);
      for (const [at, wait] of plain.entries()) {
        const random = chance[at] ?? Number.NaN;
        expect(full[at]).toBeCloseTo(wait * random);
        expect(equal[at]).toBeCloseTo(wait / 2 + (wait * random) / 2);
        expect(full[at]).toBeLessThanOrEqual(wait);
        expect(equal[at]).toBeLessThanOrEqual(wait);
      }
    }),
  );
});

test('decorrelated jitter draws from the base to three times the last wait, within the cap', () => {
  fc.assert(
    fc.property(shape, randoms, (given, chance) => {
      const { baseDelayMs, maxDelayMs } = given;
      const low = Math.min(baseDelayMs, maxDelayMs);
      let last = baseDelayMs;
      for (const wait of waits({ ...given, jitter: 'decorrelated' }, chance)) {
        expect(wait).toBeGreaterThanOrEqual(low);
        expect(wait).toBeLessThanOrEqual(Math.min(maxDelayMs, Math.max(low, last * 3)) + 1e-9);
        last = wait;
      }
    }),
  );
});

test('longestWaits is what the waits come to when chance is against them', () => {
  fc.assert(
    fc.property(
      shape,
      fc.constantFrom('none', 'full', 'equal', 'decorrelated'),
      fc.nat({ max: 40 }),
      (given, jitter, maxRetries) => {
        const unlucky = Array.from({ length: maxRetries }, () => 1);
        const sum = waits({ ...given, jitter }, unlucky).reduce((total, wait) => total + wait, 0);
        const longest = longestWaits(retrySchema.parse({ ...given, jitter, maxRetries }));
        expect(Math.abs(longest - sum)).toBeLessThanOrEqual(1e-6 * Math.max(1, sum));
      },
    ),
  );
});

test('and it costs nothing for as many retries as there are numbers', () => {
  for (const jitter of ['none', 'decorrelated'] as const) {
    for (const backoff of ['exponential', 'linear', 'constant'] as const) {
      for (const baseDelayMs of [0, 200]) {
        const settings = retrySchema.parse({
          maxRetries: Number.MAX_SAFE_INTEGER,
          jitter,
          backoff,
          baseDelayMs,
        });
        expect(longestWaits(settings)).toBeGreaterThanOrEqual(0);
      }
    }
  }
});
