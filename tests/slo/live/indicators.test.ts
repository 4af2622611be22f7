import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { CallOptions, PolicyOptions } from '../../../src/index.ts';
import { failing, hanging, testHub } from '../../support.ts';

/*
 * DESIGN, section 5, sentence by sentence, from a call to the report.
 */

type Sli = 'availability' | 'latency' | 'correctness';
type Judged = Readonly<Partial<Record<Sli, 'good' | 'bad'>>>;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const THRESHOLD_MS = 100;
const good: Judged = { availability: 'good', latency: 'good', correctness: 'good' };
const bad: Judged = { availability: 'bad', latency: 'bad', correctness: 'bad' };

function newPolicy(options: PolicyOptions) {
  const hub = testHub();
  const slo = {
    availability: 0.9,
    latency: { objective: 0.9, thresholdMs: THRESHOLD_MS },
    correctness: 0.9,
  };
  const policy = hub.policy('p', { circuitBreaker: false, ...options, slo });
  const counts = () =>
    (hub.slo.report('p')[0]?.objectives ?? []).map(({ sli, good, bad }) => ({ sli, good, bad }));
  /** What the calls that `run` makes are, besides those before; it fails where there is more than one. */
  const judged = async (run: () => Promise<unknown>): Promise<Judged> => {
    const before = counts();
    const ended = run().catch(() => {});
    await vi.advanceTimersByTimeAsync(60_000);
    await ended;
    const found: { [S in Sli]?: 'good' | 'bad' } = {};
    for (const [at, { sli, good, bad }] of counts().entries()) {
      const more = [good - (before[at]?.good ?? 0), bad - (before[at]?.bad ?? 0)];
      expect([
        [0, 0],
        [1, 0],
        [0, 1],
      ]).toContainEqual(more);
      if (more[0] === 1) found[sli] = 'good';
      if (more[1] === 1) found[sli] = 'bad';
    }
    return found;
  };
  return { policy, judged };
}

/** What one call is judged to be. */
function oneCall(
  options: PolicyOptions,
  operation: () => unknown,
  given: CallOptions<unknown> = {},
): Promise<Judged> {
  const { policy, judged } = newPolicy(options);
  return judged(() => policy.execute(operation, given));
}

const after = (ms: number, act: () => unknown) => () =>
  new Promise((resolve) => setTimeout(resolve, ms)).then(act);
const down = () => {
  throw new Error('down');
};

describe('availability is good', () => {
  test('when the final verdict is success', async () => {
    expect(await oneCall({}, () => 1)).toEqual(good);
    let tries = 0;
    const secondTry = () => (++tries === 1 ? down() : 1);
    expect(await oneCall({ retry: { baseDelayMs: 1, jitter: 'none' } }, secondTry)).toEqual(good);
  });

  test('when the final verdict is refused, be it thrown or a value', async () => {
    expect(await oneCall({ classify: () => 'refused' }, down)).toEqual(good);
    expect(await oneCall({ classify: () => 'refused' }, () => 404)).toEqual(good);
  });

  test('when a fallback answered, or a stale value; both are available, but not correct', async () => {
    const expected = { ...good, correctness: 'bad' };
    expect(await oneCall({ fallback: () => 'made up' }, down)).toEqual(expected);
    const { policy, judged } = newPolicy({ cacheFallback: {} });
    expect(await judged(() => policy.execute(() => 'fine', { cacheKey: 'k' }))).toEqual(good);
    expect(await judged(() => policy.execute(down, { cacheKey: 'k' }))).toEqual(expected);
  });
});

describe('latency is good', () => {
  test('when that happened within the threshold, the threshold included', async () => {
    expect(
      await oneCall(
        {},
        after(THRESHOLD_MS, () => 1),
      ),
    ).toEqual(good);
    expect(
      await oneCall(
        {},
        after(THRESHOLD_MS + 1, () => 1),
      ),
    ).toEqual({ ...good, latency: 'bad' });
  });

  test('by the whole call: attempts and waits add up, and a late refusal or fallback is late', async () => {
    let tries = 0;
    const secondTry = () => (++tries === 1 ? down() : 1);
    const retry = { baseDelayMs: 500, jitter: 'none' } as const;
    expect(await oneCall({ retry }, secondTry)).toEqual({ ...good, latency: 'bad' });
    expect(await oneCall({ classify: () => 'refused' }, after(200, down))).toEqual({
      ...good,
      latency: 'bad',
    });
    expect(await oneCall({ fallback: () => 1 }, after(200, down))).toEqual({
      availability: 'good',
      latency: 'bad',
      correctness: 'bad',
    });
  });

  test('when a failure that came at once is not: it is bad', async () => {
    expect(await oneCall({}, down)).toEqual(bad);
  });
});

