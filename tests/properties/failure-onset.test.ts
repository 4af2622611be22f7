import { expect, test } from 'vitest';
import { ErrorTally } from '../../src/core/error-tally.ts';
import type { FailureMark } from '../../src/core/failure-onset.ts';
import { NO_GENERATION, type Permit } from '../../src/core/permit.ts';
import { CircuitMachine } from '../../src/strategies/circuit-breaker/machine.ts';
import { circuitBreakerSchema } from '../../src/strategies/circuit-breaker/options.ts';
import { fc } from '../fast-check.ts';

/** A machine whose marks tell the number of the attempt that they were made at. */
function marked(given: unknown) {
  let attempt = -1;
  const note = (mark: FailureMark | undefined): FailureMark => {
    const noted = mark ?? { since: attempt, counts: new Float64Array(), errors: new ErrorTally(10) };
    noted.errors.add(new Error('down'), undefined);
    return noted;
  };
  const machine = new CircuitMachine(circuitBreakerSchema.parse(given), () => {}, note);
  const settle = (failed: boolean, now: number): void => {
    attempt += 1;
    const permit: Permit = { generation: NO_GENERATION, admittedAt: 0 };
    machine.admit(permit, now);
    machine.settle(permit, failed, now, () => 0, undefined);
  };
  return { machine, settle };
}

const failures = (onset: { readonly errors: ErrorTally } | undefined): number =>
  onset?.errors.kinds.reduce((sum, { count }) => sum + count, onset.errors.others) ?? 0;

const attempts = fc.array(fc.record({ failed: fc.boolean(), ms: fc.integer({ min: 0, max: 400 }) }), {
  maxLength: 120,
  size: 'max',
});

test('over time, the failures begin with the first that the window still has', () => {
  fc.assert(
    fc.property(attempts, (steps) => {
      const { machine, settle } = marked({
        failureRate: 1,
        minimumThroughput: 1_000,
        window: { type: 'time', ms: 1_000 },
      });
      const settled: { readonly failed: boolean; readonly slice: number }[] = [];
      let now = 5_000;
      for (const { failed, ms } of steps) {
        now += ms;
        settle(failed, now);
        settled.push({ failed, slice: Math.floor(now / 100) });
        const first = settled.findIndex((one) => one.failed && one.slice > Math.floor(now / 100) - 10);
        const onset = machine.onset(now);
        expect(onset?.since ?? -1).toBe(first);
        expect(failures(onset)).toBe(machine.counts(now).failures);
      }
    }),
    { numRuns: 60 },
  );
});

test('over so many attempts, they begin with the first in the window, or less than a tenth of it before', () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 60 }), attempts, (size, steps) => {
      const { machine, settle } = marked({
        failureRate: 1,
        minimumThroughput: size,
        window: { type: 'count', size },
      });
      const settled: boolean[] = [];
      for (const { failed } of steps) {
        if (machine.state !== 'closed') break;
        settle(failed, 0);
        settled.push(failed);
        const start = Math.max(0, settled.length - size);
        const first = settled.indexOf(true, start);
        const onset = machine.onset(0);
        if (first === -1) continue;
        const since = onset?.since ?? Number.NaN;
        expect(since).toBeLessThanOrEqual(first);
        expect(since).toBeGreaterThan(start - 1 - Math.ceil(size / 10));
        expect(failures(onset)).toBe(settled.slice(since).filter(Boolean).length);
      }
    }),
    { numRuns: 60 },
  );
});

test('where a row opens it, they begin with the first of the row, however long it took', () => {
  fc.assert(
    fc.property(attempts, fc.integer({ min: 1, max: 8 }), (steps, consecutiveFailures) => {
      const { machine, settle } = marked({
        failureRate: false,
        consecutiveFailures,
        window: { type: 'time', ms: 1_000 },
      });
      let [now, row, at] = [5_000, 0, -1];
      for (const { failed, ms } of steps) {
        now += ms;
        at += 1;
        settle(failed, now);
        row = failed ? row + 1 : 0;
        if (machine.state !== 'open') continue;
        expect(row).toBe(consecutiveFailures);
        expect(machine.onset(now)?.since).toBe(at - row + 1);
        expect(machine.onset(now + 1_000_000)?.since, 'while it lasts').toBe(at - row + 1);
        expect(failures(machine.onset(now))).toBe(row);
        return;
      }
    }),
    { numRuns: 200 },
  );
});
