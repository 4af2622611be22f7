/** `until: 'end'`: a stream is protected until its last chunk, not only until it begins. */
import { createBreakwater, isBreakwaterError } from 'breakwater';

const breakwater = createBreakwater({ incidents: false });
const feed = breakwater.policy('feed', {
  bulkhead: { maxConcurrent: 1 },
  circuitBreaker: { consecutiveFailures: 2 },
});
const ships = feed.wrap(
  async function* (harbour: string) {
    yield `${harbour}: Aurora`;
    yield `${harbour}: Borealis`;
    if (harbour === 'Kiel') throw new Error('the connection was reset');
    if (harbour === 'Oslo') await new Promise(() => {});
    yield `${harbour}: Celeste`;
  },
  { until: 'end', idleTimeoutMs: 100 },
);

async function list(harbour: string): Promise<void> {
  try {
    for await (const ship of await ships(harbour)) console.log(ship);
  } catch (error) {
    console.log(isBreakwaterError(error, 'TIMEOUT') ? `${harbour}: nothing for 100 ms` : String(error));
  }
}

await list('Bergen');

// The call lasts as long as its stream: the only place is taken until then.
const stream = await ships('Bergen');
await ships('Malmö').catch((error: unknown) => {
  if (isBreakwaterError(error)) console.log(`Malmö: ${error.code}`);
});
// A consumer that has read enough stops, and the source is closed.
for await (const ship of stream) {
  console.log(`${ship}, that is enough`);
  break;
}

// What breaks off or stalls in the middle is a failure, and opens the circuit.
await list('Kiel');
await list('Oslo');
const { success, failure, timeout, rejected } = feed.stats().calls;
console.log({ success, failure, timeout, rejected, circuit: feed.circuit.state });

await breakwater.close();
