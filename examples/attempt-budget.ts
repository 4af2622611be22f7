/** One budget for all extra attempts of a policy: in an outage, retries cannot multiply the load. */
import { createBreakwater } from 'breakwater';

const breakwater = createBreakwater({ incidents: false });

/** What the dependency gets for 100 calls while it fails. */
async function attemptsOf(name: string, attemptBudget: { ratio: number; floor: number }): Promise<number> {
  const policy = breakwater.policy(name, {
    retry: { maxRetries: 3, baseDelayMs: 1 },
    attemptBudget,
    circuitBreaker: false,
  });
  let attempts = 0;
  const ask = policy.wrap(async () => {
    attempts += 1;
    throw new Error('overloaded');
  });
  await Promise.allSettled(Array.from({ length: 100 }, () => ask()));
  console.log(
    `${name}: 100 calls, ${attempts} attempts, ${policy.stats().rejections.budget_spent} retries not paid for`,
  );
  return attempts;
}

// 20 % of the calls of the last ten seconds, and at least 10: the default.
const bounded = await attemptsOf('bounded', { ratio: 0.2, floor: 10 });
// What happens where nobody counts: each call is made four times, just when the dependency can bear it least.
const unbounded = await attemptsOf('unbounded', { ratio: 1, floor: 1_000 });
console.log(`the storm would be ${(unbounded / bounded).toFixed(1)} times the load`);

await breakwater.close();
