/** Fastify: the plugin with its endpoints, and a route that names the policy it is behind. */
import { createBreakwater } from 'breakwater';
import { breakwaterPlugin } from 'breakwater/fastify';
import Fastify from 'fastify';

const breakwater = createBreakwater({ incidents: false });
breakwater.policy('reports', {
  attemptTimeoutMs: 100,
  circuitBreaker: { consecutiveFailures: 2, openMs: 10_000 },
});

// Ends what clients keep alive when it is closed.
const application = Fastify({ forceCloseConnections: true });
await application.register(breakwaterPlugin, { breakwater });
application.get('/reports/:year', { config: { breakwater: 'reports' } }, async () => {
  // A report that takes for ever: its callers get 504, and then 503 at once.
  await new Promise(() => {});
});
const url = await application.listen({ port: 0, host: '127.0.0.1' });

for (let n = 1; n <= 3; n += 1) {
  const response = await fetch(`${url}/reports/2026`);
  console.log(n, response.status, await response.text());
}
const metrics = await (await fetch(`${url}/metrics`)).text();
console.log(metrics.match(/^breakwater_calls_total\{policy="reports",outcome="timeout"\} .*$/m)?.[0]);

await application.close();
await breakwater.close();
