import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Classify, Policy, PolicyOptions, ThrottleOptions, Verdict } from '../../../src/index.ts';
import { circuitBreaker, throttle } from '../../../src/index.ts';
import { deferred, errorOf, failing, testHub } from '../../support.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

/** Chance that turns away whatever may be turned away, or nothing. */
function chanceThat(turnsAway: boolean): void {
  vi.spyOn(Math, 'random').mockReturnValue(turnsAway ? 0 : 0.999_999);
}

function throttled(options: ThrottleOptions = {}, others: PolicyOptions = {}): Policy {
  return testHub().policy('upstream', { circuitBreaker: false, throttle: options, ...others });
}

const ok = async (): Promise<string> => 'ok';

async function fail(policy: Policy, times: number): Promise<void> {
  chanceThat(false);
  for (let call = 0; call < times; call += 1) await errorOf(policy.execute(failing()));
}

/** The share of ordinary calls that is turned away. */
const ratioOf = (policy: Policy) => policy.samples.find(({ labels }) => labels.priority === 'medium')?.read();

test('turns away with the probability of the formula once more than half fails', async () => {
  const policy = throttled();
  for (let call = 0; call < 3; call += 1) await policy.execute(ok);
  await fail(policy, 3);
  chanceThat(true);
  await expect(policy.execute(ok)).resolves.toBe('ok');
  await fail(policy, 4);
  chanceThat(true);
  // 11 requests, 4 accepted.
  expect(await errorOf(policy.execute(ok))).toMatchObject({
    code: 'THROTTLED',
    policy: 'upstream',
    probability: (11 - 2 * 4) / 12,
  });
  expect(policy.stats().rejections.throttled).toBe(1);
});

test('a burst of slow calls on a healthy dependency is no reason to turn anything away', async () => {
  const policy = throttled();
  chanceThat(true);
  const gate = deferred<string>();
  const calls = Array.from({ length: 200 }, () => policy.execute(() => gate.promise));
  gate.resolve('late');
  await expect(Promise.all(calls)).resolves.toHaveLength(200);
});

const verdicts: readonly [Verdict, 'accepted' | 'not accepted' | 'not counted'][] = [
  ['success', 'accepted'],
  ['refused', 'accepted'],
  ['transient', 'not accepted'],
  ['permanent', 'not accepted'],
  ['defect', 'not counted'],
  ['ignored', 'not counted'],
];
test.each(verdicts)('an outcome that is %s is %s', async (verdict, counts) => {
  const classify: Classify = (result) => (result.ok ? undefined : verdict);
  const policy = throttled({}, { classify });
  await fail(policy, 9);
  chanceThat(true);
  const answer = await policy.execute(ok).catch((error) => error);
  if (counts === 'not accepted') expect(answer).toMatchObject({ probability: 9 / 10 });
  else expect(answer).toBe('ok');
  chanceThat(false);
  for (let call = 0; call < 9; call += 1) await errorOf(policy.execute(() => Promise.reject('x')));
  expect((ratioOf(policy) ?? -1) > 0).toBe(counts === 'not accepted');
});

test('what an open circuit or a limit within turns away is not counted', async () => {
  const policy = throttled({}, { circuitBreaker: { consecutiveFailures: 1, openMs: 1_000 } });
  await fail(policy, 1);
  chanceThat(true);
  for (let call = 0; call < 5; call += 1)
    expect(await errorOf(policy.execute(ok))).toMatchObject({ code: 'CIRCUIT_OPEN' });
  expect(ratioOf(policy)).toBe(1 / 2);
});

test('what a bulkhead within turns away is taken back', async () => {
  const policy = throttled({}, { bulkhead: { maxConcurrent: 1 } });
  chanceThat(true);
  const gate = deferred<string>();
  const first = policy.execute(() => gate.promise);
  for (let call = 0; call < 5; call += 1)
    expect(await errorOf(policy.execute(ok))).toMatchObject({ code: 'BULKHEAD_FULL' });
  gate.resolve('done');
  await expect(first).resolves.toBe('done');
  await expect(policy.execute(ok)).resolves.toBe('ok');
});

