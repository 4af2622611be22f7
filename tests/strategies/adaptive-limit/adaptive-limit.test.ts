import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  type AdaptiveLimitOptions,
  adaptiveLimit,
  type Classify,
  cacheFallback,
  type Policy,
  type PolicyOptions,
  retry,
} from '../../../src/index.ts';
import { type Deferred, deferred, errorOf, follow, testHub } from '../../support.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function limited(options: AdaptiveLimitOptions = {}, others: PolicyOptions = {}): Policy {
  return testHub().policy('upstream', { circuitBreaker: false, adaptiveLimit: options, ...others });
}

function sampleOf(policy: Policy, name: string): number | undefined {
  return policy.samples.find(({ family }) => family.name === name)?.read();
}
const limitOf = (policy: Policy) => sampleOf(policy, 'adaptive_limit');
const inUse = (policy: Policy) => sampleOf(policy, 'adaptive_limit_in_use');

const ok = async (): Promise<string> => 'ok';
const wait = (ms: number) => (): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Calls that hold a place until they are let go. */
function holding(policy: Policy, count: number): Deferred[] {
  return Array.from({ length: count }, () => {
    const gate = deferred();
    follow(policy.execute(() => gate.promise));
    return gate;
  });
}

/** So many calls at once, again and again, each of which takes so long. */
async function load(policy: Policy, atOnce: number, ms: number, rounds: number): Promise<void> {
  for (let round = 0; round < rounds; round += 1) {
    for (let call = 0; call < atOnce; call += 1) follow(policy.execute(wait(ms)));
    await vi.advanceTimersByTimeAsync(ms);
  }
}

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

  test('takes the time until a stream begins, not until its consumer has had enough', async () => {
    const policy = limited();
    await load(policy, 20, 50, 10);
    const before = limitOf(policy) ?? 0;
    async function* chunks() {
      yield 'first';
      await wait(2_000)();
      yield 'last';
    }
    const consume = async (): Promise<void> => {
      const stream = await policy.execute(
        async () => {
          await wait(50)();
          return chunks();
        },
        { until: 'end' },
      );
      for await (const _chunk of stream) {
        // Read to its end.
      }
    };
    for (let round = 0; round < 10; round += 1) {
      const consumers = Array.from({ length: 18 }, () => follow(consume()));
      await vi.advanceTimersByTimeAsync(60);
      expect(inUse(policy)).toBe(18);
      await vi.advanceTimersByTimeAsync(2_100);
      expect(consumers.every(({ now }) => now.status === 'fulfilled')).toBe(true);
    }
    expect(limitOf(policy)).toBeGreaterThanOrEqual(before);
    expect(inUse(policy)).toBe(0);
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

describe('a place', () => {
  test('is held until an operation that was given up really ends', async () => {
    const policy = limited({ initialLimit: 1 }, { attemptTimeoutMs: 100 });
    const gate = deferred();
    const call = follow(policy.execute(() => gate.promise));
    await vi.advanceTimersByTimeAsync(120);
    expect(call.now).toMatchObject({ status: 'rejected', reason: { code: 'TIMEOUT' } });
    expect(inUse(policy)).toBe(1);
    expect(await errorOf(policy.execute(ok))).toMatchObject({ code: 'LIMIT_REACHED' });
    gate.resolve('late');
    await vi.advanceTimersByTimeAsync(0);
    expect(inUse(policy)).toBe(0);
    await expect(policy.execute(ok)).resolves.toBe('ok');
  });

  test('is taken back, once, from an operation that never ends', async () => {
    const hub = testHub();
    const reports: string[] = [];
    hub.on('internal-error', ({ component }) => reports.push(component));
    const policy = hub.policy('upstream', {
      circuitBreaker: false,
      attemptTimeoutMs: 100,
      adaptiveLimit: { initialLimit: 1, maxLeaseMs: 5_000 },
    });
    const gate = deferred();
    follow(policy.execute(() => gate.promise));
    await vi.advanceTimersByTimeAsync(4_000);
    expect(await errorOf(policy.execute(ok))).toMatchObject({ code: 'LIMIT_REACHED' });
    expect(reports).toEqual([]);
    await vi.advanceTimersByTimeAsync(1_200);
    await expect(policy.execute(ok)).resolves.toBe('ok');
    expect(reports).toEqual(['adaptive-limit']);
    expect(inUse(policy)).toBe(0);
    gate.resolve('very late');
    await vi.advanceTimersByTimeAsync(0);
    expect(inUse(policy)).toBe(0);
  });

  test('is given back by operations that throw, answer at once, or are aborted', async () => {
    const policy = limited({ initialLimit: 3 });
    await errorOf(
      policy.execute(() => {
        throw new Error('at once');
      }),
    );
    await policy.execute(() => 'at once');
    const controller = new AbortController();
    const call = policy.execute(
      ({ signal }) => {
        const gate = deferred();
        signal.addEventListener('abort', () => gate.reject(signal.reason));
        return gate.promise;
      },
      { signal: controller.signal },
    );
    controller.abort(new Error('enough'));
    expect(await errorOf(call)).toMatchObject({ message: 'enough' });
    await vi.advanceTimersByTimeAsync(0);
    expect(inUse(policy)).toBe(0);
  });

  test('is free again when the caller hears of it', async () => {
    const policy = limited({ initialLimit: 1, maxLimit: 1 });
    for (let call = 0; call < 5; call += 1) await expect(policy.execute(() => call)).resolves.toBe(call);
    const hub = testHub();
    const chained = hub.policy('chained', {
      circuitBreaker: false,
      adaptiveLimit: { initialLimit: 1, maxLimit: 1 },
    });
    let second: Promise<unknown> | undefined;
    hub.on('call', () => {
      second ??= chained.execute(ok);
    });
    await chained.execute(() => 'at once');
    await expect(second).resolves.toBe('ok');
  });

  test('one place is taken by all attempts within, and kept for each that still runs', async () => {
    const policy = testHub().policy('upstream', {
      strategies: [
        adaptiveLimit({ initialLimit: 1 }),
        retry({ maxRetries: 1, baseDelayMs: 10, jitter: 'none' }),
      ],
    });
    const call = follow(policy.execute(({ attempt }) => (attempt === 1 ? Promise.reject('x') : 'done')));
    expect(inUse(policy)).toBe(1);
    await vi.advanceTimersByTimeAsync(20);
    expect(call.now).toMatchObject({ value: 'done' });
    expect(inUse(policy)).toBe(0);
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
    turnedAway.push(sampleOf(policy, 'shadow_rejections_total') ?? policy.stats().rejections.limit_reached);
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
    expect(control('maxLimit')).toMatchObject({ configured: 50, current: 50, type: 'count' });
    control('maxLimit')?.set(4);
    expect(limitOf(policy)).toBe(4);
    expect(control('minLimit')).toMatchObject({ configured: 10, current: 4 });
    control('maxLimit')?.set(0);
    expect(await errorOf(policy.execute(ok))).toMatchObject({ code: 'LIMIT_REACHED', limit: 0 });
    control('maxLimit')?.set(undefined);
    expect(limitOf(policy)).toBe(10);
    await expect(policy.execute(ok)).resolves.toBe('ok');
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

test('an idle policy owns no timer', async () => {
  const policy = limited();
  const call = follow(policy.execute(wait(500)));
  await vi.advanceTimersByTimeAsync(100);
  expect(vi.getTimerCount()).toBeGreaterThan(2);
  await vi.advanceTimersByTimeAsync(500);
  expect(call.now.status).toBe('fulfilled');
  expect(vi.getTimerCount()).toBe(0);
});
