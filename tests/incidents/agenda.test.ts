import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Agenda } from '../../src/incidents/manager/agenda.ts';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

it('wakes for what is always due no more often than each 50 ms, and for what comes next at its time', async () => {
  const woke: number[] = [];
  let nextAt = 0;
  const agenda = new Agenda(
    () => nextAt,
    (now) => woke.push(now),
  );
  agenda.schedule();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(woke.length).toBeGreaterThan(10);
  expect(woke.length).toBeLessThanOrEqual(21);
  nextAt = performance.now() + 10_000;
  agenda.schedule();
  woke.length = 0;
  await vi.advanceTimersByTimeAsync(9_999);
  expect(woke).toEqual([]);
  await vi.advanceTimersByTimeAsync(1);
  expect(woke).toHaveLength(1);
  agenda.close();
  expect(vi.getTimerCount()).toBe(0);
});