test('what a policy within the operation turns away is taken back as well', async () => {
  const policy = throttled();
  const inner = testHub().policy('inner', {});
  inner.circuit?.forceOpen('maintenance');
  chanceThat(true);
  for (let call = 0; call < 20; call += 1)
    expect(await errorOf(policy.execute(() => inner.execute(ok)))).toMatchObject({ code: 'CIRCUIT_OPEN' });
  await expect(policy.execute(ok)).resolves.toBe('ok');
});

test('less important calls are turned away first, and critical ones when that is not enough', async () => {
  const policy = throttled();
  chanceThat(false);
  for (let call = 0; call < 8; call += 1) await errorOf(policy.execute(failing(), { priority: 'high' }));
  chanceThat(true);
  await expect(policy.execute(ok, { priority: 'critical' })).resolves.toBe('ok');
  for (const priority of ['high', 'medium', 'low'] as const)
    expect(await errorOf(policy.execute(ok, { priority }))).toMatchObject({ code: 'THROTTLED' });
  chanceThat(false);
  for (let call = 0; call < 8; call += 1) await errorOf(policy.execute(failing(), { priority: 'critical' }));
  chanceThat(true);
  expect(await errorOf(policy.execute(ok, { priority: 'critical' }))).toMatchObject({ code: 'THROTTLED' });
});

test('what is older than the window is forgotten', async () => {
  const policy = throttled({ windowMs: 10_000 });
  await fail(policy, 5);
  chanceThat(true);
  expect(await errorOf(policy.execute(ok))).toMatchObject({ code: 'THROTTLED' });
  await vi.advanceTimersByTimeAsync(10_001);
  await expect(policy.execute(ok)).resolves.toBe('ok');
});

test('maxProbability bounds it, and chance decides', async () => {
  const policy = throttled({ maxProbability: 0.6 });
  await fail(policy, 50);
  vi.spyOn(Math, 'random').mockReturnValue(0.61);
  await expect(policy.execute(ok)).resolves.toBe('ok');
  vi.spyOn(Math, 'random').mockReturnValue(0.59);
  expect(await errorOf(policy.execute(ok))).toMatchObject({ probability: 0.6 });
});

test('a rejection is not retried, carries no stack and is answered by a fallback', async () => {
  const policy = throttled({}, { retry: { maxRetries: 3, baseDelayMs: 10 } });
  for (let call = 0; call < 9; call += 1) await errorOf(policy.execute(failing(), { idempotent: false }));
  chanceThat(true);
  const error = await errorOf(policy.execute(ok));
  expect(error).toMatchObject({ code: 'THROTTLED' });
  expect(error instanceof Error && error.stack).not.toContain('\n    at ');
  const answered = throttled({}, { fallback: () => 'instead' });
  chanceThat(false);
  for (let call = 0; call < 9; call += 1) await answered.execute(failing());
  chanceThat(true);
  await expect(answered.execute(ok)).resolves.toBe('instead');
  expect(answered.stats().rejections.throttled).toBe(1);
});

describe('shadow mode', () => {
  test('turns nothing away, counts what it would have, and decides as the other does', async () => {
    const registry = new Registry();
    const hub = testHub({ registry });
    const rejections: boolean[] = [];
    hub.on('rejection', ({ shadow }) => rejections.push(shadow));
    const policy = hub.policy('upstream', { circuitBreaker: false, throttle: { mode: 'shadow' } });
    const scrape = () => registry.getSingleMetricAsString('breakwater_shadow_rejections_total');
    expect(await scrape()).toContain('{policy="upstream",reason="throttled"} 0');
    await fail(policy, 3);
    chanceThat(true);
    for (let call = 0; call < 4; call += 1) await expect(policy.execute(ok)).resolves.toBe('ok');
    expect(rejections).toEqual([true, true, true, true]);
    expect(policy.stats().rejections.throttled).toBe(0);
    expect(await scrape()).toContain('{policy="upstream",reason="throttled"} 4');
    // As where they were really turned away: 7 requests, none accepted.
    expect(ratioOf(policy)).toBe(7 / 8);
    expect(policy.explain()).toContain('shadow');
  });
});

