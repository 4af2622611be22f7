import { AggregatorRegistry } from 'prom-client';
import { createBreakwater } from '../../src/index.ts';

/** What a worker is told to do. */
export interface Part {
  readonly good: number;
  readonly bad: number;
  /** How many calls of the policy `cache` succeed; none leaves it idle. */
  readonly cacheCalls: number;
  /** Whether it makes the 90 good and 10 bad calls that all other workers make none of. */
  readonly isBusy: boolean;
  readonly objective: number;
  readonly thresholdMs: number;
}

const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

async function play({ good, bad, cacheCalls, isBusy, objective, thresholdMs }: Part): Promise<void> {
  const breakwater = createBreakwater({ logger: quiet, incidents: { sinks: [] } });
  const database = breakwater.policy('database', {
    circuitBreaker: { failureRate: false, consecutiveFailures: 5, openMs: 60_000 },
    slo: { availability: 0.9, periodMs: 2_592_000_000 },
  });
  const cache = breakwater.policy('cache', {
    slo: { availability: objective, latency: { objective, thresholdMs } },
  });
  const uneven = breakwater.policy('uneven', { circuitBreaker: false, slo: { availability: 0.99 } });
  for (let n = 0; n < good; n += 1) await database.execute(() => n);
  for (let n = 0; n < bad; n += 1) {
    await database.execute(() => Promise.reject(new Error('down'))).catch(() => {});
  }
  for (let n = 0; n < cacheCalls; n += 1) await cache.execute(() => n);
  for (let n = 0; n < 100 && isBusy; n += 1) {
    await uneven.execute(() => (n < 90 ? n : Promise.reject(new Error('down')))).catch(() => {});
  }
}

function isPart(message: unknown): message is Part {
  return typeof message === 'object' && message !== null && 'cacheCalls' in message;
}

// Answers the primary's scrapes with the default registry.
new AggregatorRegistry();
process.on('message', (message) => {
  if (isPart(message)) void play(message).then(() => process.send?.('played'));
});
process.send?.('ready');
