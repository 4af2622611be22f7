import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Breakwater, bulkhead, chaos, type Strategy, timeout } from '../../../src/index.ts';
import { deferred, errorOf, flush, testHub } from '../../support.ts';

let hub: Breakwater;

beforeEach(() => {
  vi.useFakeTimers();
  hub = testHub();
});

afterEach(async () => {
  await hub.close();
  vi.useRealTimers();
});

/** An operation that ignores its signal, and how many of it run. */
function deafOperation() {
  const runs = { now: 0, most: 0 };
  const operation = async (): Promise<string> => {
    runs.now += 1;
    runs.most = Math.max(runs.most, runs.now);
    await new Promise((resolve) => setTimeout(resolve, 5_000));
    runs.now -= 1;
    return 'late';
  };
  return { operation, runs };
}

type Orders = readonly [string, (layer: Strategy) => readonly Strategy[]];

describe('an operation whose connection chaos has broken, and which runs on', () => {
  test.each<Orders>([
    [
      'outside of the bulkhead',
      (layer) => [layer, bulkhead({ maxConcurrent: 1 }), timeout({ timeoutMs: 9 })],
    ],
    ['within it', (layer) => [bulkhead({ maxConcurrent: 1 }), layer, timeout({ timeoutMs: 9 })]],
    ['innermost', (layer) => [bulkhead({ maxConcurrent: 1 }), timeout({ timeoutMs: 9 }), layer]],
  ])('keeps its place until it ends, with chaos %s', async (_, around) => {
    const layer = chaos({ abort: { rate: 1 } });
    const policy = hub.policy('database', {
      strategies: around(layer),
      silenceHazards: ['CHAOS_WITHOUT_END'],
    });
    layer.start();
    const { operation, runs } = deafOperation();
    const discard = vi.fn();
    expect(await errorOf(policy.execute(operation, { discard }))).toMatchObject({ code: 'ECONNRESET' });
    expect(policy.stats()).toMatchObject({ callsInFlight: 0, attemptsInFlight: 1 });
    for (let at = 0; at < 4; at += 1) {
      expect(await errorOf(policy.execute(operation))).toMatchObject({ code: 'BULKHEAD_FULL' });
    }
    await vi.advanceTimersByTimeAsync(5_000);
    expect(discard).toHaveBeenCalledExactlyOnceWith('late');
    expect(policy.stats()).toMatchObject({ attemptsInFlight: 0, attempts: { failure: 1 } });
    layer.stop();
    expect(await policy.execute(() => 'fine')).toBe('fine');
    expect(runs).toEqual({ now: 0, most: 1 });
  });

  test('keeps it where two layers of chaos have broken it, one after the other', async () => {
    const [outer, inner] = [chaos({ abort: { rate: 1, afterMs: 20 } }), chaos({ abort: { rate: 1 } })];
    const policy = hub.policy('database', {
      strategies: [outer, bulkhead({ maxConcurrent: 1 }), inner, timeout({ timeoutMs: 1_000 })],
      silenceHazards: ['CHAOS_WITHOUT_END'],
    });
    outer.start();
    inner.start();
    const run = deferred();
    expect(await errorOf(policy.execute(() => run.promise))).toMatchObject({ code: 'ECONNRESET' });
    await vi.advanceTimersByTimeAsync(50);
    outer.stop();
    inner.stop();
    expect(await errorOf(policy.execute(() => 'fine'))).toMatchObject({ code: 'BULKHEAD_FULL' });
    run.reject(new Error('late'));
    await flush();
    expect(await policy.execute(() => 'fine')).toBe('fine');
  });

  test('is given up by nobody twice where its time is over in the very moment of the break', async () => {
    const layer = chaos({ abort: { rate: 1, afterMs: 100 } });
    const policy = hub.policy('database', {
      strategies: [layer, bulkhead({ maxConcurrent: 1 }), timeout({ timeoutMs: 100 })],
      silenceHazards: ['CHAOS_WITHOUT_END'],
    });
    layer.start();
    const run = deferred();
    const error = errorOf(policy.execute(() => run.promise));
    await vi.advanceTimersByTimeAsync(200);
    await error;
    layer.stop();
    expect(await errorOf(policy.execute(() => 'fine'))).toMatchObject({ code: 'BULKHEAD_FULL' });
    run.resolve('late');
    await flush();
    expect(policy.stats().attemptsInFlight).toBe(0);
    expect(await policy.execute(() => 'fine')).toBe('fine');
  });

  test('is judged while it runs on, and a classify that aborts its own call settles it once', async () => {
    const caller = new AbortController();
    const layer = chaos({ abort: { rate: 1 } });
    const policy = hub.policy('database', {
      strategies: [layer, bulkhead({ maxConcurrent: 1 }), timeout({ timeoutMs: 100 })],
      silenceHazards: ['CHAOS_WITHOUT_END'],
      classify: () => {
        caller.abort('bye');
        return 'transient';
      },
    });
    layer.start();
    const run = deferred();
    expect(await errorOf(policy.execute(() => run.promise, { signal: caller.signal }))).toBe('bye');
    expect(policy.stats()).toMatchObject({ attemptsInFlight: 1, attempts: { ignored: 1, failure: 0 } });
    run.resolve('late');
    await flush();
    expect(policy.stats().attemptsInFlight).toBe(0);
  });
});
