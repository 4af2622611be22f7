/** Express: the endpoints, a route behind a policy, and this library's errors as answers. */
import { once } from 'node:events';
import { createBreakwater } from 'breakwater';
import { breakwaterErrorHandler, breakwaterRouter, guard } from 'breakwater/express';
import express from 'express';

const breakwater = createBreakwater({ incidents: false });
const reports = breakwater.policy('reports', {
  totalTimeoutMs: 2_000,
  circuitBreaker: { consecutiveFailures: 3, openMs: 10_000 },
});

const application = express();
application.use(breakwaterRouter(breakwater));
application.get('/reports/:year', guard(reports), (_request, response) => {
  response.status(500).json({ error: 'the report cannot be made' });
});
application.use(breakwaterErrorHandler());

const server = application.listen(0, '127.0.0.1');
await once(server, 'listening');
const address = server.address();
if (address === null || typeof address === 'string') throw new Error('The server has no port.');
const url = `http://127.0.0.1:${address.port}`;

for (let n = 1; n <= 4; n += 1) {
  const response = await fetch(`${url}/reports/2026`);
  console.log(n, response.status, `retry-after: ${response.headers.get('retry-after')}`);
  await response.arrayBuffer();
}
const metrics = await (await fetch(`${url}/metrics`)).text();
console.log(metrics.match(/^breakwater_circuit_state\{policy="reports",state="open"\} .*$/m)?.[0]);
const ready = await fetch(`${url}/readyz`);
console.log(ready.status, await ready.text());

server.close();
server.closeAllConnections();
await breakwater.close();
