import { describe, expect, test } from 'vitest';
import type { AlgorithmRule, LimitAlgorithm } from '../../../src/strategies/adaptive-limit/algorithm.ts';
import { Baseline } from '../../../src/strategies/adaptive-limit/baseline.ts';
import { GradientLimit } from '../../../src/strategies/adaptive-limit/gradient.ts';
import { AdaptiveLimiter } from '../../../src/strategies/adaptive-limit/limiter.ts';
import { VegasLimit } from '../../../src/strategies/adaptive-limit/vegas.ts';

const defaults: AlgorithmRule = { tolerance: 1.5, queueSize: 'sqrt', smoothing: 0.2, longWindow: 600 };

/** A round of samples that took so long, and what an algorithm makes of it. */
function round(algorithm: LimitAlgorithm, limit: number, ms: number, isUsed = true, timeouts = 0): number {
  for (let sample = 0; sample < 10; sample += 1) algorithm.sample(ms, sample < timeouts);
  return algorithm.next(limit, isUsed);
}

describe('the gradient', () => {
  test('grows by the smoothed queue while calls take up to the tolerance of what is usual', () => {
    const gradient = new GradientLimit(() => defaults);
    expect(round(gradient, 100, 20)).toBeCloseTo(100 + 0.2 * 10);
    expect(round(gradient, 100, 30)).toBeCloseTo(102);
  });

  test('shrinks by the ratio of usual to present, at most to a half', () => {
    const gradient = new GradientLimit(() => ({ ...defaults, queueSize: 4, longWindow: 1e9 }));
    for (let at = 0; at < 10; at += 1) round(gradient, 100, 20);
    // 1.5 * 20 / 40
    expect(round(gradient, 100, 40)).toBeCloseTo(100 * 0.8 + (100 * 0.75 + 4) * 0.2);
    expect(round(gradient, 100, 4_000)).toBeCloseTo(100 * 0.8 + (100 * 0.5 + 4) * 0.2);
  });

  test('says nothing about a limit that is not used', () => {
    const gradient = new GradientLimit(() => defaults);
    expect(round(gradient, 100, 20, false)).toBe(100);
    expect(round(gradient, 100, 2_000, false)).toBe(100);
  });

  test('is one call in a hundred that took very long away from growing still', () => {
    const gradient = new GradientLimit(() => defaults);
    round(gradient, 100, 20);
    for (let sample = 0; sample < 99; sample += 1) gradient.sample(20, false);
    gradient.sample(60_000, true);
    expect(gradient.next(100, true)).toBeGreaterThan(101);
  });

  test('reads its options anew', () => {
    const rule = { ...defaults };
    const gradient = new GradientLimit(() => rule);
    round(gradient, 100, 20);
    rule.smoothing = 1;
    rule.queueSize = 7;
    expect(round(gradient, 100, 20)).toBeCloseTo(107);
  });
});

describe('Vegas', () => {
  const vegas = () => new VegasLimit(() => ({ ...defaults, smoothing: 1, longWindow: 1e9 }));

  test('grows fast without a queue, slowly with a short one, and shrinks with a long one', () => {
    const algorithm = vegas();
    for (let at = 0; at < 10; at += 1) round(algorithm, 50, 20);
    expect(round(algorithm, 50, 20)).toBe(56);
    // 50 * (1 - 20 / 20.8) = 2 queue.
    expect(round(algorithm, 50, 20.8)).toBe(51);
    // 5 queue.
    expect(round(algorithm, 50, 22)).toBe(50);
    // 10 queue.
    expect(round(algorithm, 50, 25)).toBe(49);
    expect(round(algorithm, 500, 500)).toBe(498);
  });

  test('shrinks when a call timed out, and says nothing about a limit that is not used', () => {
    const algorithm = vegas();
    round(algorithm, 50, 20);
    expect(round(algorithm, 50, 20, false)).toBe(50);
    expect(round(algorithm, 50, 20, true, 1)).toBe(49);
    expect(round(algorithm, 50, 20, false, 1)).toBe(50);
  });
});

describe('what is usual', () => {
  test('is the plain average of the first rounds, then an exponential one', () => {
    const baseline = new Baseline();
    for (let ms = 1; ms <= 10; ms += 1) baseline.add(ms + 100, true, 3);
    expect(baseline.ms).toBeCloseTo(105.5);
    baseline.add(105.5 + 10, true, 3);
    expect(baseline.ms).toBeCloseTo(110.5);
  });

  test('does not learn from a queue, unless the limit was not used', () => {
    const baseline = new Baseline();
    for (let at = 0; at < 10; at += 1) baseline.add(100, true, 3);
    baseline.add(200, true, 3);
    expect(baseline.ms).toBe(100);
    baseline.add(200, false, 3);
    expect(baseline.ms).toBe(150);
  });

  test('falls fast once calls take less than half of it', () => {
    const baseline = new Baseline();
    for (let at = 0; at < 10; at += 1) baseline.add(1_000, true, 600);
    for (let at = 0; at < 14; at += 1) baseline.add(100, true, 600);
    expect(baseline.ms).toBeLessThan(500);
  });
});

