/** A slow dependency must not take all there is: at most two reports at once, three wait, the important ones first. */
import { setTimeout as sleep } from 'node:timers/promises';
import { createBreakwater, isBreakwaterError, type Priority } from 'breakwater';

const breakwater = createBreakwater({ incidents: false });
const reports = breakwater.policy('reports', {
  bulkhead: { maxConcurrent: 2, maxQueue: 3, queueTimeoutMs: 1_000 },
});

async function print(name: string, priority: Priority): Promise<void> {
  try {
    await reports.execute(
      async () => {
        console.log(`${name} runs`);
        await sleep(50);
      },
      { priority },
    );
  } catch (error) {
    if (!isBreakwaterError(error, 'BULKHEAD_FULL')) throw error;
    console.log(`${name} is turned away: ${error.maxConcurrent} run, ${error.maxQueue} wait`);
  }
}

// The invoice takes the place in the queue of the chart that came last.
await Promise.all([
  print('sales', 'medium'),
  print('stock', 'medium'),
  print('chart 1', 'low'),
  print('chart 2', 'low'),
  print('chart 3', 'low'),
  print('invoice', 'critical'),
]);

await breakwater.close();
