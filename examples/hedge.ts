/** Hedging: a second attempt beside one that is slow. The first good answer wins, and the other is told to stop. */
import { setTimeout as sleep } from 'node:timers/promises';
import { createBreakwater, isBreakwaterError } from 'breakwater';

const breakwater = createBreakwater();
const search = breakwater.policy('search', {
  // Usually `{ percentile: 95 }`, which finds the delay by itself; a fixed one makes this program the same each time.
  hedge: { delayMs: 50, maxExtraLoad: 0.05 },
  // What retries, hedges and failovers may cost together.
  attemptBudget: { ratio: 0.2, floor: 10 },
  attemptTimeoutMs: 400,
  totalTimeoutMs: 1_000,
});

breakwater.on('hedge', ({ hedge }) => console.log(`  hedge ${hedge}: the first attempt is slow`));

// The dependency is slow now and then, by no fault of the request.
const find = search.wrapWithContext(async ({ attempt, signal }, words: string, unlucky = false) => {
  signal.addEventListener('abort', () => console.log(`  attempt ${attempt} is told to stop`));
  if (unlucky && attempt === 1) await sleep(5_000, undefined, { signal });
  return `results for ${words}, by attempt ${attempt}`;
});

// Every twenty calls earn one hedge.
for (let at = 0; at < 20; at += 1) await find('harbour');

console.log('an unlucky call:');
console.log(`  ${await find('breakwater', true)}`);

console.log('another one, too soon to be paid for:');
try {
  await find('lighthouse', true);
} catch (error) {
  if (!isBreakwaterError(error, 'TIMEOUT')) throw error;
  console.log(`  ${error.message}`);
}

const metrics = await breakwater.registry.metrics();
for (const [line] of metrics.matchAll(/^breakwater_hedges_total.*"(won|denied)".*$/gm)) console.log(line);
await breakwater.close();
