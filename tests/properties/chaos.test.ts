import { expect, test, vi } from 'vitest';
import { monotonicNow } from '../../src/core/clock.ts';
import { deadlines } from '../../src/core/deadlines.ts';
import {
  bulkhead,
  type ChaosEvent,
  type ChaosOptions,
  chaos,
  circuitBreaker,
  type Policy,
  retry,
  type Strategy,
  timeout,
} from '../../src/index.ts';
import { fc } from '../fast-check.ts';
import { follow, testHub } from '../support.ts';
import { call, LATEST_MS, startCalls } from './calls.ts';
import { underFakeTime } from './fake-time.ts';

const rate = fc.constantFrom(0, 0.3, 0.7);

const chaosOptions: fc.Arbitrary<ChaosOptions> = fc.record({
  error: fc.record({ rate }),
  latency: fc.constantFrom(
    { rate: 0.5, ms: 30 },
    { rate: 0.5, minMs: 0, maxMs: 300 },
    { rate: 1, ms: 200 },
    { rate: 0, ms: 1 },
  ),
  abort: fc.record({ rate, afterMs: fc.constantFrom(0, 10, 150) }),
  result: fc.record({ rate: fc.constantFrom(0, 0.5, 1), result: fc.constant((value: unknown) => [value]) }),
});

/** Switched on and off at these times. */
const switching = fc.array(
  fc.record({
    atMs: fc.nat({ max: 2_500 }),
    forMs: fc.constantFrom(undefined, 1, 100, 900),
    stop: fc.boolean(),
  }),
  { maxLength: 5 },
);

/** Of the bulkhead. */
const MAX_CONCURRENT = 3;

/** How many operations run, and the most that ran at once: what the dependency itself would see. */
function counting(policy: Pick<Policy, 'execute'>) {
  const runs = { now: 0, most: 0 };
  const ended = (): void => {
    runs.now -= 1;
  };
  const execute: Policy['execute'] = (operation, options) =>
    policy.execute((context) => {
      runs.now += 1;
      runs.most = Math.max(runs.most, runs.now);
      let isOver = true;
      try {
        const result = operation(context);
        if (result instanceof Promise) {
          isOver = false;
          result.then(ended, ended);
        }
        return result;
      } finally {
        if (isOver) ended();
      }
    }, options);
  return { runs, execute };
}

/** Where the chaos layer stands among the others. */
const place = fc.nat({ max: 4 });

const unhandled = underFakeTime();

test('whatever faults are made, each call settles once, all are counted, and none while it is off', async () => {
  const made = new Set<string | undefined>();
  await fc.assert(
    fc.asyncProperty(
      chaosOptions,
      switching,
      place,
      fc.array(call, { minLength: 1, maxLength: 20, size: 'max' }),
      fc.infiniteStream(fc.nat({ max: 999 })),
      async (options, switches, at, calls, chances) => {
        const hub = testHub();
        const layer = chaos({ ...options, random: () => chances.next().value / 1_000 });
        const strategies: Strategy[] = [
          retry({ maxRetries: 2, baseDelayMs: 10 }),
          // No place is taken back: each is to be given back.
          bulkhead({ maxConcurrent: MAX_CONCURRENT, maxLeaseMs: LATEST_MS * 100 }),
          circuitBreaker({ consecutiveFailures: 8, openMs: 100 }),
          timeout({ timeoutMs: 120, scope: 'attempt' }),
        ];
        strategies.splice(at, 0, layer);
        const policy = hub.policy('dependency', { strategies, silenceHazards: ['CHAOS_WITHOUT_END'] });

        const startsOn = calls.length % 3 > 0;
        if (startsOn) layer.start();
        // A model of the switch: until when it is on.
        let onUntil = startsOn ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
        const events: ChaosEvent[] = [];
        const wrong: unknown[] = [];
        hub.on('chaos', (event) => {
          events.push(event);
          if (event.status !== 'fault') return;
          made.add(event.fault);
          // What began while it was on may break off or end badly later.
          const slackMs =
            event.fault === 'latency' ? 0 : event.fault === 'error' ? 320 : Number.POSITIVE_INFINITY;
          if (monotonicNow() > onUntil + slackMs) wrong.push(event);
        });
        for (const { atMs, forMs, stop } of switches) {
          setTimeout(() => {
            const now = monotonicNow();
            if (stop) layer.stop();
            else layer.start({ forMs });
            if (!stop) onUntil = now + (forMs ?? Number.POSITIVE_INFINITY);
            else onUntil = Math.min(onUntil, now);
            if (layer.active === stop) wrong.push({ stop });
          }, atMs);
        }
        const dependency = counting(policy);
        const { followed, operations } = startCalls(dependency, calls);
        await vi.advanceTimersByTimeAsync(LATEST_MS * 4);

        const sum = (counts: Readonly<Record<string, number>>) =>
          Object.values(counts).reduce((a, b) => a + b, 0);
        const faults = events.filter(({ status }) => status === 'fault');
        const count = (fault: string) => faults.filter((event) => event.fault === fault).length;
        const stats = policy.stats();
        expect(wrong).toEqual([]);
        expect(followed.map(({ times }) => times)).toEqual(calls.map(() => 1));
        expect(stats).toMatchObject({ callsInFlight: 0, attemptsInFlight: 0 });
        // A place is held until the operation really ends, wherever chaos stands, and no longer.
        expect(dependency.runs.now).toBe(0);
        expect(dependency.runs.most).toBeLessThanOrEqual(MAX_CONCURRENT);
        layer.stop();
        policy.circuit.reset();
        const together = Array.from({ length: MAX_CONCURRENT }, () => follow(policy.execute(() => 'fine')));
        await vi.advanceTimersByTimeAsync(1_000);
        expect(together.map(({ now }) => now.status)).toEqual(together.map(() => 'fulfilled'));
        // An attempt runs the operation, or fails in its place, or is given up while it has not begun.
        expect(operations.started + count('error')).toBeLessThanOrEqual(sum(stats.attempts));
        expect(operations.started + count('error') + count('latency')).toBeGreaterThanOrEqual(
          sum(stats.attempts),
        );
        const metrics = await hub.registry.getMetricsAsJSON();
        const totalOf = (name: string) =>
          metrics.find((one) => one.name === name)?.values?.reduce((total, { value }) => total + value, 0);
        expect(totalOf('breakwater_chaos_faults_total')).toBe(faults.length);
        expect(totalOf('breakwater_bulkhead_in_use')).toBe(0);
        expect(deadlines.waiting).toBe(0);
        await hub.close();
        expect(layer.active).toBe(false);
        expect(vi.getTimerCount()).toBe(0);
      },
    ),
    { numRuns: 120 },
  );
  expect(await unhandled()).toEqual([]);
  expect([...made].sort()).toEqual(['abort', 'error', 'latency', 'result']);
});
