/** `resilientFetch` is a fetch: same parameters, same result, each request behind a policy. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createBreakwater } from 'breakwater';
import { resilientFetch } from 'breakwater/fetch';

// Somebody else's service: it has an answer once, and is overloaded from then on.
let requests = 0;
const service = createServer((_request, response) => {
  requests += 1;
  if (requests === 1) response.setHeader('content-type', 'application/json').end('{"eur":1.08}');
  else response.writeHead(503, { 'retry-after': '1' }).end();
});
await once(service.listen(0, '127.0.0.1'), 'listening');
const address = service.address();
if (address === null || typeof address === 'string') throw new Error('The service has no port.');

const breakwater = createBreakwater();
const fetch = resilientFetch(breakwater, {
  policyFor: () => 'rates',
  totalTimeoutMs: 1_000,
  attemptTimeoutMs: 250,
  retry: { maxRetries: 2 },
  cacheFallback: { staleIfErrorMs: 600_000 },
});
const url = `http://127.0.0.1:${address.port}/rates`;

const live = await fetch(url);
console.log(live.status, await live.json());

// It asks to be left alone for longer than the caller waits, so that nothing is repeated: the cache answers.
const stale = await fetch(url);
console.log(stale.status, await stale.json(), stale.headers.get('x-breakwater-cache'));

// What is not in the cache is answered as fetch answers: an HTTP error is a response.
const other = await fetch(`${url}/other`);
console.log(other.status, other.headers.get('retry-after'));

await breakwater.close();
service.close();
service.closeAllConnections();
