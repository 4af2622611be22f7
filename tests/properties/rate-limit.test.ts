import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { monotonicNow } from '../../src/core/clock.ts';
import { TokenBucket } from '../../src/strategies/rate-limit/token-bucket.ts';
import { fc } from '../fast-check.ts';
import { follow, sampleOf, testHub } from '../support.ts';

const priorities = ['critical', 'high', 'medium', 'low'] as const;

const call = fc.record({
  startMs: fc.nat({ max: 600 }),
  priority: fc.constantFrom(...priorities),
  abortMs: fc.option(fc.nat({ max: 200 }), { nil: undefined, freq: 3 }),
  timeoutMs: fc.option(fc.integer({ min: 1, max: 200 }), { nil: undefined, freq: 3 }),
});

const scenario = fc.record({
  calls: fc.array(call, { minLength: 1, maxLength: 40, size: 'max' }),
  ratePerSecond: fc.constantFrom(3, 10, 33.3, 100, 1_000),
  burst: fc.integer({ min: 1, max: 5 }),
  maxWaitMs: fc.constantFrom(0, 20, 100, 500),
  openedAtMs: fc.option(fc.nat({ max: 600 }), { nil: undefined, freq: 4 }),
});

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A timer may be this late. */
const TICK_MS = 12;

/** All stretches of time in which more passed than `burst` and what the rate brings in it. */
function excess(passed: readonly number[], burst: number, ratePerSecond: number): string[] {
  return passed.flatMap((from, first) =>
    passed.slice(first).flatMap((to, more) => {
      const allowed = burst + ((to - from) * ratePerSecond) / 1000;
      return more + 1 > allowed + 1e-6 ? [`${more + 1} passed in ${to - from} ms, ${allowed} may`] : [];
    }),
  );
}

test('in any time no more pass than burst and rate allow; turns are kept, nobody waits in vain or too long', async () => {
  const seen = new Set<string>();
  await fc.assert(
    fc.asyncProperty(scenario, async ({ calls, ratePerSecond, burst, maxWaitMs, openedAtMs }) => {
      const hub = testHub();
      const policy = hub.policy('dependency', {
        rateLimit: { ratePerSecond, burst, maxWaitMs },
        circuitBreaker: { failureRate: false, consecutiveFailures: 10_000 },
        totalTimeoutMs: false,
      });
      const queued = () => sampleOf(policy, 'rate_limit_queued');
      const problems: string[] = [];
      const passed: number[] = [];
      /** By number, of calls that have neither passed nor ended. */
      const waiting = new Map<number, number>();
      /** When a call passed before one whose turn it was, and when each that never passed was told so. */
      const passedBy: { readonly number: number; readonly other: number; readonly atMs: number }[] = [];
      const turnedAwayAt = new Map<number, number>();
      const followed: ReturnType<typeof follow>[] = [];
      let numbers = 0;
      const start = ({ priority, abortMs, timeoutMs }: (typeof calls)[number]): void => {
        const caller = new AbortController();
        const number = numbers++;
        const rank = priorities.indexOf(priority);
        const startedAt = monotonicNow();
        waiting.set(number, rank);
        const result = policy.execute(
          () => {
            passed.push(monotonicNow());
            waiting.delete(number);
            for (const [other, otherRank] of waiting) {
              if (otherRank < rank || (otherRank === rank && other < number))
                passedBy.push({ number, other, atMs: monotonicNow() });
            }
          },
          { signal: caller.signal, timeoutMs, priority },
        );
        const gone = (error?: unknown): void => {
          if (waiting.delete(number)) turnedAwayAt.set(number, monotonicNow());
          const waitedMs = monotonicNow() - startedAt;
          if (waitedMs > maxWaitMs + TICK_MS) problems.push(`waited ${waitedMs} ms`);
          if (error !== undefined) seen.add(String(Object(error).code ?? 'aborted'));
          else if (waitedMs > 0) seen.add('passed after a wait');
        };
        result.then(() => gone(), gone);
        followed.push(follow(result));
        if (abortMs !== undefined) setTimeout(() => caller.abort(new Error('gave up')), abortMs);
      };
      for (const each of calls) setTimeout(() => start(each), each.startMs);
      if (openedAtMs !== undefined) setTimeout(() => policy.circuit.forceOpen('maintenance'), openedAtMs);
      for (let atMs = 0; atMs <= 700; atMs += 20) {
        await vi.advanceTimersByTimeAsync(20);
        if (queued() !== waiting.size) problems.push(`${queued()} wait, not ${waiting.size}`);
        const now = monotonicNow();
        const tokens = tokensAt(now, passed, burst, ratePerSecond);
        if (waiting.size > 0 && tokens >= 1 + (TICK_MS * ratePerSecond) / 1000)
          problems.push(`${waiting.size} wait for one of ${tokens} tokens`);
      }
      await vi.advanceTimersByTimeAsync(1_000);
      // Who leaves the queue at this very moment hears of it a moment later than whoever passes then.
      for (const { number, other, atMs } of passedBy)
        if (turnedAwayAt.get(other) !== atMs) problems.push(`${number} passed before ${other}`);
      expect(problems).toEqual([]);
      expect(excess(passed, burst, ratePerSecond)).toEqual([]);
      expect(followed.map(({ times }) => times)).toEqual(calls.map(() => 1));
      expect(waiting.size).toBe(0);
      expect(vi.getTimerCount()).toBe(0);
    }),
    { numRuns: 120 },
  );
  for (const expected of ['RATE_LIMITED', 'CIRCUIT_OPEN', 'aborted', 'passed after a wait'])
    expect(seen).toContain(expected);
});

