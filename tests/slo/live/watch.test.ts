import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { monotonicNow } from '../../../src/core/clock.ts';
import { Watch } from '../../../src/slo/live/watch.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function newWatch<Item>() {
  const looks: { readonly item: Item; readonly at: number }[] = [];
  const begun = monotonicNow();
  const watch = new Watch<Item>((item, now) => void looks.push({ item, at: now - begun }));
  return { watch, looks };
}

describe('Watch', () => {
  test('looks at each when it is due, on one timer, which goes with the last', () => {
    const { watch, looks } = newWatch<string>();
    watch.expect('late', 5_000, monotonicNow());
    watch.expect('soon', 1_000, monotonicNow());
    watch.expect('never', Number.POSITIVE_INFINITY, monotonicNow());
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(60_000);
    expect(looks).toEqual([
      { item: 'soon', at: 1_000 },
      { item: 'late', at: 5_000 },
    ]);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('keeps to the sooner of two times, and looks once', () => {
    const { watch, looks } = newWatch<string>();
    watch.expect('it', 1_000, monotonicNow());
    vi.advanceTimersByTime(400);
    watch.expect('it', 1_000, monotonicNow());
    watch.expect('it', 300, monotonicNow());
    vi.advanceTimersByTime(60_000);
    expect(looks).toEqual([{ item: 'it', at: 700 }]);
  });

  test('looks for a few milliseconds at a time when many are due, and misses none', () => {
    const clock = vi.spyOn(performance, 'now');
    let now = 0;
    clock.mockImplementation(() => now);
    const turns: number[][] = [];
    const watch = new Watch<number>((item) => {
      turns.at(-1)?.push(item);
      now += 1.5;
    });
    for (let item = 0; item < 8; item += 1) watch.expect(item, 1_000, now);
    now = 1_000;
    while (vi.getTimerCount() > 0) {
      turns.push([]);
      vi.advanceTimersToNextTimer();
    }
    clock.mockRestore();
    expect(turns).toEqual([
      [0, 1, 2],
      [3, 4, 5],
      [6, 7],
    ]);
  });

  test('looks once in a turn at what asks to be looked at again at once', () => {
    const looks: string[] = [];
    const watch = new Watch<string>((item, now) => {
      looks.push(item);
      watch.expect(item, 0, now);
    });
    watch.expect('it', 1_000, monotonicNow());
    vi.advanceTimersByTime(1_000);
    expect(looks).toEqual(['it']);
    vi.advanceTimersByTime(1);
    expect(looks).toEqual(['it', 'it']);
    watch.close();
  });

  test('waits longer than a timer of Node can', () => {
    const { watch, looks } = newWatch<string>();
    const year = 365 * 86_400_000;
    watch.expect('it', year, monotonicNow());
    vi.advanceTimersByTime(year - 1);
    expect(looks).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(looks.at(-1)).toEqual({ item: 'it', at: year });
  });

  test('what is forgotten, or closed, is not looked at', () => {
    const { watch, looks } = newWatch<string>();
    watch.expect('one', 1_000, monotonicNow());
    watch.expect('two', 1_000, monotonicNow());
    watch.forget('one');
    expect(vi.getTimerCount()).toBe(1);
    watch.close();
    watch.expect('three', 1_000, monotonicNow());
    expect(vi.getTimerCount()).toBe(0);
    vi.advanceTimersByTime(60_000);
    expect(looks).toEqual([]);
  });

  test('what it is told while it looks is looked at in turn', () => {
    const looks: number[] = [];
    const watch = new Watch<string>((_item, now) => {
      looks.push(now);
      if (looks.length < 3) watch.expect('it', 2_000, now);
    });
    const begun = monotonicNow();
    watch.expect('it', 1_000, begun);
    vi.advanceTimersByTime(60_000);
    expect(looks.map((at) => at - begun)).toEqual([1_000, 3_000, 5_000]);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('a clock that is replaced, or set back, delays nothing for ever', () => {
    vi.useRealTimers();
    const { watch, looks } = newWatch<string>();
    watch.expect('it', 1_000, monotonicNow() + 1e9);
    vi.useFakeTimers({ now: 0 });
    watch.expect('other', 1_000, monotonicNow());
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(1_000);
    expect(looks.map(({ item }) => item)).toEqual(['it', 'other']);
  });
});
