import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Breakwater, cacheFallback, type HazardEvent, timeout } from '../../src/index.ts';
import { flush, repeat, testHub } from '../support.ts';

let hub: Breakwater;
const events: HazardEvent[] = [];

beforeEach(() => {
  vi.useFakeTimers();
  events.length = 0;
  hub = testHub();
  hub.on('hazard', (event) => events.push(event));
});

afterEach(async () => {
  await hub.close();
  vi.useRealTimers();
});

describe('hazards that calls show', () => {
  test('a cache that never saw a key, after 1 000 calls', async () => {
    const policy = hub.policy('search', { cacheFallback: {} });
    await repeat(999, () => policy.execute(() => 1));
    expect(policy.hazards).toEqual([]);
    await repeat(2_000, () => policy.execute(() => 1));
    expect(policy.hazards).toMatchObject([{ code: 'CACHE_NEVER_KEYED' }]);
    expect(events).toHaveLength(1);
  });

  test('but not a cache that saw one', async () => {
    const policy = hub.policy('search', { strategies: [cacheFallback(), timeout({ timeoutMs: 100 })] });
    await repeat(500, () => policy.execute(() => 1));
    await policy.execute(() => 1, { cacheKey: 'k' });
    await repeat(2_000, () => policy.execute(() => 1));
    expect(policy.hazards).toEqual([]);
  });

  test('hedging what has turned out to be slow, looked at every 1 000 calls', async () => {
    const takes = (ms: number) => () => new Promise((resolve) => setTimeout(resolve, ms));
    const slow = hub.policy('slow', { attemptTimeoutMs: 100, hedge: {} });
    const quick = hub.policy('quick', { attemptTimeoutMs: 100, hedge: {} });
    for (let at = 0; at < 1_000; at += 1) {
      const calls = [slow.execute(takes(70)), quick.execute(takes(20))];
      await vi.advanceTimersByTimeAsync(90);
      await Promise.all(calls);
      if (at === 998) expect(slow.hazards).toEqual([]);
    }
    expect(slow.hazards).toMatchObject([{ code: 'HEDGE_SLOW' }]);
    expect(quick.hazards).toEqual([]);
  });

  test('a retrying policy within the attempts of another, once for each pair', async () => {
    const outer = hub.policy('outer', { retry: {} });
    const other = hub.policy('other', { retry: {} });
    const inner = hub.policy('inner', { retry: {} });
    for (let at = 0; at < 3; at += 1) {
      expect(await outer.execute(() => inner.execute(() => 'fine'))).toBe('fine');
      await outer.execute(async () => {
        await inner.execute(() => 'fine');
      });
    }
    await other.execute(() => inner.execute(() => 'fine'));
    expect(inner.hazards).toMatchObject([{ code: 'RETRY_ON_RETRY' }, { code: 'RETRY_ON_RETRY' }]);
    expect(inner.hazards.map(({ message }) => /attempts of policy '(\w+)'/.exec(message)?.[1])).toEqual([
      'outer',
      'other',
    ]);
    expect(events).toHaveLength(2);
    expect(outer.hazards).toEqual([]);
  });

  test('also where chaos lets the operation begin late', async () => {
    const outer = hub.policy('outer', { retry: {}, chaos: { latency: { rate: 1, ms: 50 } } });
    const inner = hub.policy('inner', { retry: {} });
    outer.chaos?.start({ forMs: 1_000 });
    const call = outer.execute(() => inner.execute(() => 'fine'));
    await vi.advanceTimersByTimeAsync(60);
    expect(await call).toBe('fine');
    expect(inner.hazards).toMatchObject([{ code: 'RETRY_ON_RETRY' }]);
  });

  test('but not where it is called after an await, which nothing follows', async () => {
    const outer = hub.policy('outer', { retry: {} });
    const inner = hub.policy('inner', { retry: {} });
    await outer.execute(async () => {
      await null;
      return inner.execute(() => 'fine');
    });
    expect(events).toEqual([]);
  });

  test('but not one that is called before, after or beside, nor where only one retries', async () => {
    const outer = hub.policy('outer', { retry: {} });
    const inner = hub.policy('inner', { retry: {} });
    const plain = hub.policy('plain');
    await inner.execute(() => 1);
    const throwing = outer.execute(() => {
      throw new TypeError('defect');
    });
    await inner.execute(() => 1);
    await expect(throwing).rejects.toThrow('defect');
    await plain.execute(() => inner.execute(() => 1));
    await outer.execute(() => plain.execute(() => 1));
    await flush();
    expect(events).toEqual([]);
  });

  test('are silenced too', async () => {
    const outer = hub.policy('outer', { retry: {} });
    const inner = hub.policy('inner', { retry: {}, silenceHazards: ['RETRY_ON_RETRY'] });
    await outer.execute(() => inner.execute(() => 'fine'));
    expect([inner.hazards, events]).toEqual([[], []]);
  });
});
