/** A limit on calls in flight that finds itself: it grows while calls are fast, and shrinks when they queue. */
import { setTimeout as sleep } from 'node:timers/promises';
import { createBreakwater, isBreakwaterError } from 'breakwater';

const breakwater = createBreakwater({ incidents: false });

const render = breakwater.policy('render', {
  adaptiveLimit: { initialLimit: 10, maxLimit: 50 },
});
console.log(render.explain());

/** A dependency with four workers; whoever comes when they are busy waits for one. */
let freeAt = [0, 0, 0, 0];
async function page(): Promise<void> {
  const [first = 0, ...others] = freeAt.sort((a, b) => a - b);
  const endsAt = Math.max(first, performance.now()) + 10;
  freeAt = [...others, endsAt];
  await sleep(endsAt - performance.now());
}

async function load(atOnce: number, rounds: number): Promise<number> {
  let turnedAway = 0;
  for (let round = 0; round < rounds; round += 1) {
    const calls = Array.from({ length: atOnce }, () =>
      render.execute(page).catch((error: unknown) => {
        if (isBreakwaterError(error, 'LIMIT_REACHED')) turnedAway += 1;
      }),
    );
    await Promise.all(calls);
  }
  return turnedAway;
}

console.log(`4 at once:  ${await load(4, 20)} turned away`);
console.log(`60 at once: ${(await load(60, 10)) > 300 ? 'most' : 'few'} turned away`);

await breakwater.close();
