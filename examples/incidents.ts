/** A breaker that opens raises one alert, here on a signed webhook, and resolves it when the dependency is back. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { createBreakwater, webhookSink } from 'breakwater';
import { Webhook } from 'standardwebhooks';

const secret = 'whsec_c2VjcmV0LW9mLXRoZS1leGFtcGxlLW9ubHk=';

// Whoever is on call: any receiver that understands Standard Webhooks.
const receiver = createServer(async (request, response) => {
  let body = '';
  for await (const chunk of request.setEncoding('utf8')) body += chunk;
  new Webhook(secret).verify(body, {
    'webhook-id': String(request.headers['webhook-id']),
    'webhook-timestamp': String(request.headers['webhook-timestamp']),
    'webhook-signature': String(request.headers['webhook-signature']),
  });
  const { type, data } = JSON.parse(body);
  console.log(`${type} (${data.severity}): ${data.summary}`);
  response.writeHead(204).end();
});
await once(receiver.listen(0, '127.0.0.1'), 'listening');
const address = receiver.address();
if (address === null || typeof address === 'string') throw new Error('The receiver has no port.');

const breakwater = createBreakwater({
  incidents: {
    sinks: [webhookSink({ url: `http://127.0.0.1:${address.port}/alerts`, secret })],
    resolveAfterMs: 200,
  },
});
const payments = breakwater.policy('payments', {
  criticality: 'high',
  circuitBreaker: { consecutiveFailures: 3, openMs: 100 },
});

let up = false;
const pay = payments.wrap(async () => {
  if (!up) throw new Error('no answer');
  return 'paid';
});

for (let n = 0; n < 3; n += 1) await pay().catch(() => {});
up = true;
while (breakwater.incidents.open().length > 0) {
  await pay().catch(() => {});
  await delay(50);
}

await breakwater.incidents.flush();
for (const { timeline } of breakwater.incidents.list()) {
  for (const { text } of timeline) console.log(`  ${text}`);
}
await breakwater.close();
receiver.close();
