/** Faults on purpose: does the policy bear a dependency that fails, is slow, breaks off or answers nonsense? */
import { createBreakwater } from 'breakwater';

const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const breakwater = createBreakwater({ incidents: false, logger: quiet });
// The logger is told too, at `warn`: that it is on, once a minute that it is on still, and that it is off.
breakwater.on('chaos', ({ policy, status, reason, faults }) => {
  if (status !== 'fault') console.log(`chaos of ${policy} is ${status}: ${reason}, faults: ${faults}`);
});

// Every fifth draw is a fault, so that this program prints the same each time. Leave `random` out for chance.
let draws = 0;
const everyFifth = (): number => (draws++ % 5 === 4 ? 0 : 1);

const prices = breakwater.policy('prices', {
  attemptTimeoutMs: 100,
  retry: { maxRetries: 2, baseDelayMs: 5 },
  circuitBreaker: { consecutiveFailures: 5 },
  chaos: { error: { rate: 0.2 }, when: ({ metadata }) => metadata === 'canary', random: everyFifth },
});

const price = (caller: string): Promise<number> => prices.execute(() => 42, { metadata: caller });

// Built in, and off: only code switches it on.
console.log(`built in: ${await price('canary')}`);

prices.chaos?.start({ forMs: 60_000 });
for (let call = 0; call < 20; call += 1) await price('canary');
await price('user');
prices.chaos?.stop();

const { calls, attempts, retries } = prices.stats();
console.log({ calls: calls.success, failedAttempts: attempts.failure, retries });
console.log(`circuit: ${prices.circuit.state}`);

await breakwater.close();