describe('correctness is good', () => {
  test('when the value is live and passes the check', async () => {
    expect(await oneCall({}, () => 7, { check: (value) => value === 7 })).toEqual(good);
    expect(await oneCall({}, () => 8, { check: (value) => value === 7 })).toEqual({
      ...good,
      correctness: 'bad',
    });
  });

  test('when the value is fresh', async () => {
    const { policy, judged } = newPolicy({ cacheFallback: { freshForMs: 600_000 } });
    const call = () => policy.execute(() => 7, { cacheKey: 'k', check: (value) => value === 7 });
    expect(await judged(call)).toEqual(good);
    const operation = vi.fn(down);
    expect(await judged(() => policy.execute(operation, { cacheKey: 'k' }))).toEqual(good);
    expect(operation).not.toHaveBeenCalled();
  });

  test('for a wrapped function with its own check as well', async () => {
    const { policy, judged } = newPolicy({});
    const wrapped = policy.wrap((n: number) => Promise.resolve(n), { check: (n) => n > 0 });
    expect(await judged(() => wrapped(1))).toEqual(good);
    expect(await judged(() => wrapped(-1))).toEqual({ ...good, correctness: 'bad' });
  });

  test('not when the check throws, which is reported and kept from the caller', async () => {
    const hub = testHub();
    const reported: string[] = [];
    hub.on('internal-error', ({ component }) => void reported.push(component));
    const policy = hub.policy('p', { slo: { correctness: 0.9 } });
    expect(await policy.execute(() => 1, { check: down })).toBe(1);
    expect(reported).toEqual(['check']);
    expect(hub.slo.report()[0]?.objectives[0]).toMatchObject({ good: 0, bad: 1 });
  });
});

describe('a failed call is bad in all three', () => {
  test.each<[string, PolicyOptions, () => unknown]>([
    ['an error', {}, down],
    ['a permanent failure', { classify: () => 'permanent' }, down],
    ['a defect', {}, () => Reflect.apply(down, undefined, [Reflect.get({}, 'x').y])],
    ['a value that classify calls a failure', { classify: () => 'transient' }, () => 503],
    ['a timeout', { attemptTimeoutMs: 20 }, hanging],
    ['the total timeout', { totalTimeoutMs: 20, attemptTimeoutMs: false }, hanging],
    ['retries that ran out', { retry: { maxRetries: 2, baseDelayMs: 1 } }, down],
    ['a fallback that fails as well', { fallback: down }, down],
  ])('%s', async (_name, options, operation) => {
    expect(await oneCall(options, operation)).toEqual(bad);
  });

  test('a rejection, though it came at once', async () => {
    const { policy, judged } = newPolicy({ circuitBreaker: {} });
    policy.circuit.forceOpen('for the test');
    const operation = vi.fn(() => 1);
    expect(await judged(() => policy.execute(operation))).toEqual(bad);
    expect(operation).not.toHaveBeenCalled();
  });
});

describe('a call that nobody can judge', () => {
  const abortedAfter = (ms: number) => {
    const { policy, judged } = newPolicy({});
    const controller = new AbortController();
    setTimeout(() => controller.abort(), ms);
    return judged(() => policy.execute(hanging, { signal: controller.signal }));
  };

  test('is in none when its caller gave up in time', async () => {
    expect(await abortedAfter(THRESHOLD_MS)).toEqual({});
  });

  test('is bad for latency, and for that only, when its caller had waited past the threshold', async () => {
    expect(await abortedAfter(THRESHOLD_MS + 1)).toEqual({ latency: 'bad' });
  });

  test('is so by classify too', async () => {
    expect(await oneCall({ classify: () => 'ignored' }, failing())).toEqual({});
    expect(await oneCall({ classify: () => 'ignored' }, after(150, down))).toEqual({ latency: 'bad' });
  });
});