/** What a bucket that was full at first has left. */
function tokensAt(now: number, passed: readonly number[], burst: number, ratePerSecond: number): number {
  let tokens = burst;
  let at = passed[0] ?? now;
  const refill = (time: number): void => {
    tokens = Math.min(burst, tokens + ((time - at) * ratePerSecond) / 1000);
    at = time;
  };
  for (const time of passed) {
    refill(time);
    tokens -= 1;
  }
  refill(now);
  return tokens;
}

test('a bucket gives no more than has come, however the clock jumps, and goes on after each jump', () => {
  const step = fc.record({
    byMs: fc.oneof(
      { weight: 8, arbitrary: fc.nat({ max: 300 }) },
      { weight: 1, arbitrary: fc.integer({ min: -900, max: 0 }) },
      { weight: 1, arbitrary: fc.integer({ min: -1e9, max: -1_001 }) },
      { weight: 1, arbitrary: fc.nat({ max: 1e9 }) },
    ),
    takes: fc.nat({ max: 8 }),
  });
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 60 }),
      fc.double({ min: 0.01, max: 5_000, noNaN: true }),
      fc.integer({ min: 1, max: 100 }),
      (steps, ratePerSecond, burst) => {
        const bucket = new TokenBucket({ ratePerSecond, burst });
        let now = 1e9;
        let taken = 0;
        let come = burst;
        for (const { byMs, takes } of steps) {
          now += byMs;
          come += Math.min(burst, (Math.max(0, byMs) * ratePerSecond) / 1000);
          for (let n = 0; n < takes; n += 1) if (bucket.take(now)) taken += 1;
          expect(taken).toBeLessThanOrEqual(come + 1e-6);
          expect(bucket.waitMs(0, now)).toBeLessThanOrEqual(1000 / ratePerSecond + 1e-6);
        }
        // A clock that was set back by less than a second is only late: it gets there again.
        now += 1_000 + 1000 / ratePerSecond + 1;
        expect(bucket.take(now)).toBe(true);
      },
    ),
  );
});

test('changes of rate and burst keep the tokens that there are, as far as they fit', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.record({
          rate: fc.integer({ min: 1, max: 100 }),
          burst: fc.integer({ min: 1, max: 20 }),
          ms: fc.nat(500),
        }),
        { minLength: 1, maxLength: 20 },
      ),
      (changes) => {
        let now = 0;
        let tokens = 10;
        let flow = { ratePerSecond: 10, burst: 10 };
        const bucket = new TokenBucket(flow);
        for (const { rate, burst, ms } of changes) {
          now += ms;
          tokens = Math.min(flow.burst, tokens + (ms * flow.ratePerSecond) / 1000, burst);
          flow = { ratePerSecond: rate, burst };
          bucket.change(flow, now);
          expect(bucket.waitMs(0, now)).toBeCloseTo(Math.max(0, ((1 - tokens) * 1000) / rate), 6);
          if (bucket.take(now)) tokens -= 1;
        }
      },
    ),
  );
});
