/** A provider allows 20 requests a second, and 3 at once: what comes too soon waits for a moment, or comes again later. */
import { setTimeout as sleep } from 'node:timers/promises';
import { createBreakwater, isBreakwaterError } from 'breakwater';

const breakwater = createBreakwater({ incidents: false });
const maps = breakwater.policy('maps', {
  rateLimit: { ratePerSecond: 20, burst: 3, maxWaitMs: 100 },
});
const locate = maps.wrap(async (place: string) => `${place} is found`);

async function look(place: string): Promise<number> {
  try {
    console.log(await locate(place));
    return 0;
  } catch (error) {
    if (!isBreakwaterError(error, 'RATE_LIMITED')) throw error;
    console.log(`${place} is turned away, and may come again`);
    return error.retryAfterMs;
  }
}

// Three pass at once, two wait for their tokens, and the last would have to wait for too long.
const waits = await Promise.all(['Aberdeen', 'Bergen', 'Cork', 'Dover', 'Esbjerg', 'Faro'].map(look));

await sleep(Math.max(...waits));
await look('Faro');
console.log(maps.stats().rejections.rate_limited, 'turned away in all');

await breakwater.close();
