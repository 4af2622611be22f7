import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { adaptiveLimit } from '../../../src/index.ts';
import { errorOf, testHub } from '../../support.ts';
import { holding, inUse, limited, limitOf, load, ok } from './support.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('while it runs', () => {
  test('bounds change, and what it learned is kept', async () => {
    const strategy = adaptiveLimit();
    const policy = testHub().policy('upstream', { strategies: [strategy] });
    await load(policy, 20, 50, 20);
    const learned = limitOf(policy) ?? 0;
    const gates = holding(policy, learned);
    strategy.adjustable?.prepare({ maxLimit: 5 })();
    expect(limitOf(policy)).toBe(5);
    expect(inUse(policy)).toBe(learned);
    expect(await errorOf(policy.execute(ok))).toMatchObject({ code: 'LIMIT_REACHED', limit: 5 });
    for (const gate of gates) gate.resolve('done');
    await vi.advanceTimersByTimeAsync(0);
    strategy.adjustable?.prepare({ minLimit: 30 })();
    expect(limitOf(policy)).toBe(30);
    expect(policy.explain()).toContain('30 to 200 in flight');
    expect(() => strategy.adjustable?.prepare({ algorithm: 'vegas' })).toThrow(/algorithm: cannot change/);
    expect(() => strategy.adjustable?.prepare({ minLimit: 9, maxLimit: 3 })).toThrow(/maxLimit/);
    expect(limitOf(policy)).toBe(30);
  });

  test('its bounds can be set by hand and given back', async () => {
    const policy = limited({ maxLimit: 50, minLimit: 10 });
    const control = (name: string) => policy.limits.find((limit) => limit.name === `adaptiveLimit.${name}`);
    expect(control('maxLimit')).toMatchObject({ configured: 50, current: 50, type: 'size' });
    control('maxLimit')?.set(4);
    expect(limitOf(policy)).toBe(4);
    expect(control('minLimit')).toMatchObject({ configured: 10, current: 4 });
    for (const value of [0, -1]) {
      control('maxLimit')?.set(value);
      control('minLimit')?.set(value);
      expect(limitOf(policy)).toBe(1);
      expect(control('maxLimit')).toMatchObject({ current: 1 });
      expect(control('minLimit')).toMatchObject({ current: 1 });
      await expect(policy.execute(ok)).resolves.toBe('ok');
    }
    control('maxLimit')?.set(undefined);
    control('minLimit')?.set(undefined);
    expect(limitOf(policy)).toBe(10);
  });

  test('its bounds change whatever the limit was at first', async () => {
    const policy = limited({ initialLimit: 20, maxLimit: 100 });
    policy.update({ adaptiveLimit: { maxLimit: 10 } });
    expect(limitOf(policy)).toBe(10);
    policy.update({ adaptiveLimit: { minLimit: 30, maxLimit: 100 } });
    expect(limitOf(policy)).toBe(30);
    expect(() => policy.update({ adaptiveLimit: { maxLimit: 5 } })).toThrow(/maxLimit: must not be below/);
    expect(policy.explain()).toContain('30 to 100 in flight');
  });
});

test('wrong options are told all at once', () => {
  expect(() => adaptiveLimit({ minLimit: 0, tolerance: 0.5, smoothing: 2, queueSize: 0 })).toThrow(
    /minLimit.*tolerance.*queueSize.*smoothing/s,
  );
  expect(() => adaptiveLimit({ minLimit: 30, maxLimit: 10 })).toThrow(/maxLimit: must not be below minLimit/);
  expect(() => adaptiveLimit({ initialLimit: 30, maxLimit: 10 })).toThrow(/initialLimit: must not be above/);
  expect(() => limited({ initialLimit: 1, minLimit: 2 })).toThrow(/adaptiveLimit\.initialLimit/);
});

test('defaults that would contradict what is given give way', () => {
  expect(limitOf(limited({ maxLimit: 5 }))).toBe(5);
  expect(limitOf(limited({ minLimit: 50 }))).toBe(50);
  expect(limitOf(limited({ initialLimit: 500 }))).toBe(500);
});
