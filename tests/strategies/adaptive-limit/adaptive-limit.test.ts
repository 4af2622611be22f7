import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { adaptiveLimit, type Classify, cacheFallback } from '../../../src/index.ts';
import { errorOf, follow, sampleOf, testHub } from '../../support.ts';
import { holding, inUse, limited, limitOf, load, ok, wait } from './support.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('turns away at once what is above the limit, and lets in what has room again', async () => {
  const policy = limited({ initialLimit: 2 });
  const [first] = holding(policy, 2);
  expect(inUse(policy)).toBe(2);
  const error = await errorOf(policy.execute(ok));
  expect(error).toMatchObject({ code: 'LIMIT_REACHED', policy: 'upstream', limit: 2 });
  expect(error instanceof Error && error.stack).not.toContain('\n    at ');
  expect(policy.stats().rejections.limit_reached).toBe(1);
  first?.resolve('done');
  await vi.advanceTimersByTimeAsync(0);
  await expect(policy.execute(ok)).resolves.toBe('ok');
  expect(inUse(policy)).toBe(1);
});

test('a rejection is not retried, and a fallback answers it', async () => {
  const policy = limited({ initialLimit: 1 }, { retry: { maxRetries: 3 }, fallback: () => 'instead' });
  holding(policy, 1);
  await expect(policy.execute(ok)).resolves.toBe('instead');
  expect(policy.stats().retries).toBe(0);
});

describe('the limit', () => {
  test('grows while calls take as long as usual, and stays while it is not used', async () => {
    const policy = limited();
    await load(policy, 5, 50, 40);
    expect(limitOf(policy)).toBe(20);
    await load(policy, 20, 50, 20);
    expect(limitOf(policy)).toBeGreaterThan(25);
  });

  test('shrinks when calls take much longer than usual, and comes back', async () => {
    const policy = limited();
    await load(policy, 20, 50, 20);
    const before = limitOf(policy) ?? 0;
    await load(policy, 40, 500, 6);
    const low = limitOf(policy) ?? 0;
    expect(low).toBeLessThan(before * 0.7);
    await load(policy, 40, 50, 40);
    expect(limitOf(policy)).toBeGreaterThan(low);
  });

  test('shrinks when calls time out', async () => {
    for (const algorithm of ['gradient', 'vegas'] as const) {
      const policy = limited({ algorithm }, { attemptTimeoutMs: 1_000 });
      await load(policy, 20, 50, 5);
      const before = limitOf(policy) ?? 0;
      await load(policy, 60, 1_500, 5);
      expect(limitOf(policy)).toBeLessThan(before);
    }
  });

  test('takes no notice of errors, defects and calls given up, however long they took', async () => {
    for (const verdict of ['transient', 'permanent', 'defect', 'ignored'] as const) {
      const classify: Classify = (result) => (result.ok ? undefined : verdict);
      const policy = limited({}, { classify });
      await load(policy, 10, 50, 4);
      const before = limitOf(policy);
      for (let round = 0; round < 6; round += 1) {
        for (let call = 0; call < 20; call += 1) {
          const failsLate = () => wait(600)().then(() => Promise.reject(new Error('late')));
          follow(policy.execute(failsLate));
        }
        await vi.advanceTimersByTimeAsync(600);
      }
      expect(limitOf(policy)).toBe(before);
      expect(inUse(policy)).toBe(0);
    }
  });

  test('takes no notice of what a cache within answers', async () => {
    const policy = testHub().policy('upstream', {
      strategies: [adaptiveLimit(), cacheFallback({ freshForMs: 600_000 })],
    });
    await policy.execute(() => 'remembered', { cacheKey: 'known' });
    await load(policy, 20, 50, 12);
    const before = limitOf(policy) ?? 0;
    for (let call = 0; call < 1_000; call += 1) await policy.execute(ok, { cacheKey: 'known' });
    await load(policy, 20, 50, 12);
    expect(limitOf(policy)).toBeGreaterThanOrEqual(before);
  });

  test('is not driven down by calls that time out while it is not used', async () => {
    const policy = limited({ algorithm: 'vegas' }, { attemptTimeoutMs: 100 });
    for (let call = 0; call < 200; call += 1) {
      follow(policy.execute(wait(call % 8 === 0 ? 150 : 20)));
      await vi.advanceTimersByTimeAsync(160);
    }
    expect(limitOf(policy)).toBe(20);
  });

  test('learns from what the dependency refuses as from what it does', async () => {
    const classify: Classify = (result) => (result.ok ? undefined : 'refused');
    const policy = limited({}, { classify });
    for (let round = 0; round < 20; round += 1) {
      for (let call = 0; call < 20; call += 1) {
        follow(policy.execute(() => wait(20)().then(() => Promise.reject(new Error('no such thing')))));
      }
      await vi.advanceTimersByTimeAsync(20);
    }
    expect(limitOf(policy)).toBeGreaterThan(20);
  });
});

