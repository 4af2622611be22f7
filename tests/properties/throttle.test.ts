import { describe, expect, test } from 'vitest';
import { priorities } from '../../src/core/priority.ts';
import {
  NO_SLICE,
  SLICES,
  type ThrottledRequest,
  ThrottleMachine,
} from '../../src/strategies/throttle/machine.ts';
import { fc } from '../fast-check.ts';
import { seeded } from '../seeded.ts';

const WINDOW_MS = 120_000;
const SLICE_MS = WINDOW_MS / SLICES;
const always = (multiplier = 2, maxProbability = 1) => ({ multiplier, maxProbability });

const fresh = (): ThrottledRequest => ({ slice: NO_SLICE, era: 0 });
const rank = fc.integer({ min: 0, max: 3 });

const step = fc.record({
  waitMs: fc.oneof(
    { weight: 6, arbitrary: fc.nat({ max: 3 * SLICE_MS }) },
    { weight: 3, arbitrary: fc.nat({ max: 100 }) },
    { weight: 1, arbitrary: fc.constant(2 * WINDOW_MS) },
  ),
  rank,
  fate: fc.constantFrom('accepted', 'not accepted', 'forgotten', 'in flight'),
  /** How many steps later it is settled. */
  after: fc.nat({ max: 6 }),
  chance: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
});

interface Counted {
  readonly rank: number;
  readonly slice: number;
  requests: number;
  accepts: number;
}

describe('the counts of a throttle', () => {
  test('are those of the slices in the window, whatever settles when', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60, size: 'max' }), fc.nat({ max: 10_000 }), (steps, start) => {
        const machine = new ThrottleMachine(WINDOW_MS, () => always());
        const all: Counted[] = [];
        const later: { at: number; settle: (now: number) => void }[] = [];
        let now = start;
        for (const [at, { waitMs, rank, fate, after, chance }] of steps.entries()) {
          now += waitMs;
          const request = fresh();
          const counted: Counted = { rank, slice: Math.floor(now / SLICE_MS), requests: 1, accepts: 0 };
          all.push(counted);
          const isThrough = machine.ask(request, rank, now, () => chance) === 0;
          if (isThrough) {
            counted.accepts = 1;
            later.push({
              at: at + after,
              settle(when) {
                if (fate === 'not accepted') {
                  machine.notAccepted(request, rank, when);
                  counted.accepts = 0;
                } else if (fate === 'forgotten') {
                  machine.forget(request, rank, when);
                  counted.requests = 0;
                  counted.accepts = 0;
                }
                // A second word about it moves nothing.
                if (fate !== 'accepted' && fate !== 'in flight') machine.forget(request, rank, when);
              },
            });
          }
          for (const due of later.filter((one) => one.at === at)) due.settle(now);
          const slice = Math.floor(now / SLICE_MS);
          const held = all.filter((one) => one.slice > slice - SLICES);
          for (let of = 0; of < 4; of += 1) {
            const own = held.filter((one) => one.rank === of);
            expect(machine.requests(of, now)).toBe(own.reduce((sum, { requests }) => sum + requests, 0));
            expect(machine.accepts(of, now)).toBe(own.reduce((sum, { accepts }) => sum + accepts, 0));
          }
        }
      }),
    );
  });

  test('start afresh when the clock goes back, and what was in flight then moves nothing', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 100 }), fc.boolean(), (slicesBack, failed) => {
        const machine = new ThrottleMachine(WINDOW_MS, () => always());
        const start = 200 * SLICE_MS;
        const request = fresh();
        machine.ask(request, 0, start, () => 0);
        const before = start - slicesBack * SLICE_MS;
        expect(machine.requests(0, before)).toBe(0);
        if (failed) machine.notAccepted(request, 0, before);
        else machine.forget(request, 0, before);
        expect(machine.requests(0, before)).toBe(0);
        expect(machine.accepts(0, before)).toBe(0);
        machine.ask(request, 0, before, () => 0);
        expect(machine.accepts(0, before)).toBe(1);
      }),
    );
  });
});

