import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { AttemptBudget } from '../../src/core/attempt-budget.ts';
import { monotonicNow } from '../../src/core/clock.ts';
import type { OperationContext } from '../../src/index.ts';
import { RecentLatencies } from '../../src/strategies/hedge/recent-latencies.ts';
import { fc } from '../fast-check.ts';
import { flush, follow, testHub } from '../support.ts';

describe('the percentile of the recent latencies', () => {
  const HALF_MS = 30_000;
  const FEWEST = 50;
  const latency = fc.oneof(
    fc.double({ min: 0, max: 50, noNaN: true }),
    fc.double({ min: 0, max: 5_000, noNaN: true }),
    fc.constantFrom(0, 1, 2, 4, 1_024, 10_000_000),
  );
  const batch = fc.record({
    waitMs: fc.oneof(fc.nat({ max: 5_000 }), fc.nat({ max: 70_000 })),
    latencies: fc.array(latency, { maxLength: 40 }),
  });

  test('is never below the true one of what is remembered, and at most a ninth above', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(50, 90, 95, 99),
        fc.constantFrom(50, 90, 95, 99),
        fc.array(batch, { maxLength: 30, size: 'max' }),
        (first, then, batches) => {
          const recent = new RecentLatencies(first);
          let percentile = first;
          let older: number[] = [];
          let newer: number[] = [];
          let since = 0;
          let now = 0;
          for (const [at, { waitMs, latencies }] of batches.entries()) {
            now += waitMs;
            for (const ms of latencies) {
              if (now - since >= HALF_MS && (newer.length >= FEWEST || older.length + newer.length === 0)) {
                older = newer;
                newer = [];
                since = now;
              }
              newer.push(ms);
              recent.add(ms, now);
            }
            if (at === 10) {
              percentile = then;
              recent.follow(then);
            }
            const all = [...older, ...newer].sort((a, b) => a - b);
            const estimate = recent.percentileMs;
            if (all.length < FEWEST) expect(estimate).toBeUndefined();
            else {
              const truth = all[Math.ceil((percentile / 100) * all.length) - 1] ?? Number.NaN;
              expect(estimate).toBeGreaterThanOrEqual(Math.min(truth, 2 ** 22) - 1e-6);
              expect(estimate).toBeLessThanOrEqual(Math.max(1, truth * 1.091));
            }
          }
        },
      ),
      { numRuns: 100 },
    );
  });

  test('forgets: what was slow a minute ago is not any more', () => {
    const recent = new RecentLatencies(95);
    const told: (number | undefined)[] = [];
    for (let now = 0; now < 200_000; now += 100) {
      recent.add(now < 100_000 ? 1_000 : 10, now);
      if (now === 99_900 || now === 190_000) told.push(recent.percentileMs);
    }
    expect(told[0]).toBeGreaterThanOrEqual(1_000);
    expect(told[1]).toBeLessThan(11);
  });

  test('where there are few calls, holds until enough are newer; a clock that goes back does no harm', () => {
    const recent = new RecentLatencies(95);
    for (let at = 0; at < 50; at += 1) recent.add(100, 1_000);
    recent.add(100, 3_600_000);
    expect(recent.percentileMs).toBeGreaterThanOrEqual(100);
    expect(recent.percentileMs).toBeLessThan(109.1);
    for (const now of [0, 31_000, 62_000, 93_000]) {
      for (let at = 0; at < 60; at += 1) recent.add(10, now);
    }
    expect(recent.percentileMs).toBeLessThan(11);
  });
});

