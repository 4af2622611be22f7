import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { fc } from '../fast-check.ts';
import { follow, testHub } from '../support.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const caller = fc.record({
  startMs: fc.nat({ max: 300 }),
  key: fc.constantFrom('a', 'b'),
  abortMs: fc.option(fc.nat({ max: 200 }), { nil: undefined }),
  runMs: fc.integer({ min: 1, max: 150 }),
  fails: fc.boolean(),
});

test('runs of one key never overlap, all who wait get the same answer, and an abort ends only its own wait', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(caller, { minLength: 1, maxLength: 12 }), async (callers) => {
      const policy = testHub().policy('dependency', {
        cacheFallback: { coalesce: true },
        circuitBreaker: false,
      });
      const running = new Map<string, number>();
      let overlaps = 0;
      let runs = 0;
      const calls: { call: ReturnType<typeof follow>; key: string; reason: Error; startedIn: number }[] = [];
      for (const { startMs, key, abortMs, runMs, fails } of callers) {
        setTimeout(() => {
          const controller = new AbortController();
          const reason = new Error('gave up');
          const operation = ({ signal }: { signal: AbortSignal }) => {
            runs += 1;
            const run = runs;
            if (running.has(key)) overlaps += 1;
            running.set(key, run);
            return new Promise((resolve, reject) => {
              const over = () => {
                if (running.get(key) === run) running.delete(key);
              };
              const end = setTimeout(() => {
                over();
                if (fails) reject(new Error(`run ${run}`));
                else resolve(`run ${run}`);
              }, runMs);
              signal.addEventListener('abort', () => {
                clearTimeout(end);
                over();
              });
            });
          };
          const call = follow(policy.execute(operation, { cacheKey: key, signal: controller.signal }));
          calls.push({ call, key, reason, startedIn: running.get(key) ?? Number.NaN });
          if (abortMs !== undefined) setTimeout(() => controller.abort(reason), abortMs);
        }, startMs);
      }
      await vi.advanceTimersByTimeAsync(2_000);
      expect(overlaps).toBe(0);
      expect(running.size).toBe(0);
      for (const { call, reason, startedIn } of calls) {
        expect(call.times).toBe(1);
        const { now } = call;
        if (now.status === 'rejected' && now.reason === reason) continue;
        const answer =
          now.status === 'rejected' ? now.reason.message : now.status === 'fulfilled' && now.value;
        // With no stale value it is the run's own answer; with one, that of an earlier run of the key.
        if (now.status === 'rejected') expect(answer).toBe(`run ${startedIn}`);
        else expect(Number(String(answer).slice(4))).toBeLessThanOrEqual(startedIn);
      }
      expect(policy.stats()).toMatchObject({ callsInFlight: 0 });
    }),
    { numRuns: 100 },
  );
});
