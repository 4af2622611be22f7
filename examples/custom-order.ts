/** Layers in your own order instead of the standard one; the first is the outermost. */
import { circuitBreaker, createBreakwater, isBreakwaterError, retry, timeout } from 'breakwater';

const breakwater = createBreakwater({ incidents: false });

// A breaker outside of retry counts calls instead of attempts: one call that fails three times is one failure.
const ledger = breakwater.policy('ledger', {
  strategies: [
    circuitBreaker({ consecutiveFailures: 2, openMs: 10_000 }),
    timeout({ timeoutMs: 1_000 }),
    retry({ maxRetries: 2, baseDelayMs: 5 }),
  ],
});

console.log(ledger.explain());

const post = ledger.wrap(async (amount: number): Promise<string> => {
  throw new Error(`cannot post ${amount}`);
});

for (const amount of [10, 20, 30]) {
  const outcome = await post(amount).catch((error: unknown) =>
    isBreakwaterError(error, 'CIRCUIT_OPEN') ? 'turned away by the breaker' : `failed: ${String(error)}`,
  );
  console.log(`${amount}: ${outcome}`);
}
console.log(`attempts: ${ledger.stats().attempts.failure}, circuit: ${ledger.circuit.state}`);

await breakwater.close();