describe('calls through a policy that hedges, at random', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  const attempt = fc.record({
    ms: fc.option(fc.nat({ max: 200 }), { nil: undefined, freq: 4 }),
    does: fc.constantFrom('gives', 'gives', 'gives bad', 'throws', 'refuses', 'is final', 'aborts'),
    heeds: fc.boolean(),
  });
  const plan = fc.record({
    waitMs: fc.nat({ max: 60 }),
    attempts: fc.array(attempt, { minLength: 1, maxLength: 6 }),
    abortMs: fc.option(fc.nat({ max: 250 }), { nil: undefined, freq: 3 }),
    timeoutMs: fc.option(fc.integer({ min: 1, max: 250 }), { nil: undefined, freq: 3 }),
    idempotent: fc.option(fc.boolean(), { nil: undefined, freq: 3 }),
  });

  test('each settles once, by its first good answer; every value goes to the caller or is let go of; nothing is left', async () => {
    const seen = { won: 0, lost: 0, failed: 0, rejected: 0 };
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          delayMs: fc.integer({ min: 1, max: 80 }),
          maxHedges: fc.nat({ max: 3 }),
          maxExtraLoad: fc.constantFrom(0.2, 1, 1),
        }),
        fc.boolean(),
        fc.array(plan, { minLength: 1, maxLength: 20, size: 'max' }),
        async (hedge, listenerAborts, plans) => {
          const hub = testHub();
          const policy = hub.policy('upstream', {
            hedge,
            attemptBudget: { ratio: 1, floor: 100 },
            circuitBreaker: { minimumThroughput: 20, openMs: 50 },
            bulkhead: { maxConcurrent: 6 },
            attemptTimeoutMs: 150,
            totalTimeoutMs: 400,
            classify: (result) => {
              const told = result.ok ? result.value : result.error;
              if (!(told instanceof Answer)) return undefined;
              return told.verdict;
            },
          });
          let hedges = 0;
          const began: number[] = [];
          const controllers: AbortController[] = [];
          hub.on('hedge', () => {
            hedges += 1;
            if (listenerAborts && hedges % 3 === 0) controllers.at(-1)?.abort('by a listener');
          });
          const calls = [];
          for (const { waitMs, attempts, abortMs, timeoutMs, idempotent } of plans) {
            await vi.advanceTimersByTimeAsync(waitMs);
            began.push(monotonicNow());
            const controller = new AbortController();
            controllers.push(controller);
            const { signal } = controller;
            if (abortMs !== undefined) setTimeout(() => controller.abort('by the caller'), abortMs);
            const kept = new Map<unknown, number>();
            const good: unknown[] = [];
            let running = 0;
            let ran = 0;
            const operation = (context: OperationContext) => {
              const { ms, does, heeds } =
                attempts[(context.attempt - 1) % attempts.length] ?? attempts[0] ?? never();
              running += 1;
              ran += 1;
              let isOver = false;
              const end = () => {
                isOver = true;
                running -= 1;
                const answer = new Answer(does);
                if (does === 'aborts') controller.abort('by the operation');
                if (does === 'throws' || does === 'refuses' || does === 'is final') throw answer;
                kept.set(answer, 0);
                if (answer.verdict === 'success' && !context.signal.aborted) good.push(answer);
                return answer;
              };
              if (ms === undefined) return end();
              return new Promise((resolve, reject) => {
                const timer = setTimeout(() => {
                  try {
                    resolve(end());
                  } catch (error) {
                    reject(error);
                  }
                }, ms);
                if (!heeds) return;
                context.signal.addEventListener('abort', () => {
                  if (isOver) return;
                  isOver = true;
                  clearTimeout(timer);
                  running -= 1;
                  reject(context.signal.reason);
                });
              });
            };
            const discard = (value: unknown) => void kept.set(value, (kept.get(value) ?? Number.NaN) + 1);
            const call = follow(policy.execute(operation, { signal, timeoutMs, idempotent, discard }));
            calls.push({ call, kept, good, idempotent, counts: () => ({ running, ran }) });
          }
          await vi.advanceTimersByTimeAsync(3_000);

          for (const { call, kept, good, idempotent, counts } of calls) {
            expect(call.times).toBe(1);
            const { running, ran } = counts();
            expect(running).toBe(0);
            expect(ran).toBeLessThanOrEqual(idempotent === false ? 1 : hedge.maxHedges + 1);
            const given = call.now.status === 'fulfilled' ? call.now.value : undefined;
            if (given instanceof Answer && given.verdict === 'success') expect(given).toBe(good[0]);
            for (const [value, times] of kept) expect(times).toBe(value === given ? 0 : 1);
          }
          expect(policy.stats()).toMatchObject({ callsInFlight: 0, attemptsInFlight: 0 });
          // Nothing that lost holds a place: as many as may run do.
          const text = await hub.registry.metrics();
          const results = Object.fromEntries(
            [...text.matchAll(/^breakwater_hedges_total\{policy="upstream",result="(\w+)"\} (\d+)$/gm)].map(
              ([, result = '', count]) => [result, Number(count)],
            ),
          );
          const { won = 0, lost = 0, failed = 0, rejected = 0 } = results;
          expect(won + lost + failed + rejected).toBe(hedges);
          expect(hedges).toBeLessThanOrEqual(hedge.maxExtraLoad * plans.length);
          expect(text).toMatch(/^breakwater_bulkhead_in_use\{policy="upstream"\} 0$/m);
          seen.won += won;
          seen.lost += lost;
          seen.failed += failed;
          seen.rejected += rejected;
          await hub.close();
          await flush();
        },
      ),
      { numRuns: 120 },
    );
    expect(Math.min(seen.won, seen.lost, seen.failed)).toBeGreaterThan(5);
  });

  test('in any window, hedges are at most their share of its calls and those of a minute before', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(0.05, 0.2),
        fc.array(fc.record({ waitMs: fc.nat({ max: 40_000 }), calls: fc.nat({ max: 40 }) }), {
          maxLength: 12,
          size: 'max',
        }),
        async (maxExtraLoad, batches) => {
          const hub = testHub();
          const policy = hub.policy('upstream', {
            hedge: { delayMs: 10, maxExtraLoad },
            attemptBudget: { ratio: 1, floor: 1_000 },
            circuitBreaker: false,
          });
          const calls: number[] = [];
          const hedges: number[] = [];
          hub.on('hedge', () => hedges.push(monotonicNow()));
          for (const { waitMs, calls: count } of batches) {
            await vi.advanceTimersByTimeAsync(waitMs);
            for (let at = 0; at < count; at += 1) {
              calls.push(monotonicNow());
              follow(policy.execute(() => new Promise((resolve) => setTimeout(resolve, 30))));
            }
          }
          await vi.advanceTimersByTimeAsync(100);
          for (const from of hedges) {
            for (const to of hedges.filter((at) => at >= from)) {
              const made = hedges.filter((at) => at >= from && at <= to).length;
              const earned = calls.filter((at) => at > from - 60_000 && at <= to).length;
              expect(made).toBeLessThanOrEqual(maxExtraLoad * earned + 1e-9);
            }
          }
          await hub.close();
        },
      ),
      { numRuns: 25 },
    );
  });
});

/** What an attempt gives or throws. */
class Answer {
  readonly verdict: 'success' | 'transient' | 'refused' | 'permanent';

  constructor(does: string) {
    if (does === 'gives' || does === 'aborts') this.verdict = 'success';
    else if (does === 'refuses') this.verdict = 'refused';
    else this.verdict = does === 'is final' ? 'permanent' : 'transient';
  }
}

function never(): never {
  throw new Error('a plan has attempts');
}

test('a budget without a floor gives nothing before its calls have earned it', () => {
  const budget = new AttemptBudget({ ratio: 0.05, floor: 0, periodMs: 60_000 });
  for (let at = 0; at < 19; at += 1) budget.callStarted(at);
  expect(budget.allows(20)).toBe(false);
  budget.callStarted(20);
  expect([budget.take(21), budget.take(21)]).toEqual([true, false]);
});