describe('the limiter', () => {
  const bounds = { minLimit: 1, maxLimit: 200 };
  const made = (initial = 20) =>
    new AdaptiveLimiter(new GradientLimit(() => defaults), initial, () => bounds);

  /** Fills the limit and lets all of it take so long. */
  function fill(limiter: AdaptiveLimiter, ms: number, now: number, mayProbe = true): void {
    const all = Array.from({ length: Math.max(10, limiter.limit) }, () => ({ phase: 0 }));
    const into = all.filter((one) => {
      if (!limiter.hasRoom(now)) return false;
      limiter.take(one);
      return true;
    });
    for (const one of into) {
      limiter.release();
      limiter.sample(one, ms, false, mayProbe, now + ms);
    }
  }

  test('moves once a round trip, not with each sample', () => {
    const limiter = made();
    const all = Array.from({ length: 20 }, () => ({ phase: 0 }));
    for (const one of all) limiter.take(one);
    for (const one of all.slice(1)) {
      limiter.release();
      limiter.sample(one, 50, false, true, 50);
    }
    expect(limiter.limit).toBe(20);
    for (let at = 0; at < 3; at += 1) fill(limiter, 50, 100);
    expect(limiter.limit).toBeGreaterThan(20);
  });

  test('probes with a quarter once the limit has shrunk by half, and tells slower calls from a queue', () => {
    const limiter = made(100);
    for (let at = 0; at < 12; at += 1) fill(limiter, 20, at * 100);
    const top = limiter.limit;
    let at = 2_000;
    while (!limiter.isProbing && at < 100_000) {
      fill(limiter, 100, at);
      at += 100;
    }
    expect(limiter.isProbing).toBe(true);
    expect(limiter.limit).toBeLessThanOrEqual(top / 8 + 1);
    for (let run = 0; run < 20 && limiter.isProbing; run += 1) fill(limiter, 100, at);
    expect(limiter.isProbing).toBe(false);
    expect(limiter.baselineMs).toBe(100);
    const low = limiter.limit;
    for (let run = 0; run < 20; run += 1) fill(limiter, 100, at);
    expect(limiter.limit).toBeGreaterThan(low);
  });

  test('takes no sample of a call into a probe that was let in before it', () => {
    const limiter = made(100);
    for (let at = 0; at < 12; at += 1) fill(limiter, 20, at * 100);
    const old = { phase: 0 };
    limiter.take(old);
    let at = 2_000;
    while (!limiter.isProbing && at < 100_000) {
      fill(limiter, 100, at);
      at += 100;
    }
    for (let sample = 0; sample < 200; sample += 1) limiter.sample(old, 5_000, false, true, at);
    expect(limiter.isProbing).toBe(true);
  });

  test('does not probe while nothing is turned away', () => {
    const limiter = new AdaptiveLimiter(new GradientLimit(() => defaults), 100, () => ({
      minLimit: 1,
      maxLimit: 100,
    }));
    for (let round = 0; round < 300; round += 1) {
      const all = Array.from({ length: 60 }, () => ({ phase: 0 }));
      for (const one of all) limiter.take(one);
      for (const one of all) {
        limiter.release();
        limiter.sample(one, 20, false, true, round * 20);
      }
      expect(limiter.isProbing).toBe(false);
    }
    expect(limiter.limit).toBe(100);
  });

  test('gives a probe up that no calls come for, and does not probe in shadow', () => {
    const probing = (mayProbe: boolean) => {
      const limiter = made(100);
      for (let at = 0; at < 12; at += 1) fill(limiter, 20, at * 100, mayProbe);
      for (let at = 0; at < 40 && !limiter.isProbing; at += 1) fill(limiter, 100, 2_000, mayProbe);
      return limiter;
    };
    expect(probing(false).isProbing).toBe(false);
    const limiter = probing(true);
    const low = limiter.limit;
    expect(limiter.hasRoom(2_000 + 500)).toBe(true);
    expect(limiter.isProbing).toBe(true);
    expect(limiter.hasRoom(2_000 + 60_000)).toBe(true);
    expect(limiter.isProbing).toBe(false);
    expect(limiter.limit).toBeGreaterThan(low);
  });
});
