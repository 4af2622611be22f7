import { expect, test } from 'vitest';
import { sloFamilies } from '../../../src/slo/live/gauges.ts';
import { SloTracker } from '../../../src/slo/live/tracker.ts';

/** The values of `error_budget_remaining_ratio` of a policy with an availability objective of 99 %. */
function remaining(isClusterWorker: boolean | undefined, good: number, bad: number) {
  const counts = {
    availability: { good: 0, bad: 0 },
    latency: { good: 0, bad: 0 },
    correctness: { good: 0, bad: 0 },
  };
  const objectives = { availability: 0.99, periodMs: 86_400_000, minimumBadEvents: 5, freezeBelow: 0.1 };
  const tracker = new SloTracker('db', objectives, () => {});
  tracker.follow(counts);
  tracker.turn(0);
  counts.availability.good += good;
  counts.availability.bad += bad;
  const family = sloFamilies(
    () => [tracker],
    () => 0,
    isClusterWorker,
  ).find(({ definition }) => definition.name === 'breakwater_error_budget_remaining_ratio');
  return Array.from(family?.owners() ?? [], (owner) => owner.values());
}

test('what is left starts at 1, but is absent in a worker of a cluster until it knows', () => {
  expect(remaining(false, 0, 0)).toEqual([[1, undefined, undefined]]);
  expect(remaining(undefined, 0, 0)).toEqual([[1, undefined, undefined]]);
  expect(remaining(true, 0, 0)).toEqual([[undefined, undefined, undefined]]);
  expect(remaining(true, 90, 10)).toEqual([[-9, undefined, undefined]]);
  expect(remaining(false, 90, 10)).toEqual([[-9, undefined, undefined]]);
});
