import { describe, expect, test } from 'vitest';
import { GradientLimit } from '../../src/strategies/adaptive-limit/gradient.ts';
import { AdaptiveLimiter } from '../../src/strategies/adaptive-limit/limiter.ts';
import { VegasLimit } from '../../src/strategies/adaptive-limit/vegas.ts';
import { fc } from '../fast-check.ts';
import { seeded } from '../seeded.ts';
import { type Server, Simulation } from '../strategies/adaptive-limit/simulation.ts';

type Algorithm = 'gradient' | 'vegas';

function limiterOf(
  algorithm: Algorithm,
  bounds = { minLimit: 1, maxLimit: 200 },
  initial = 20,
): AdaptiveLimiter {
  const smoothing = algorithm === 'vegas' ? 1 : 0.2;
  const rule = () => ({ tolerance: 1.5, queueSize: 'sqrt' as const, smoothing, longWindow: 600 });
  const made = algorithm === 'vegas' ? new VegasLimit(rule) : new GradientLimit(rule);
  return new AdaptiveLimiter(made, initial, () => bounds);
}

const algorithm = fc.constantFrom<Algorithm>('gradient', 'vegas');

const latency = fc.oneof(
  fc.constantFrom(0, 1e-9, 1, 1e12, Number.MAX_VALUE),
  fc.double({ min: 0, max: 1_000, noNaN: true }),
);
const step = fc.record({
  calls: fc.integer({ min: 1, max: 60 }),
  latencyMs: latency,
  timesOut: fc.boolean(),
  mayProbe: fc.boolean(),
  /** Backwards too. */
  passedMs: fc.integer({ min: -5_000, max: 20_000 }),
  most: fc.option(fc.integer({ min: 0, max: 300 }), { freq: 8 }),
});

test('the limit stays within its bounds, whatever comes', () => {
  fc.assert(
    fc.property(
      algorithm,
      fc.integer({ min: 1, max: 40 }),
      fc.integer({ min: 0, max: 300 }),
      fc.array(step, { minLength: 1, maxLength: 60, size: 'max' }),
      (algorithm, minLimit, more, steps) => {
        const bounds = { minLimit, maxLimit: minLimit + more };
        const limiter = limiterOf(algorithm, bounds, minLimit);
        let now = 0;
        let pending: { phase: number }[] = [];
        for (const { calls, latencyMs, timesOut, mayProbe, passedMs, most } of steps) {
          now += passedMs;
          if (most !== null) {
            bounds.maxLimit = most;
            bounds.minLimit = Math.min(minLimit, most);
            limiter.clamp();
          }
          for (let call = 0; call < calls; call += 1) {
            const admitted = { phase: 0 };
            if (!limiter.hasRoom(now)) continue;
            if (limiter.inFlight >= limiter.limit) throw new Error('let in above the limit');
            limiter.take(admitted);
            pending.push(admitted);
          }
          const ending = pending.slice(0, calls);
          pending = pending.slice(calls);
          for (const admitted of ending) {
            limiter.release();
            limiter.sample(admitted, latencyMs, timesOut, mayProbe, now);
            const { limit } = limiter;
            const isWithin = limit >= bounds.minLimit && limit <= bounds.maxLimit;
            if (!isWithin || !Number.isInteger(limit)) throw new Error(`${limit} is not within its bounds`);
          }
          expect(limiter.inFlight).toBe(pending.length);
        }
      },
    ),
    { numRuns: 60 },
  );
});

interface Case {
  readonly algorithm: Algorithm;
  readonly varies: boolean;
  readonly workers: number;
  /** At least so much of what the dependency can do is used. */
  readonly use: number;
}

const cases: readonly Case[] = [
  { algorithm: 'gradient', varies: false, workers: 4, use: 0.9 },
  { algorithm: 'gradient', varies: true, workers: 10, use: 0.9 },
  { algorithm: 'gradient', varies: true, workers: 50, use: 0.75 },
  { algorithm: 'vegas', varies: false, workers: 10, use: 0.9 },
  // Vegas is known to give away more where latencies vary much.
  { algorithm: 'vegas', varies: true, workers: 10, use: 0.7 },
];

