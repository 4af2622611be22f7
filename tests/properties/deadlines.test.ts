import { afterEach, expect, test, vi } from 'vitest';
import { Deadlines } from '../../src/core/deadlines.ts';
import { Deadline } from '../../src/core/scope.ts';
import { fc } from '../fast-check.ts';

class Probe extends Deadline {
  firedAt: number[] = [];

  override expire(now: number): void {
    this.firedAt.push(now);
  }
}

const duration = fc.oneof(
  fc.double({ min: 0.01, max: 40, noNaN: true }),
  fc.integer({ min: 1, max: 500 }),
  fc.constantFrom(2 ** 31 - 1, 2 ** 31, 2 ** 33),
);

const command = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('arm' as const), at: fc.nat({ max: 9 }), durationMs: duration }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('clear' as const), at: fc.nat({ max: 9 }) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('wait' as const),
      ms: fc.oneof(fc.nat({ max: 30 }), fc.nat({ max: 600 })),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ do: 'wait', ms: 2 ** 31 } as const) },
);

afterEach(() => void vi.useRealTimers());

test('a deadline fires once, never early, at most a tick late, unless it is cleared', () => {
  let fired = 0;
  fc.assert(
    fc.property(fc.array(command, { maxLength: 60, size: 'max' }), (commands) => {
      vi.useFakeTimers();
      const deadlines = new Deadlines();
      const probes = Array.from({ length: 10 }, () => new Probe());
      const dueAt = new Map<Probe, number>();
      for (const step of commands) {
        if (step.do === 'wait') vi.advanceTimersByTime(step.ms);
        else {
          const probe = probes[step.at];
          if (probe === undefined) throw new Error('no such probe');
          if (step.do === 'clear') {
            deadlines.clear(probe);
            dueAt.delete(probe);
          } else {
            const now = performance.now();
            deadlines.arm(probe, step.durationMs, now);
            dueAt.set(probe, now + step.durationMs);
          }
        }
        const now = performance.now();
        for (const probe of probes) {
          const due = dueAt.get(probe);
          for (const at of probe.firedAt.splice(0)) {
            fired += 1;
            expect(due).toBeDefined();
            expect(at).toBeGreaterThanOrEqual(due ?? Number.NaN);
            // Whole milliseconds, and a tick.
            expect(at).toBeLessThanOrEqual((due ?? Number.NaN) + 11);
            dueAt.delete(probe);
          }
          const left = dueAt.get(probe);
          if (left !== undefined) expect(now).toBeLessThanOrEqual(left + 11);
        }
        expect(deadlines.waiting).toBe(dueAt.size);
        if (dueAt.size > 0) expect(deadlines.hasTimer).toBe(true);
      }
      for (const probe of probes) deadlines.clear(probe);
      vi.advanceTimersByTime(11);
      expect(deadlines.hasTimer).toBe(false);
      expect(vi.getTimerCount()).toBe(0);
      vi.useRealTimers();
    }),
    { numRuns: 120 },
  );
  expect(fired).toBeGreaterThan(100);
});
