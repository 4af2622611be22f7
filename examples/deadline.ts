/** A caller's deadline crosses two services: what is left of it bounds the calls within, and nobody repeats them. */
import { createBreakwater, isBreakwaterError, runWithDeadline } from 'breakwater';
import { breakwaterErrorHandler, deadline } from 'breakwater/express';
import { resilientFetch } from 'breakwater/fetch';
import express from 'express';

const breakwater = createBreakwater({ incidents: false });

// A service with a database that hangs. Its own policy would wait for ten seconds.
const database = breakwater.policy('database', { totalTimeoutMs: 10_000 });
const databaseGaveUp = new Promise<void>((resolve) => {
  breakwater.on('call', ({ policy }) => {
    if (policy === 'database') resolve();
  });
});
let asked = 0;
const app = express();
app.use(deadline({ trust: true, maxMs: 5_000 }));
app.get('/orders', async (request, response) => {
  asked += 1;
  console.log(`the caller waits for at most 300 ms: ${Number(request.get('x-request-timeout-ms')) <= 300}`);
  response.json(await database.execute(() => new Promise(() => {})));
});
app.use(breakwaterErrorHandler());
const server = app.listen(0, '127.0.0.1');
await new Promise((resolve) => server.once('listening', resolve));
const address = server.address();
if (address === null || typeof address === 'string') throw new Error('The service has no port.');

const fetch = resilientFetch(breakwater, {
  policyFor: () => 'orders',
  attemptTimeoutMs: 2_000,
  retry: { maxRetries: 3 },
});
const url = `http://127.0.0.1:${address.port}/orders`;

// Its caller has 300 ms, whatever happens within.
const began = performance.now();
await runWithDeadline(300, async () => {
  // Either side may see the time pass first: 504 with `x-should-retry: false`, or a TimeoutError.
  const answer = await fetch(url).catch((error: unknown) => error);
  console.log(`given up: ${answer instanceof Response ? answer.status === 504 : isBreakwaterError(answer)}`);
});
console.log(`in time: ${performance.now() - began < 1_000}, requests: ${asked}`);

// It is over: no attempt is made at all.
await runWithDeadline(0, () => fetch(url)).catch((error: unknown) => {
  if (isBreakwaterError(error)) console.log(`${error.code}, requests: ${asked}`);
});

// A deadline says nothing about a dependency that had less time than an attempt may take.
await databaseGaveUp;
console.log(
  `database: ${database.circuit.window.failures} failures, ${database.stats().calls.timeout} timeout`,
);

await breakwater.close();
server.close();
server.closeAllConnections();
