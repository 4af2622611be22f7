/** What is risky about a policy: found when it is made, logged, and silenced where it is known and meant. */
import { createBreakwater } from 'breakwater';

const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const breakwater = createBreakwater({ incidents: false, logger: quiet });
breakwater.on('hazard', ({ policy, code }) => console.log(`warned of ${policy}: ${code}`));

const search = breakwater.policy('search', {
  totalTimeoutMs: 2_000,
  attemptTimeoutMs: 1_500,
  retry: { maxRetries: 3, baseDelayMs: 100 },
});
for (const { message } of search.hazards) console.log(message);

// The same with time for the retries that it promises.
const better = breakwater.policy('better', {
  totalTimeoutMs: 2_000,
  attemptTimeoutMs: 400,
  retry: { maxRetries: 3, baseDelayMs: 100 },
});
console.log(`better: ${better.hazards.length} hazards`);
console.log(better.explain());

// Known and meant: this job may take as long as it takes.
const job = breakwater.policy('nightly job', {
  totalTimeoutMs: false,
  attemptTimeoutMs: false,
  silenceHazards: ['NO_TIMEOUT'],
});
console.log(`nightly job: ${job.hazards.length} hazards`);

// Found by calls: a retrying policy within the attempts of another multiplies them.
await search.execute(() => better.execute(() => 'fine'));

await breakwater.close();
