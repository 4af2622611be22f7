/** Steering a circuit by hand: for maintenance, or for a dependency that must be left alone. */
import { createBreakwater, isBreakwaterError } from 'breakwater';

const breakwater = createBreakwater();
const search = breakwater.policy('search');
const find = search.wrap(async (words: string) => [`result for ${words}`]);

breakwater.on('circuit', ({ policy, from, to, reason }) => {
  console.log(`${policy}: ${from} -> ${to}, ${reason}`);
});

async function tryIt(): Promise<void> {
  try {
    console.log(await find('harbour'));
  } catch (error) {
    if (!isBreakwaterError(error, 'CIRCUIT_OPEN')) throw error;
    console.log(`turned away: ${error.code}`);
  }
}

await tryIt();

// Nobody calls it during the move; a person did this, so that nobody is paged.
search.circuit.forceOpen('the index moves to another cluster', 60_000);
await tryIt();

search.circuit.reset();
await tryIt();

// Tools made for opossum attach to `breaker`, whose state, events and counts are the circuit's own.
const { name, opened, stats } = search.circuit.breaker;
console.log({ name, opened, successes: stats.successes });

// A state survives a restart: keep the JSON, and give it to `circuitBreaker.restore`.
console.log(JSON.stringify(search.circuit));

await breakwater.close();