test('exposes the share of each priority', async () => {
  const registry = new Registry();
  const policy = testHub({ registry }).policy('upstream', { circuitBreaker: false, throttle: {} });
  chanceThat(false);
  for (let call = 0; call < 4; call += 1) await errorOf(policy.execute(failing(), { priority: 'medium' }));
  const text = await registry.getSingleMetricAsString('breakwater_throttle_ratio');
  expect(text).toContain('{policy="upstream",priority="critical"} 0');
  expect(text).toContain('{policy="upstream",priority="high"} 0');
  expect(text).toContain('{policy="upstream",priority="medium"} 0.8');
  expect(text).toContain('{policy="upstream",priority="low"} 0.8');
});

test('the multiplier can be changed by hand and given back', async () => {
  const policy = throttled();
  await policy.execute(ok);
  await fail(policy, 2);
  expect(ratioOf(policy)).toBe(1 / 4);
  const control = () => policy.limits.find(({ name }) => name === 'throttle.multiplier');
  expect(control()).toMatchObject({ configured: 2, current: 2, type: 'factor' });
  control()?.set(3);
  expect(control()).toMatchObject({ configured: 2, current: 3 });
  expect(ratioOf(policy)).toBe(0);
  control()?.set(undefined);
  expect(ratioOf(policy)).toBe(1 / 4);
});

test('options change while it runs, except the window', async () => {
  const strategy = throttle({ multiplier: 2 });
  const policy = testHub().policy('upstream', { strategies: [strategy] });
  await policy.execute(ok);
  await fail(policy, 2);
  strategy.adjustable?.prepare({ multiplier: 1 })();
  expect(ratioOf(policy)).toBe(2 / 4);
  expect(policy.explain()).toContain('1 in 1 of those of 120000 ms');
  expect(() => strategy.adjustable?.prepare({ windowMs: 1_000 })).toThrow(/windowMs: cannot change/);
  expect(() => strategy.adjustable?.prepare({ multiplier: 0.5 })).toThrow(/multiplier/);
  expect(ratioOf(policy)).toBe(2 / 4);
});

test('wrong options are told all at once', () => {
  const make = () => throttle({ multiplier: 0, windowMs: -1, maxProbability: 2 });
  expect(make).toThrow(/multiplier.*windowMs.*maxProbability/s);
  expect(() => testHub().policy('upstream', { throttle: { multiplier: 0.9 } })).toThrow(
    /throttle\.multiplier/,
  );
});

test('works in any order: outside of another layer that opens passages, and twice', async () => {
  const policy = testHub().policy('upstream', {
    strategies: [
      circuitBreaker({ minimumThroughput: 100 }),
      throttle(),
      circuitBreaker({ minimumThroughput: 100 }),
      throttle(),
    ],
  });
  await policy.execute(ok);
  await fail(policy, 9);
  chanceThat(true);
  expect(await errorOf(policy.execute(ok))).toMatchObject({ code: 'THROTTLED' });
});

test('a listener that aborts the call while it is turned away harms nobody', async () => {
  const hub = testHub();
  const policy = hub.policy('upstream', { circuitBreaker: false, throttle: { mode: 'shadow' } });
  await fail(policy, 9);
  chanceThat(true);
  const controller = new AbortController();
  hub.on('rejection', () => controller.abort(new Error('enough')));
  let ran = false;
  const call = policy.execute(
    () => {
      ran = true;
    },
    { signal: controller.signal },
  );
  expect(await errorOf(call)).toMatchObject({ message: 'enough' });
  expect(ran).toBe(false);
});
