import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { monotonicNow } from '../../../src/core/clock.ts';
import type { Policy } from '../../../src/index.ts';
import { LoopDelay, loopDelay, withoutDelay } from '../../../src/strategies/adaptive-limit/loop-delay.ts';
import { follow, sampleOf, testHub } from '../../support.ts';

let blockedForMs = 0;

beforeEach(() => {
  vi.useFakeTimers();
  blockedForMs = 0;
  const now = performance.now.bind(performance);
  vi.spyOn(performance, 'now').mockImplementation(() => now() + blockedForMs);
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

/** Time passes in which no timer fires. */
function block(ms: number): void {
  blockedForMs += ms;
}

describe('the delay of the event loop', () => {
  test('is nothing while timers are about in time', () => {
    const delay = new LoopDelay();
    const before = delay.enter(monotonicNow());
    for (let tick = 0; tick < 20; tick += 1) {
      vi.advanceTimersByTime(10);
      block(2);
    }
    expect(delay.blockedMs(monotonicNow()) - before).toBe(0);
    delay.leave();
  });

  test('shows before the late tick comes, and is counted once', () => {
    const delay = new LoopDelay();
    const before = delay.enter(monotonicNow());
    vi.advanceTimersByTime(35);
    block(300);
    expect(delay.blockedMs(monotonicNow()) - before).toBe(295);
    vi.advanceTimersByTime(5);
    expect(delay.blockedMs(monotonicNow()) - before).toBe(300);
    vi.advanceTimersByTime(100);
    block(200);
    vi.advanceTimersByTime(10);
    expect(delay.blockedMs(monotonicNow()) - before).toBe(500);
    delay.leave();
  });

  test('has one timer for all who want to know, and none when nobody does', () => {
    const delay = new LoopDelay();
    expect(delay.hasTimer).toBe(false);
    for (let user = 0; user < 50; user += 1) delay.enter(monotonicNow());
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(1_000);
    for (let user = 0; user < 50; user += 1) delay.leave();
    vi.advanceTimersByTime(10);
    expect(delay.hasTimer).toBe(false);
    expect(vi.getTimerCount()).toBe(0);
    // What passes while nobody looks is nobody's delay.
    const before = delay.blockedMs(monotonicNow());
    vi.advanceTimersByTime(60_000);
    expect(delay.enter(monotonicNow())).toBe(before);
    delay.leave();
  });

  test('goes on with another implementation of timers', () => {
    const delay = new LoopDelay();
    delay.enter(monotonicNow());
    vi.useRealTimers();
    vi.useFakeTimers();
    const before = delay.enter(monotonicNow());
    vi.advanceTimersByTime(100);
    expect(delay.hasTimer).toBe(true);
    expect(delay.blockedMs(monotonicNow())).toBe(before);
  });
});

test('a latency is corrected by no more than the delay, and never to less than usual', () => {
  expect(withoutDelay(100, 0, undefined)).toBe(100);
  expect(withoutDelay(100, 30, undefined)).toBe(undefined);
  expect(withoutDelay(100, 30, 50)).toBe(70);
  expect(withoutDelay(100, 80, 50)).toBe(50);
  expect(withoutDelay(40, 80, 50)).toBe(40);
});

describe('a client that blocks its own event loop', () => {
  async function limitAfterBlocks(): Promise<{ before: number; after: number }> {
    const policy: Policy = testHub().policy('upstream', { circuitBreaker: false, adaptiveLimit: {} });
    const limit = () => sampleOf(policy, 'adaptive_limit') ?? 0;
    const round = async (blockMs: number): Promise<void> => {
      for (let call = 0; call < 20; call += 1) {
        follow(policy.execute(() => new Promise((resolve) => setTimeout(resolve, 50))));
      }
      await vi.advanceTimersByTimeAsync(25);
      block(blockMs);
      await vi.advanceTimersByTimeAsync(25);
    };
    for (let at = 0; at < 10; at += 1) await round(0);
    const before = limit();
    for (let at = 0; at < 10; at += 1) await round(400);
    return { before, after: limit() };
  }

  test('does not take its own delay for a queue at the dependency', async () => {
    const { before, after } = await limitAfterBlocks();
    expect(after).toBeGreaterThanOrEqual(before);
  });

  test('would, without the correction', async () => {
    vi.spyOn(loopDelay, 'blockedMs').mockReturnValue(0);
    const { before, after } = await limitAfterBlocks();
    expect(after).toBeLessThan(before * 0.8);
  });
});
