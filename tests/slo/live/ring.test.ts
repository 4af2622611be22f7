import { describe, expect, test } from 'vitest';
import { EventWindows } from '../../../src/slo/live/ring.ts';
import { windowShapes } from '../../../src/slo/live/tracker.ts';
import { fc } from '../../fast-check.ts';

interface Step {
  /** How far the clock moves before the event; negative where it is set back. */
  readonly byMs: number;
  readonly good: boolean;
}

interface ModelEvent {
  /** Time passed since the first event, steps back not counted. */
  readonly at: number;
  readonly good: boolean;
}

const shapes = [
  { lengthMs: 1_000, slots: 10 },
  { lengthMs: 6_000, slots: 20 },
  { lengthMs: 60_000, slots: 12 },
] as const;
const tickMs = 100;

const stepForward = fc.oneof(
  fc.double({ min: 0, max: 60, noNaN: true }),
  fc.double({ min: 0, max: 900, noNaN: true }),
  fc.double({ min: 0, max: 20_000, noNaN: true }),
  fc.double({ min: 0, max: 500_000, noNaN: true }),
);
const forwardSteps = fc.array(fc.record({ byMs: stepForward, good: fc.boolean() }), {
  minLength: 1,
  maxLength: 150,
});

/** Windows with somebody who counts the events. */
class CountedWindows {
  readonly #totals = { good: 0, bad: 0 };
  readonly #windows = new EventWindows(shapes, this.#totals);

  record(good: boolean, now: number): void {
    const { tickStart, tickEnd } = this.#windows;
    if (now >= tickEnd || now < tickStart) this.#windows.turn(now);
    this.#totals[good ? 'good' : 'bad'] += 1;
  }

  counts(index: number, now: number) {
    return this.#windows.counts(index, now);
  }
}

function expectToHold(
  windows: CountedWindows,
  events: readonly ModelEvent[],
  start: number,
  now: number,
): void {
  for (const [index, { lengthMs, slots }] of shapes.entries()) {
    const held = windows.counts(index, start + now);
    const within = (ageMs: number, good: boolean) =>
      events.filter((event) => event.good === good && now - event.at <= ageMs).length;
    for (const good of [true, false]) {
      const count = good ? held.good : held.bad;
      expect(count).toBeGreaterThanOrEqual(within(lengthMs - lengthMs / slots - tickMs, good));
      expect(count).toBeLessThanOrEqual(within(lengthMs + tickMs, good));
    }
  }
}

