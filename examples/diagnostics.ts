/** Every event on node:diagnostics_channel, for tools that know nothing of the hub: loggers, profilers, APM agents. */
import { subscribe } from 'node:diagnostics_channel';
import { createBreakwater } from 'breakwater';

// A tool's side: it needs the names of the channels, and no reference to a hub. Fields are those of the events.
subscribe('breakwater:call', (event) => {
  if (isRecord(event)) console.log(`call of ${event.policy}: ${event.outcome}`);
});
subscribe('breakwater:circuit', (event) => {
  if (isRecord(event)) console.log(`circuit of ${event.policy}: ${event.from} -> ${event.to}`);
});

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

// The application's side: nothing to do.
const breakwater = createBreakwater({ incidents: false });
const orders = breakwater.policy('orders', { circuitBreaker: { consecutiveFailures: 2 } });
await orders.execute(() => 'fine');
for (let at = 0; at < 3; at += 1)
  await orders.execute(() => Promise.reject(new Error('down'))).catch(() => {});

await breakwater.close();
