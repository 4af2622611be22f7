/** A health check finds out when the dependency is back, so that no user's call has to. */
import { setTimeout as wait } from 'node:timers/promises';
import { createBreakwater, isBreakwaterError } from 'breakwater';

let isUp = false;
let calls = 0;

const breakwater = createBreakwater({ incidents: false });
const search = breakwater.policy('search', {
  circuitBreaker: {
    consecutiveFailures: 2,
    openMs: 100,
    // A real one asks the service: `({ signal }) => fetch('http://search/health', { signal }).then(({ ok }) => ok)`.
    probe: () => isUp,
  },
});
breakwater.on('circuit', ({ from, to, reason }) => console.log(`${from} -> ${to}: ${reason}`));

async function find(): Promise<string> {
  try {
    return await search.execute(async () => {
      calls += 1;
      if (!isUp) throw new Error('search is down');
      return 'found';
    });
  } catch (error) {
    return isBreakwaterError(error, 'CIRCUIT_OPEN') ? 'turned away' : 'failed';
  }
}

for (let time = 1; time <= 3; time += 1) console.log(await find());
await wait(150);
isUp = true;
while (search.circuit.state !== 'closed') await wait(20);
console.log(`${calls} calls reached search while it was down`);
console.log(await find());

await breakwater.close();
