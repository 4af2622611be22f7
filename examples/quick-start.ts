/** A function behind a policy: retries, a circuit breaker, and the last good value while the dependency is down. */
import { createBreakwater } from 'breakwater';

const breakwater = createBreakwater();

const inventory = breakwater.policy('inventory', {
  totalTimeoutMs: 2_000,
  attemptTimeoutMs: 500,
  retry: { maxRetries: 2, baseDelayMs: 20 },
  circuitBreaker: { consecutiveFailures: 3, openMs: 5_000 },
  cacheFallback: { staleIfErrorMs: 60_000 },
  slo: { availability: 0.999 },
});

let warehouseIsUp = true;

async function askWarehouse(sku: string): Promise<number> {
  if (!warehouseIsUp) throw new Error(`the warehouse does not answer for ${sku}`);
  return 42;
}

const stockOf = inventory.wrap(askWarehouse, { cacheKey: (sku) => sku });

console.log('up:  ', await stockOf('anchor'));
warehouseIsUp = false;
console.log('down:', await stockOf('anchor'), `(circuit: ${inventory.circuit.state})`);

const { calls, retries, fallbacks } = inventory.stats();
console.log({ succeeded: calls.success, answeredFromCache: fallbacks.stale, retries });

await breakwater.close();
