import { expect, test } from 'vitest';
import { attemptWindow } from '../../src/strategies/circuit-breaker/window.ts';
import { fc } from '../fast-check.ts';

interface Attempt {
  readonly at: number;
  readonly failed: boolean;
  readonly slow: boolean;
}

const steps = fc.array(
  fc.record({
    waitMs: fc.oneof(fc.nat({ max: 50 }), fc.nat({ max: 2_000 })),
    failed: fc.boolean(),
    slow: fc.boolean(),
  }),
  { maxLength: 80, size: 'max' },
);

function countsOf(attempts: readonly Attempt[]) {
  return {
    attempts: attempts.length,
    failures: attempts.filter(({ failed }) => failed).length,
    slow: attempts.filter(({ slow }) => slow).length,
  };
}

test('a window of so many attempts holds the last of them', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 70 }), steps, (size, given) => {
      const window = attemptWindow({ type: 'count', size });
      const all: Attempt[] = [];
      for (const { failed, slow } of given) {
        window.record(failed, slow, 0);
        all.push({ at: 0, failed, slow });
        const { attempts, failures, slow: slowOnes } = window;
        expect({ attempts, failures, slow: slowOnes }).toEqual(countsOf(all.slice(-size)));
      }
      window.clear();
      expect(window).toMatchObject({ attempts: 0, failures: 0, slow: 0 });
      window.record(true, false, 0);
      expect(window).toMatchObject({ attempts: 1, failures: 1, slow: 0 });
    }),
  );
});

test('a window of so many milliseconds holds all of the last nine tenths and nothing older than the whole', () => {
  fc.assert(
    fc.property(fc.integer({ min: 10, max: 1_000 }), fc.nat({ max: 5_000 }), steps, (ms, start, given) => {
      const window = attemptWindow({ type: 'time', ms });
      const all: Attempt[] = [];
      let now = start;
      for (const { waitMs, failed, slow } of given) {
        now += waitMs;
        window.record(failed, slow, now);
        all.push({ at: now, failed, slow });
        const surely = countsOf(all.filter(({ at }) => now - at <= 0.9 * ms - 1));
        const atMost = countsOf(all.filter(({ at }) => now - at < ms + 1));
        const slice = Math.floor((now * 10) / ms);
        const exactly = countsOf(all.filter(({ at }) => Math.floor((at * 10) / ms) > slice - 10));
        for (const key of ['attempts', 'failures', 'slow'] as const) {
          expect(window[key]).toBeGreaterThanOrEqual(surely[key]);
          expect(window[key]).toBeLessThanOrEqual(atMost[key]);
          expect(window[key]).toBe(exactly[key]);
        }
      }
      window.advance(now + ms);
      expect(window).toMatchObject({ attempts: 0, failures: 0, slow: 0 });
    }),
  );
});

test('what is recorded just as a part of the window begins belongs to that part, whatever its length', () => {
  for (let ms = 11; ms < 100; ms += 1) {
    for (let part = 10; part < 1_000; part += 10) {
      const window = attemptWindow({ type: 'time', ms });
      window.record(false, false, (part * ms) / 10 - 1);
      window.record(true, false, (part * ms) / 10);
      window.advance(Math.ceil(((part + 9) * ms) / 10));
      const { attempts, failures } = window;
      expect({ ms, part, attempts, failures }).toEqual({ ms, part, attempts: 1, failures: 1 });
    }
  }
});

test('a window takes room for the attempts that it holds, not for all that it may hold', () => {
  const before = process.memoryUsage().arrayBuffers;
  const windows = Array.from({ length: 500 }, () => attemptWindow({ type: 'count', size: 1_000_000 }));
  for (const window of windows) window.record(true, false, 0);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(50_000_000);
  expect(windows.every(({ failures }) => failures === 1)).toBe(true);
});