describe.each(cases)(
  '$algorithm with $workers workers (varying: $varies)',
  ({ algorithm, varies, workers, use }) => {
    const serviceMs = 20;
    const capacity = (server: Server): number => (server.workers * 1_000) / server.serviceMs;
    const overload = 3;

    // What is large is slow to simulate, and varies less.
    const stretchMs = workers > 10 ? 10_000 : 20_000;

    /** Three times as much as it can do, for so long that it finds itself, and then for a stretch more. */
    function settled(simulation: Simulation, server: Server, forMs = stretchMs) {
      simulation.server = server;
      simulation.run(forMs, overload * capacity(server));
      return simulation.run(stretchMs, overload * capacity(server));
    }

    test('settles where the dependency is busy and calls do not pile up, and stays there', () => {
      fc.assert(
        fc.property(fc.integer(), (seed) => {
          const server = { workers, serviceMs };
          const simulation = new Simulation(limiterOf(algorithm), server, seeded(seed), varies);
          for (let again = 0; again < 2; again += 1) {
            const { perSecond, meanLatencyMs } = settled(simulation, server);
            expect(perSecond / capacity(server)).toBeGreaterThan(use);
            expect(meanLatencyMs).toBeLessThan(3.5 * serviceMs);
          }
        }),
        { numRuns: workers > 10 ? 2 : 4 },
      );
    });

    test('follows a dependency that has twice or half as much to give, or takes five times as long', () => {
      const simulation = new Simulation(limiterOf(algorithm), { workers, serviceMs }, seeded(11), varies);
      settled(simulation, { workers, serviceMs });
      for (const server of [
        { workers: workers * 2, serviceMs },
        { workers, serviceMs },
        { workers: workers / 2, serviceMs },
        { workers, serviceMs: serviceMs * 5 },
        { workers, serviceMs },
      ]) {
        const { perSecond, meanLatencyMs } = settled(simulation, server, 2 * stretchMs);
        expect(perSecond / capacity(server), JSON.stringify(server)).toBeGreaterThan(use * 0.8);
        expect(meanLatencyMs, JSON.stringify(server)).toBeLessThan(4 * server.serviceMs);
      }
    });

    test('turns nothing away in the long run where half of the capacity is asked for', () => {
      const simulation = new Simulation(limiterOf(algorithm), { workers, serviceMs }, seeded(5), varies);
      simulation.run(20_000, capacity(simulation.server) / 2);
      const { done, rejected } = simulation.run(20_000, capacity(simulation.server) / 2);
      expect(rejected / (done + rejected)).toBeLessThan(0.02);
    });
  },
);

/** Callers who call again and again, all at once, on a dependency that takes any number of calls. */
function callersOn(limiter: AdaptiveLimiter, isEnforced = true) {
  let now = 0;
  return (callers: number, serviceMs: number, forMs: number): { done: number; turnedAway: number } => {
    let done = 0;
    let turnedAway = 0;
    for (const until = now + forMs; now < until; now += serviceMs) {
      const inFlight: { phase: number }[] = [];
      for (let call = 0; call < callers; call += 1) {
        const admitted = { phase: 0 };
        const hasRoom = limiter.hasRoom(now);
        if (!hasRoom) turnedAway += 1;
        if (!hasRoom && isEnforced) continue;
        limiter.take(admitted);
        inFlight.push(admitted);
      }
      for (const admitted of inFlight) {
        done += 1;
        limiter.release();
        limiter.sample(admitted, serviceMs, false, isEnforced, now + serviceMs);
      }
    }
    return { done, turnedAway };
  };
}

describe.each([
  { algorithm: 'gradient', minLimit: 10, maxLimit: 30, callers: 40 },
  { algorithm: 'gradient', minLimit: 20, maxLimit: 50, callers: 60 },
  { algorithm: 'gradient', minLimit: 20, maxLimit: 75, callers: 90 },
  { algorithm: 'gradient', minLimit: 5, maxLimit: 18, callers: 30 },
  { algorithm: 'vegas', minLimit: 10, maxLimit: 30, callers: 40 },
] as const)('$algorithm between $minLimit and $maxLimit', ({ algorithm, minLimit, maxLimit, callers }) => {
  test('follows a dependency that has become slower, and faster again', () => {
    const limiter = limiterOf(algorithm, { minLimit, maxLimit });
    const load = callersOn(limiter);
    for (const serviceMs of [10, 60, 400, 20]) {
      load(callers, serviceMs, 600 * serviceMs);
      while (limiter.isProbing) load(callers, serviceMs, serviceMs);
      expect(limiter.limit, `${serviceMs} ms`).toBe(maxLimit);
      expect(limiter.baselineMs).toBeCloseTo(serviceMs, 0);
    }
  });
});

test.each(['gradient', 'vegas'] as const)(
  '%s stays near a minimum that is more than the dependency can do',
  (algorithm) => {
    const limiter = limiterOf(algorithm, { minLimit: 20, maxLimit: 200 });
    const simulation = new Simulation(limiter, { workers: 5, serviceMs: 20 }, seeded(3), false);
    simulation.run(20_000, 100);
    simulation.run(60_000, 1_000);
    for (let again = 0; again < 5; again += 1) {
      expect(simulation.run(4_000, 1_000).limit).toBeLessThan(3 * 20);
    }
  },
);

describe.each(['gradient', 'vegas'] as const)('%s in shadow', (algorithm) => {
  test('comes to what it would find in force where a dependency became slower and nothing queues', () => {
    for (const isEnforced of [true, false]) {
      const limiter = limiterOf(algorithm);
      const load = callersOn(limiter, isEnforced);
      load(50, 10, 20_000);
      const { done, turnedAway } = load(60, 50, 600_000);
      expect(turnedAway / done).toBeLessThan(0.1);
      expect(load(60, 50, 60_000).turnedAway).toBe(0);
      expect(limiter.limit).toBeGreaterThan(60);
    }
  });

  test('says at first that calls queue, and where they do so for long, takes that for usual', () => {
    const limiter = limiterOf(algorithm);
    const load = callersOn(limiter, false);
    load(50, 10, 20_000);
    const burst = load(60, 100, 10_000);
    expect(burst.turnedAway / burst.done).toBeGreaterThan(0.2);
    load(60, 10, 60_000);
    expect(limiter.baselineMs).toBeCloseTo(10, 0);
    load(60, 100, 600_000);
    expect(load(60, 100, 60_000).turnedAway).toBe(0);
  });
});
