/** A dependency that accepts one request in five: most of the others are not even sent, the important ones last. */
import { createBreakwater, isBreakwaterError } from 'breakwater';

const breakwater = createBreakwater({ incidents: false });

const search = breakwater.policy('search', {
  // By default it opens when half of the attempts fail, which is where the throttle begins.
  circuitBreaker: { failureRate: 0.95 },
  throttle: { multiplier: 2 },
});
console.log(search.explain());

let sent = 0;
const query = async (): Promise<string> => {
  sent += 1;
  if (sent % 5 !== 0) throw new Error('HTTP 503');
  return 'found';
};

let turnedAway = 0;
for (let call = 0; call < 400; call += 1) {
  await search.execute(query, { priority: 'low' }).catch((error: unknown) => {
    if (isBreakwaterError(error, 'THROTTLED')) turnedAway += 1;
  });
}
console.log(`low: 400 calls, ${turnedAway > 200 ? 'most' : 'few'} turned away without asking`);

// Others' failures are no reason to turn away what is more important.
const before = sent;
await search.execute(query, { priority: 'critical' }).catch(() => {});
console.log(`critical: ${sent > before ? 'sent' : 'turned away'}`);

await breakwater.close();
