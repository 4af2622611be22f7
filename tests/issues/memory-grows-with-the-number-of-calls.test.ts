import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { failing, testHub } from '../support.ts';

setFlagsFromString('--expose-gc');
const collect: unknown = runInNewContext('gc');

function heapUsed(): number {
  if (typeof collect !== 'function') throw new Error('the collector cannot be called');
  collect();
  collect();
  return process.memoryUsage().heapUsed;
}

test('a policy keeps nothing of the calls it has made', async () => {
  const policy = testHub().policy('database', {
    retry: { maxRetries: 1, baseDelayMs: 0 },
    circuitBreaker: { failureRate: 1, window: { type: 'count', size: 1_000 } },
    cacheFallback: { staleIfErrorMs: 60_000, coalesce: true, maxEntries: 100 },
  });
  const calls = async (count: number) => {
    for (let at = 0; at < count; at += 1) {
      await policy.execute(() => ({ at }), { cacheKey: String(at) });
      if (at % 100 === 0) await policy.execute(failing()).catch(() => {});
    }
  };
  await calls(5_000);
  const before = heapUsed();
  await calls(50_000);
  const grownBytes = heapUsed() - before;
  // Ten bytes a call: a kept latency alone would take eight, a kept outcome a hundred.
  expect(grownBytes).toBeLessThan(500_000);

  const latencies = policy.circuit.breaker.status.window.reduce(
    (sum, slice) => sum + slice.latencyTimes.length,
    0,
  );
  expect(latencies).toBeLessThanOrEqual(2_000);
  expect(policy.circuit.breaker.stats.successes).toBeGreaterThanOrEqual(50_000);
});
