import { expect, test } from 'vitest';
import { SharedRuns } from '../../src/metrics/shared-runs.ts';
import { type Deferred, deferred } from '../support.ts';

/** Work whose runs the test ends one by one. */
function work() {
  const runs: Deferred<string>[] = [];
  let atOnce = 0;
  let mostAtOnce = 0;
  const shared = new SharedRuns(async () => {
    const run = deferred<string>();
    runs.push(run);
    atOnce += 1;
    mostAtOnce = Math.max(mostAtOnce, atOnce);
    try {
      return await run.promise;
    } finally {
      atOnce -= 1;
    }
  });
  return { runs, shared, mostAtOnce: () => mostAtOnce };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

test('who asks while nothing runs starts a run', async () => {
  const { runs, shared } = work();
  const first = shared.run();
  runs[0]?.resolve('one');
  expect(await first).toBe('one');
  const second = shared.run();
  runs[1]?.resolve('two');
  expect(await second).toBe('two');
  expect(runs).toHaveLength(2);
});

test('all who ask during a run share the next, which begins when it is over', async () => {
  const { runs, shared, mostAtOnce } = work();
  const first = shared.run();
  const waiting = [shared.run(), shared.run(), shared.run()];
  await turn();
  expect(runs).toHaveLength(1);
  runs[0]?.resolve('one');
  expect(await first).toBe('one');
  // Asked in the very moment between two runs.
  waiting.push(shared.run());
  await turn();
  expect(runs).toHaveLength(2);
  const later = shared.run();
  runs[1]?.resolve('two');
  expect(await Promise.all(waiting)).toEqual(['two', 'two', 'two', 'two']);
  await turn();
  runs[2]?.resolve('three');
  expect(await later).toBe('three');
  expect(mostAtOnce()).toBe(1);
});

test('a run that fails fails for those who share it, and the next begins all the same', async () => {
  const { runs, shared } = work();
  const first = shared.run();
  const second = shared.run();
  runs[0]?.reject(new Error('gone'));
  await expect(first).rejects.toThrow('gone');
  await turn();
  runs[1]?.resolve('two');
  expect(await second).toBe('two');
});