test('a call that an open circuit turns away takes no place and is told so', async () => {
  const policy = limited({ initialLimit: 1 }, { circuitBreaker: {} });
  const [gate] = holding(policy, 1);
  policy.circuit.forceOpen('test');
  expect(await errorOf(policy.execute(ok))).toMatchObject({ code: 'CIRCUIT_OPEN' });
  expect(inUse(policy)).toBe(1);
  policy.circuit.reset();
  expect(await errorOf(policy.execute(ok))).toMatchObject({ code: 'LIMIT_REACHED' });
  gate?.resolve('done');
});

test('shadow mode turns nothing away and counts what it would have', async () => {
  const registry = new Registry();
  const hub = testHub({ registry });
  const shadows: boolean[] = [];
  hub.on('rejection', ({ shadow, reason }) => reason === 'limit_reached' && shadows.push(shadow));
  const policy = hub.policy('upstream', {
    circuitBreaker: false,
    adaptiveLimit: { mode: 'shadow', initialLimit: 2 },
  });
  const scrape = () => registry.getSingleMetricAsString('breakwater_shadow_rejections_total');
  expect(await scrape()).toContain('{policy="upstream",reason="limit_reached"} 0');
  const gates = holding(policy, 5);
  expect(inUse(policy)).toBe(5);
  expect(shadows).toEqual([true, true, true]);
  expect(await scrape()).toContain('{policy="upstream",reason="limit_reached"} 3');
  expect(policy.stats().rejections.limit_reached).toBe(0);
  for (const gate of gates) gate.resolve('done');
  await vi.advanceTimersByTimeAsync(0);
  expect(inUse(policy)).toBe(0);
  expect(policy.explain()).toContain('shadow');
});

test('shadow counts as many as the limit in force turns away: those beyond it do not stand in the way of the next', async () => {
  const turnedAway: number[] = [];
  for (const mode of ['enforce', 'shadow'] as const) {
    const policy = limited({ minLimit: 10, maxLimit: 10, mode });
    for (let call = 0; call < 200; call += 1) {
      // 12.5 in flight on average where nothing is turned away.
      follow(policy.execute(wait(100)));
      await vi.advanceTimersByTimeAsync(8);
    }
    turnedAway.push(
      sampleOf(policy, 'shadow_rejections_total') ?? policy.stats().rejections.limit_reached ?? 0,
    );
    await vi.advanceTimersByTimeAsync(100);
    expect(inUse(policy)).toBe(0);
  }
  expect(turnedAway[0]).toBeGreaterThan(20);
  expect(turnedAway[1]).toBe(turnedAway[0]);
});

test('what came in beyond the limit in shadow takes its room once the limit is in force', async () => {
  const policy = limited({ minLimit: 2, maxLimit: 2, mode: 'shadow' });
  const gates = holding(policy, 4);
  expect(inUse(policy)).toBe(4);
  policy.update({ adaptiveLimit: { mode: 'enforce' } });
  gates[0]?.resolve('done');
  await vi.advanceTimersByTimeAsync(0);
  expect(await errorOf(policy.execute(ok))).toMatchObject({ code: 'LIMIT_REACHED' });
  for (const gate of gates) gate.resolve('done');
  await vi.advanceTimersByTimeAsync(0);
  await expect(policy.execute(ok)).resolves.toBe('ok');
});

test('exposes the limit and what is in flight', async () => {
  const registry = new Registry();
  const policy = testHub({ registry }).policy('upstream', { adaptiveLimit: { initialLimit: 7 } });
  const gates = holding(policy, 2);
  const text = (name: string) => registry.getSingleMetricAsString(`breakwater_${name}`);
  expect(await text('adaptive_limit')).toContain('{policy="upstream"} 7');
  expect(await text('adaptive_limit_in_use')).toContain('{policy="upstream"} 2');
  for (const gate of gates) gate.resolve('done');
});

test('an idle policy owns no timer', async () => {
  const policy = limited();
  const call = follow(policy.execute(wait(500)));
  await vi.advanceTimersByTimeAsync(100);
  expect(vi.getTimerCount()).toBeGreaterThan(2);
  await vi.advanceTimersByTimeAsync(500);
  expect(call.now.status).toBe('fulfilled');
  expect(vi.getTimerCount()).toBe(0);
});
