import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { inSlices, Slices } from '../../src/metrics/slices.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance', 'Date'] });
});

afterEach(() => {
  vi.useRealTimers();
});

/** How many milliseconds of work fit into the slice. */
function lengthOf(slices: Slices): number {
  let ms = 0;
  while (!slices.used && ms < 100) {
    vi.advanceTimersByTime(1);
    ms += 1;
  }
  return ms;
}

/** Goes on to the next slice while others take so long for their turn. */
async function nextAfter(slices: Slices, othersMs: number): Promise<void> {
  const next = slices.next();
  vi.advanceTimersByTime(othersMs);
  await next;
}

test.each([
  [0, 2],
  [1, 2],
  [3, 3],
  [500, 4],
])('where others take %i ms of a turn, a slice takes %i', async (othersMs, expectedMs) => {
  const slices = new Slices();
  expect(lengthOf(slices)).toBe(2);
  await nextAfter(slices, othersMs);
  expect(lengthOf(slices)).toBe(expectedMs);
  await nextAfter(slices, 0);
  expect(lengthOf(slices)).toBe(2);
});

test('others get their turn first', async () => {
  const order: string[] = [];
  const slices = new Slices();
  setImmediate(() => order.push('another'));
  await slices.next();
  order.push('the next slice');
  expect(order).toEqual(['another', 'the next slice']);
});

test('items are handed on in slices, in their order', async () => {
  let turn = 0;
  let running = true;
  const count = (): void => {
    turn += 1;
    if (running) setImmediate(count);
  };
  setImmediate(count);
  const seen: [number, number][] = [];
  for await (const item of inSlices([1, 2, 3, 4])) {
    seen.push([item, turn]);
    vi.advanceTimersByTime(item === 1 ? 0 : 5);
  }
  running = false;
  expect(seen.map(([item]) => item)).toEqual([1, 2, 3, 4]);
  const [first, second, third, fourth] = seen.map(([, when]) => when);
  expect(first).toBe(second);
  expect(third).toBeGreaterThan(second ?? Number.NaN);
  expect(fourth).toBeGreaterThan(third ?? Number.NaN);
});