describe('the decision of a throttle', () => {
  test('turns nothing away while nothing fails, however many are in flight', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(rank, fc.nat({ max: SLICE_MS }), fc.boolean()), { maxLength: 200 }),
        (asked) => {
          const machine = new ThrottleMachine(WINDOW_MS, () => always(1));
          let now = 0;
          for (const [rank, waitMs, isGivenUp] of asked) {
            now += waitMs;
            const request = fresh();
            expect(machine.ask(request, rank, now, () => 0)).toBe(0);
            if (isGivenUp) machine.forget(request, rank, now);
          }
        },
      ),
    );
  });

  test('is a probability below 1 that never falls with less importance, and where one class calls the formula', () => {
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 80, size: 'max' }),
        fc.double({ min: 1, max: 5, noNaN: true }),
        fc.double({ min: 0.1, max: 1, noNaN: true }),
        (steps, multiplier, maxProbability) => {
          const machine = new ThrottleMachine(WINDOW_MS, () => always(multiplier, maxProbability));
          let now = 0;
          for (const { waitMs, rank, fate, chance } of steps) {
            now += waitMs;
            const request = fresh();
            machine.ask(request, rank, now, () => chance);
            if (fate === 'not accepted') machine.notAccepted(request, rank, now);
            const shares = [0, 1, 2, 3].map((of) => machine.probability(of, now));
            for (const [at, share] of shares.entries()) {
              const isRight = share >= (shares[at - 1] ?? 0) && share < 1 && share <= maxProbability;
              if (!isRight) throw new Error(`${share} of ${priorities[at]} among ${shares.join(', ')}`);
            }
          }
          const alone = new ThrottleMachine(WINDOW_MS, () => always(multiplier, maxProbability));
          for (const { rank, fate, chance } of steps) {
            const request = fresh();
            alone.ask(request, steps[0]?.rank ?? rank, 0, () => chance);
            if (fate === 'not accepted') alone.notAccepted(request, steps[0]?.rank ?? rank, 0);
          }
          const only = steps[0]?.rank ?? 0;
          const requests = alone.requests(only, 0);
          const surplus = requests - multiplier * alone.accepts(only, 0);
          expect(alone.probability(only, 0)).toBeCloseTo(
            Math.min(maxProbability, Math.max(0, surplus / (requests + 1))),
            12,
          );
        },
      ),
    );
  });

  test('turns away as many as the formula says of all together, from the least important upward', () => {
    const counts = fc.array(fc.tuple(fc.nat({ max: 40 }), fc.nat({ max: 40 })), {
      minLength: 4,
      maxLength: 4,
    });
    const most = fc.double({ min: 0.1, max: 1, noNaN: true });
    fc.assert(
      fc.property(counts, fc.double({ min: 1, max: 4, noNaN: true }), most, (counts, multiplier, most) => {
        const machine = new ThrottleMachine(WINDOW_MS, () => always(multiplier, most));
        for (const [rank, [accepted, refused]] of counts.entries()) {
          for (let call = 0; call < accepted + refused; call += 1) {
            const request = fresh();
            machine.ask(request, rank, 0, () => 0.999_999);
            if (call >= accepted) machine.notAccepted(request, rank, 0);
          }
        }
        const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0);
        const requests = counts.map(([accepted, refused]) => accepted + refused);
        const accepts = sum(counts.map(([accepted]) => accepted));
        const shares = counts.map((_count, rank) => machine.probability(rank, 0));
        const turnedAway = sum(shares.map((share, rank) => share * (requests[rank] ?? 0)));
        const all = sum(requests);
        const formula = all * Math.min(most, Math.max(0, (all - multiplier * accepts) / (all + 1)));
        // Rounding, by less than one of each priority.
        expect(turnedAway).toBeGreaterThan(formula - 4);
        expect(turnedAway).toBeLessThan(formula + 1);
        for (const [rank, share] of shares.entries()) {
          const own = requests[rank] ?? 0;
          if ((shares[rank - 1] ?? 0) > 0)
            expect(share).toBeGreaterThanOrEqual((most * own) / (own + 1) - 1e-9);
        }
      }),
    );
  });

  test('lets as much through as comes to the multiplier times what is accepted', () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.constantFrom(1.5, 2, 3),
        fc.integer({ min: 4, max: 20 }),
        (seed, multiplier, overload) => {
          const chance = seeded(seed);
          const machine = new ThrottleMachine(WINDOW_MS, () => always(multiplier));
          // The dependency takes 5 a second and refuses the rest after 100 ms; `overload` times as many come.
          const perSecond = 5;
          const everyMs = 1_000 / (perSecond * overload);
          const refusals: { at: number; request: ThrottledRequest }[] = [];
          let takenInSecond = 0;
          let second = 0;
          let through = 0;
          let accepted = 0;
          for (let now = 0; now < 6 * WINDOW_MS; now += everyMs) {
            while ((refusals[0]?.at ?? Number.POSITIVE_INFINITY) <= now) {
              const due = refusals.shift();
              if (due !== undefined) machine.notAccepted(due.request, 2, now);
            }
            if (Math.floor(now / 1_000) !== second) {
              second = Math.floor(now / 1_000);
              takenInSecond = 0;
            }
            const request = fresh();
            if (machine.ask(request, 2, now, chance) !== 0) continue;
            const isAccepted = takenInSecond < perSecond;
            if (isAccepted) takenInSecond += 1;
            else refusals.push({ at: now + 100, request });
            if (now < 3 * WINDOW_MS) continue;
            through += 1;
            if (isAccepted) accepted += 1;
          }
          expect(through / accepted).toBeGreaterThan(multiplier * 0.9);
          expect(through / accepted).toBeLessThan(multiplier * 1.1);
        },
      ),
      { numRuns: 12 },
    );
  });

  test('keeps the important calls where the dependency does not know which they are', () => {
    const perSecond = [2, 4, 14, 20];
    const classes = perSecond.flatMap((calls, rank) => new Array<number>(calls).fill(rank));
    const total = classes.length;
    for (const [capacity, expected] of [
      // Twice what it can do is let through.
      [10, [0, 0, 0, 1]],
      [3, [0, 0, 1, 1]],
      [15, [0, 0, 0, 0.5]],
      [40, [0, 0, 0, 0]],
    ] as const) {
      const chance = seeded(capacity);
      const machine = new ThrottleMachine(WINDOW_MS, () => always());
      const asked = [0, 0, 0, 0];
      const turnedAway = [0, 0, 0, 0];
      let through = 0;
      for (let second = 0; second < 600; second += 1) {
        let taken = 0;
        for (let call = 0; call < total; call += 1) {
          const now = (second + call / total) * 1_000;
          const rank = classes[Math.floor(chance() * total)] ?? 0;
          const request = fresh();
          const isThrough = machine.ask(request, rank, now, chance) === 0;
          // The first to come are taken, whoever they are.
          if (isThrough && taken >= capacity) machine.notAccepted(request, rank, now);
          else if (isThrough) taken += 1;
          if (second < 300) continue;
          if (isThrough) through += 1;
          else turnedAway[rank] = (turnedAway[rank] ?? 0) + 1;
          asked[rank] = (asked[rank] ?? 0) + 1;
        }
      }
      for (const [rank, share] of expected.entries()) {
        const got = (turnedAway[rank] ?? 0) / (asked[rank] ?? 1);
        expect(Math.abs(got - share), `${capacity}: ${priorities[rank]} ${got}`).toBeLessThan(0.1);
      }
      expect(through / 300).toBeGreaterThan(Math.min(total, 2 * capacity) * 0.9);
      expect(through / 300).toBeLessThan(Math.min(total, 2 * capacity) * 1.1);
    }
  });

  test('comes back to letting all through once the dependency accepts again', () => {
    const machine = new ThrottleMachine(WINDOW_MS, () => always());
    const chance = seeded(7);
    const rejectedIn = (fromMs: number, toMs: number, isUp: boolean): number => {
      let count = 0;
      for (let now = fromMs; now < toMs; now += 50) {
        const request = fresh();
        if (machine.ask(request, 1, now, chance) !== 0) count += 1;
        else if (!isUp) machine.notAccepted(request, 1, now);
      }
      return count;
    };
    expect(rejectedIn(0, 60_000, true)).toBe(0);
    expect(rejectedIn(60_000, 180_000, false)).toBeGreaterThan(500);
    rejectedIn(180_000, 1_080_000, true);
    expect(rejectedIn(1_080_000, 1_200_000, true)).toBe(0);
  });
});
