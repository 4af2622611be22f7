import { describe, expect, test } from 'vitest';
import { EventWindows } from '../../src/slo/live/ring.ts';
import { namedWindows, savedWindows } from '../../src/slo/live/state.ts';
import { windowShapes } from '../../src/slo/live/tracker.ts';
import { fc } from '../fast-check.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** A process that counts events into windows. */
class Process {
  readonly #totals = { good: 0, bad: 0 };
  readonly #windows: EventWindows;
  readonly #periodMs: number;

  constructor(periodMs: number) {
    this.#periodMs = periodMs;
    this.#windows = new EventWindows(windowShapes(periodMs), this.#totals);
  }

  count(good: number, bad: number, now: number): void {
    const { tickStart, tickEnd } = this.#windows;
    if (now >= tickEnd || now < tickStart) this.#windows.turn(now);
    this.#totals.good += good;
    this.#totals.bad += bad;
  }

  held(now: number) {
    return [...windowShapes(this.#periodMs).keys()].map((index) => this.#windows.counts(index, now));
  }

  observedMs(now: number): number {
    return this.#windows.observedMs(now);
  }

  /** What another process gets out of the file that this one leaves. */
  saved(now: number): string {
    const windows = this.#windows.save(now);
    return JSON.stringify(windows === undefined ? null : namedWindows(windows));
  }

  restore(text: string, ageMs: number, now: number): void {
    const saved = JSON.parse(text);
    if (saved === null) return;
    const name = { policy: 'p', sli: 'availability', periodMs: this.#periodMs } as const;
    this.#windows.restore(savedWindows({ ...name, ...saved }), ageMs, now);
  }
}

/** Whole milliseconds, so that no rounding puts an event to the other side of a slot's edge. */
const passing = fc.oneof(fc.nat(20_000), fc.nat(10 * MINUTE_MS), fc.nat(2 * DAY_MS));
const steps = fc.array(
  fc.record({
    passingMs: passing,
    good: fc.nat(5),
    bad: fc.nat(5),
    /** How long the process is away before the step, where it is restarted. */
    awayMs: fc.option(passing, { nil: undefined }),
    /** What the monotonic clock of the next process begins at. */
    begins: fc.nat(1e9),
  }),
  { minLength: 1, maxLength: 25 },
);
const periods = fc.constantFrom(30 * DAY_MS, 7 * DAY_MS, 60 * MINUTE_MS, 96_000, 1_000_020);

describe('a process that is restarted', () => {
  test('holds what one holds that never was, at all times', () => {
    fc.assert(
      fc.property(periods, steps, (periodMs, all) => {
        const unbroken = new Process(periodMs);
        let process = new Process(periodMs);
        /** What the clock of the process is ahead of that of the unbroken one. */
        let aheadMs = 0;
        let now = 0;
        for (const { passingMs, good, bad, awayMs, begins } of all) {
          now += passingMs;
          if (awayMs !== undefined) {
            const text = process.saved(now + aheadMs);
            now += awayMs;
            process = new Process(periodMs);
            aheadMs = begins - now;
            process.restore(text, awayMs, begins);
          }
          unbroken.count(good, bad, now);
          process.count(good, bad, now + aheadMs);
          expect(process.held(now + aheadMs)).toEqual(unbroken.held(now));
          expect(process.observedMs(now + aheadMs)).toBeCloseTo(unbroken.observedMs(now), 3);
        }
      }),
    );
  });

  test('and has counted before it is given the past, holds nothing too long, and all but two slots', () => {
    fc.assert(
      fc.property(
        periods,
        fc.array(fc.tuple(passing, fc.nat(5), fc.nat(5)), { minLength: 1, maxLength: 15 }),
        fc.array(fc.tuple(passing, fc.nat(5), fc.nat(5)), { minLength: 1, maxLength: 5 }),
        passing,
        (periodMs, before, after, awayMs) => {
          const events: { readonly at: number; readonly good: number; readonly bad: number }[] = [];
          let now = 0;
          const run = (process: Process, calls: typeof before) => {
            for (const [passingMs, good, bad] of calls) {
              now += passingMs;
              process.count(good, bad, now);
              events.push({ at: now, good, bad });
            }
          };
          const first = new Process(periodMs);
          run(first, before);
          const savedAt = now;
          const text = first.saved(now);
          now += awayMs;
          const second = new Process(periodMs);
          run(second, after);
          second.restore(text, now - savedAt, now);
          const within = (ageMs: number) =>
            events
              .filter(({ at }) => now - at <= ageMs)
              .reduce((total, { good, bad }) => total + good + bad, 0);
          const tickMs = Math.min(15_000, periodMs / 60);
          for (const [index, { lengthMs, slots }] of windowShapes(periodMs).entries()) {
            const { good = 0, bad = 0 } = second.held(now)[index] ?? {};
            expect(good + bad).toBeLessThanOrEqual(within(lengthMs + tickMs));
            expect(good + bad).toBeGreaterThanOrEqual(within(lengthMs - (2 * lengthMs) / slots - tickMs));
          }
        },
      ),
    );
  });
});
