import fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { deadlines } from '../../src/core/deadlines.ts';
import type { OperationContext, PolicyOptions } from '../../src/index.ts';
import { follow, testHub } from '../support.ts';

/** What one attempt of an operation does. */
const behaviour = fc.record({
  kind: fc.constantFrom(
    'value',
    'undefined',
    'throw',
    'resolve',
    'reject',
    'defect',
    'abort error',
    'heed signal',
    'hang',
    'thenable',
    'abort the caller',
    'throw a string',
  ),
  ms: fc.nat({ max: 400 }),
});

const call = fc.record({
  startMs: fc.nat({ max: 2_000 }),
  attempts: fc.array(behaviour, { minLength: 1, maxLength: 4 }),
  abortMs: fc.option(fc.nat({ max: 600 }), { nil: undefined, freq: 3 }),
  timeoutMs: fc.option(fc.integer({ min: 1, max: 500 }), { nil: undefined, freq: 3 }),
  key: fc.option(fc.constantFrom('a', 'b'), { nil: undefined }),
  idempotent: fc.option(fc.boolean(), { nil: undefined }),
});

const policyOptions: fc.Arbitrary<PolicyOptions> = fc.record({
  totalTimeoutMs: fc.constantFrom(false as const, 150, 700),
  attemptTimeoutMs: fc.constantFrom(false as const, 60, 200),
  retry: fc.constantFrom(
    false as const,
    { maxRetries: 3, baseDelayMs: 20 },
    { maxRetries: 1, baseDelayMs: 0 },
  ),
  circuitBreaker: fc.constantFrom(
    false as const,
    { consecutiveFailures: 2, openMs: 100, halfOpenMaxMs: 80 },
    { consecutiveFailures: 2, openMs: 100, mode: 'shadow' as const },
  ),
  cacheFallback: fc.constantFrom(
    false as const,
    { coalesce: true },
    { freshForMs: 50 },
    { coalesce: true, freshForMs: 50, clone: (value: unknown) => value },
  ),
  fallback: fc.constantFrom(
    false as const,
    () => 'instead',
    { answer: () => new Promise((resolve) => setTimeout(() => resolve('instead'), 30)), timeoutMs: 20 },
    () => {
      throw new Error('no fallback either');
    },
  ),
});

/** All that an operation left behind ends by then. */
const LATEST_MS = 100_000;

function perform(kind: string, ms: number, context: OperationContext, caller: AbortController): unknown {
  const later = <T>(
    act: (resolve: (value: T) => void, reject: (error: unknown) => void) => void,
    afterMs = ms,
  ) => new Promise<T>((resolve, reject) => setTimeout(() => act(resolve, reject), afterMs));
  switch (kind) {
    case 'value':
      return 'value';
    case 'undefined':
      return undefined;
    case 'throw':
      throw new Error('thrown');
    case 'throw a string':
      throw 'a string';
    case 'resolve':
      return later((resolve) => resolve('later'));
    case 'reject':
      return later((_resolve, reject) => reject(new Error('rejected')));
    case 'defect':
      return Promise.reject(new TypeError('x is not a function'));
    case 'abort error':
      return Promise.reject(new DOMException('aborted', 'AbortError'));
    case 'heed signal':
      return new Promise((_resolve, reject) => {
        const { signal } = context;
        signal.addEventListener('abort', () => reject(signal.reason));
        setTimeout(() => reject(new Error('never aborted')), LATEST_MS);
      });
    case 'thenable':
      return {
        // biome-ignore lint/suspicious/noThenProperty: a thenable is what is tested
        then: (resolve: (value: string) => void, reject: (error: unknown) => void) => {
          resolve('first');
          resolve('second');
          reject(new Error('third'));
          throw new Error('fourth');
        },
      };
    case 'abort the caller':
      caller.abort(new Error('aborted from within'));
      return 'too late';
    default:
      return later((resolve) => resolve('hung'), LATEST_MS);
  }
}

const unhandled: unknown[] = [];
const onUnhandled = (error: unknown) => unhandled.push(error);

beforeEach(() => {
  vi.useFakeTimers();
  process.on('unhandledRejection', onUnhandled);
});
afterEach(() => {
  process.off('unhandledRejection', onUnhandled);
  vi.useRealTimers();
});

test('each call settles once, gauges return to zero, and the counters add up', async () => {
  const outcomes = new Set<string>();
  await fc.assert(
    fc.asyncProperty(
      policyOptions,
      fc.array(call, { minLength: 1, maxLength: 12 }),
      async (options, calls) => {
        const hub = testHub();
        const policy = hub.policy('dependency', options);
        const ended: string[] = [];
        hub.on('call', ({ outcome }) => ended.push(outcome));
        let attemptEvents = 0;
        hub.on('attempt', () => {
          attemptEvents += 1;
        });
        let started = 0;
        const followed: ReturnType<typeof follow>[] = [];
        for (const { startMs, attempts, abortMs, timeoutMs, key, idempotent } of calls) {
          setTimeout(() => {
            const caller = new AbortController();
            if (abortMs !== undefined) setTimeout(() => caller.abort(new Error('gave up')), abortMs);
            let at = 0;
            followed.push(
              follow(
                policy.execute(
                  (context) => {
                    started += 1;
                    const { kind, ms } = attempts[Math.min(at, attempts.length - 1)] ?? {
                      kind: 'value',
                      ms: 0,
                    };
                    at += 1;
                    return perform(kind, ms, context, caller);
                  },
                  { signal: caller.signal, timeoutMs, cacheKey: key, idempotent },
                ),
              ),
            );
          }, startMs);
        }
        await vi.advanceTimersByTimeAsync(LATEST_MS * 6);

        const stats = policy.stats();
        const sum = (counts: Readonly<Record<string, number>>) =>
          Object.values(counts).reduce((a, b) => a + b, 0);
        expect(followed.map(({ times }) => times)).toEqual(calls.map(() => 1));
        expect(ended.length).toBe(calls.length);
        expect(sum(stats.calls)).toBe(calls.length);
        expect(sum(stats.attempts)).toBe(started);
        expect(attemptEvents).toBe(started);
        expect(stats).toMatchObject({ callsInFlight: 0, attemptsInFlight: 0 });
        expect(stats.lateOutcomes).toBeLessThanOrEqual(started);
        expect(deadlines.waiting).toBe(0);
        expect(deadlines.hasTimer).toBe(false);
        await hub.close();
        expect(vi.getTimerCount()).toBe(0);
        for (const outcome of ended) outcomes.add(outcome);
      },
    ),
    { numRuns: 250 },
  );
  vi.useRealTimers();
  await new Promise((resolve) => setImmediate(resolve));
  expect(unhandled).toEqual([]);
  expect([...outcomes].sort()).toEqual(
    ['defect', 'failure', 'fallback', 'ignored', 'rejected', 'success', 'timeout'].sort(),
  );
}, 60_000);
