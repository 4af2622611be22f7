/** What limits would do, before they do it: in shadow mode each decides and counts, and turns nothing away. */
import { createBreakwater } from 'breakwater';
import { Registry } from 'prom-client';

const registry = new Registry();
const line = (_fields: unknown, text?: string): void => console.log(text);
const logger = { debug: line, info: line, warn: line, error: line };
const breakwater = createBreakwater({ registry, logger, incidents: false });
const reports = breakwater.policy('reports', {
  bulkhead: { maxConcurrent: 2, mode: 'shadow' },
  rateLimit: { ratePerSecond: 1, burst: 4, mode: 'shadow' },
  circuitBreaker: { consecutiveFailures: 3, mode: 'shadow' },
});

const wouldHave = new Map<string, number>();
breakwater.on('rejection', ({ reason, shadow }) => {
  if (shadow) wouldHave.set(reason, (wouldHave.get(reason) ?? 0) + 1);
});

const results = await Promise.allSettled(
  Array.from({ length: 6 }, (_, at) =>
    reports.execute(async () => {
      if (at < 3) throw new Error('no report today');
      return `report ${at}`;
    }),
  ),
);
const { success, failure, rejected } = reports.stats().calls;
console.log(`${results.length} calls: ${success} succeeded, ${failure} failed, ${rejected} were turned away`);
console.log('would have been turned away:', Object.fromEntries([...wouldHave].sort()));

const metrics = await registry.metrics();
console.log(metrics.match(/^breakwater_shadow_rejections_total.*bulkhead_full.*$/m)?.[0]);

// When the figures are right, the same limit is put in force, with all that it knows.
reports.update({ bulkhead: { mode: 'enforce' } });
const busy = [1, 2, 3].map(() => reports.execute(() => new Promise((resolve) => setTimeout(resolve, 10))));
const third = await Promise.allSettled(busy).then(([, , last]) => last);
console.log(third?.status === 'rejected' ? String(third.reason.message) : 'all three ran');

await breakwater.close();
