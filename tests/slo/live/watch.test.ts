import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { monotonicNow } from '../../../src/core/clock.ts';
import { MOST_AT_ONCE, Watch } from '../../../src/slo/live/watch.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function newWatch<Item>() {
  const looks: { readonly due: readonly Item[]; readonly at: number }[] = [];
  const begun = monotonicNow();
  const watch = new Watch<Item>((due, now) => void looks.push({ due, at: now - begun }));
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
      { due: ['soon'], at: 1_000 },
      { due: ['late'], at: 5_000 },
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
    expect(looks).toEqual([{ due: ['it'], at: 700 }]);
  });

  test('looks at few at a time when many are due, and misses none', () => {
    const { watch, looks } = newWatch<number>();
    const many = 2 * MOST_AT_ONCE + 7;
    for (let item = 0; item < many; item += 1) watch.expect(item, 1_000, monotonicNow());
    vi.advanceTimersByTime(1_010);
    expect(looks.map(({ due }) => due.length)).toEqual([MOST_AT_ONCE, MOST_AT_ONCE, 7]);
    expect(looks.flatMap(({ due }) => due)).toEqual(Array.from({ length: many }, (_, item) => item));
    expect(vi.getTimerCount()).toBe(0);
  });

  test('waits longer than a timer of Node can', () => {
    const { watch, looks } = newWatch<string>();
    const year = 365 * 86_400_000;
    watch.expect('it', year, monotonicNow());
    vi.advanceTimersByTime(year - 1);
    expect(looks.filter(({ due }) => due.length > 0)).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(looks.at(-1)).toEqual({ due: ['it'], at: year });
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
    const watch = new Watch<string>((_due, now) => {
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
    expect(looks.flatMap(({ due }) => due)).toEqual(['it', 'other']);
  });
});