describe('EventWindows', () => {
  test('each window holds what its length less one slot holds, and nothing older than its length', () => {
    fc.assert(
      fc.property(
        forwardSteps,
        stepForward,
        fc.double({ min: 0, max: 1e9, noNaN: true }),
        (steps, rest, start) => {
          const windows = new CountedWindows();
          const events: ModelEvent[] = [];
          let at = 0;
          for (const [index, { byMs, good }] of steps.entries()) {
            if (index > 0) at += byMs;
            windows.record(good, start + at);
            events.push({ at, good });
          }
          expectToHold(windows, events, start, at + rest);
        },
      ),
    );
  });

  test('so it does under a steady load, which never begins on a slot', () => {
    fc.assert(
      fc.property(fc.double({ min: 1, max: 400, noNaN: true }), (everyMs) => {
        const windows = new CountedWindows();
        const events: ModelEvent[] = [];
        for (let index = 0; index < 200; index += 1) {
          const event = { at: index * everyMs, good: index % 3 !== 0 };
          windows.record(event.good, event.at);
          events.push(event);
          if (index % 20 === 0) expectToHold(windows, events, 0, event.at);
        }
      }),
    );
  });

  test('reading changes nothing', () => {
    fc.assert(
      fc.property(forwardSteps, (steps) => {
        const read = new CountedWindows();
        const unread = new CountedWindows();
        let now = 0;
        for (const { byMs, good } of steps) {
          now += byMs;
          read.record(good, now);
          unread.record(good, now);
          for (const index of shapes.keys()) read.counts(index, now);
        }
        for (const index of shapes.keys()) expect(read.counts(index, now)).toEqual(unread.counts(index, now));
      }),
    );
  });

  test('a clock that jumps anywhere loses nothing of the last moment, invents nothing, and ages on', () => {
    const anyStep = fc.record({ byMs: fc.double({ min: -1e7, max: 1e7, noNaN: true }), good: fc.boolean() });
    fc.assert(
      fc.property(fc.array(anyStep, { minLength: 1, maxLength: 80 }), (steps: readonly Step[]) => {
        const windows = new CountedWindows();
        let now = 5e6;
        let good = 0;
        let bad = 0;
        for (const step of steps) {
          now += step.byMs;
          windows.record(step.good, now);
          if (step.good) good += 1;
          else bad += 1;
          for (const index of shapes.keys()) {
            const held = windows.counts(index, now);
            expect(step.good ? held.good : held.bad).toBeGreaterThanOrEqual(1);
            expect(held.good).toBeLessThanOrEqual(good);
            expect(held.bad).toBeLessThanOrEqual(bad);
          }
        }
        // Wherever the clock has been, what is older than a window is forgotten once that much time has passed.
        for (let passed = 0; passed <= 62_000; passed += 500) windows.counts(0, now + 1_100 + passed);
        for (const index of shapes.keys())
          expect(windows.counts(index, now + 63_100)).toEqual({ good: 0, bad: 0 });
      }),
    );
  });

  test('a clock set back stops time, and forgets nothing', () => {
    const windows = new CountedWindows();
    windows.record(false, 1_000_000);
    windows.record(true, 1_000_050);
    windows.record(true, 500);
    expect(windows.counts(0, 500)).toEqual({ good: 2, bad: 1 });
    expect(windows.counts(0, 1_400)).toEqual({ good: 2, bad: 1 });
    expect(windows.counts(0, 1_500)).toEqual({ good: 0, bad: 0 });
    expect(windows.counts(1, 1_500)).toEqual({ good: 2, bad: 1 });
  });

  test('times that come a little out of order do not make the clock run faster', () => {
    const windows = new CountedWindows();
    windows.record(false, 0);
    // Two calls end almost together, and report it the wrong way round, over and over.
    for (let now = 50; now <= 5_400; now += 10) {
      windows.record(true, now);
      windows.record(true, now - 45);
    }
    expect(windows.counts(1, 5_400).bad).toBe(1);
  });

  test('holds nothing before the first event, whatever the clock says', () => {
    const windows = new CountedWindows();
    expect(windows.counts(0, 1e12)).toEqual({ good: 0, bad: 0 });
    windows.record(true, 7);
    expect(windows.counts(0, 7)).toEqual({ good: 1, bad: 0 });
    expect(windows.counts(99, 7)).toEqual({ good: 0, bad: 0 });
  });

  test('a slot that is full stays full: it never starts again from zero', () => {
    const totals = { good: 0, bad: 0 };
    const windows = new EventWindows(shapes, totals);
    windows.turn(0);
    for (let tick = 1; tick <= 3; tick += 1) {
      totals.good += 3 * 2 ** 30;
      totals.bad += 1;
      windows.turn(tick * tickMs);
    }
    const full = 2 ** 32 - 1;
    expect(windows.counts(2, 4 * tickMs)).toEqual({ good: full, bad: 3 });
    expect(windows.save(4 * tickMs)?.windows[2]?.slots).toEqual([[0, full, 3]]);
  });

  test('a large window holds what comes in a year at 15 000 calls a second, and goes on from what was saved', () => {
    const dayMs = 86_400_000;
    const perDay = 15_000 * 86_400;
    const yearly = windowShapes(366 * dayMs);
    const [day, year] = [5, 7];
    const totals = { good: 0, bad: 0 };
    const windows = new EventWindows(yearly, totals);
    for (let days = 0; days < 366; days += 1) {
      windows.turn(days * dayMs);
      totals.good += perDay;
      totals.bad += perDay / 100;
    }
    const now = 366 * dayMs - 1;
    const all = { good: 366 * perDay, bad: (366 * perDay) / 100 };
    expect(windows.counts(year, now)).toEqual(all);
    expect(windows.counts(day, now)).toEqual({ good: perDay, bad: perDay / 100 });
    const saved = windows.save(now);
    const next = new EventWindows(yearly, { good: 0, bad: 0 });
    if (saved !== undefined) next.restore(saved, 0, 0);
    expect(next.counts(year, 0)).toEqual(all);
  });

  test('a gap of centuries costs no more than one of a second', () => {
    const windows = new CountedWindows();
    windows.record(true, 0);
    windows.record(false, 1e14);
    expect(windows.counts(2, 1e14)).toEqual({ good: 0, bad: 1 });
  });
});
