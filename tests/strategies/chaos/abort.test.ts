import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  type Breakwater,
  bulkhead,
  type ChaosOptions,
  chaos,
  InjectedFaultError,
  type PolicyOptions,
  type Strategy,
  timeout,
} from '../../../src/index.ts';
import { deferred, errorOf, flush, hanging, testHub } from '../../support.ts';

let hub: Breakwater;

beforeEach(() => {
  vi.useFakeTimers();
  hub = testHub({ defaults: { silenceHazards: ['CHAOS_WITHOUT_END'] } });
});

afterEach(async () => {
  await hub.close();
  vi.useRealTimers();
});

/** A policy whose chaos is on. */
function policyWith(abort: ChaosOptions['abort'], more: PolicyOptions = {}) {
  const policy = hub.policy('database', { ...more, chaos: { abort } });
  policy.chaos?.start();
  return policy;
}

describe('a broken connection', () => {
  test('aborts the signal of the operation and fails the attempt, with the code that Node gives it', async () => {
    const policy = policyWith({ rate: 1, afterMs: 50 });
    let reason: unknown;
    const discard = vi.fn();
    const run = deferred();
    const error = errorOf(
      policy.execute(
        ({ signal, policy: name, attempt, remainingMs }) => {
          expect([name, attempt]).toEqual(['database', 1]);
          expect(remainingMs()).toBe(10_000);
          signal.addEventListener('abort', () => {
            reason = signal.reason;
          });
          return run.promise;
        },
        { discard },
      ),
    );
    await vi.advanceTimersByTimeAsync(65);
    expect(await error).toMatchObject({ code: 'ECONNRESET', syscall: 'read' });
    expect(reason).toBe(await error);
    expect(Reflect.get(Object(reason), 'cause')).toBeInstanceOf(InjectedFaultError);
    expect(policy.stats().attempts).toMatchObject({ failure: 1 });
    run.resolve('late');
    await flush();
    expect(discard).toHaveBeenCalledExactlyOnceWith('late');
  });

  test('keeps the place of an operation that ignores its signal, until that really ends', async () => {
    const policy = policyWith({ rate: 1 }, { bulkhead: { maxConcurrent: 1 } });
    const run = deferred();
    expect(await errorOf(policy.execute(() => run.promise))).toMatchObject({ code: 'ECONNRESET' });
    policy.chaos?.stop();
    expect(await errorOf(policy.execute(() => 'fine'))).toMatchObject({ code: 'BULKHEAD_FULL' });
    run.reject(new Error('late'));
    await flush();
    expect(await policy.execute(() => 'fine')).toBe('fine');
  });

  test('comes too late for an operation that has ended', async () => {
    const policy = policyWith({ rate: 1, afterMs: 50 });
    expect(await policy.execute(() => 'fine')).toBe('fine');
    await vi.advanceTimersByTimeAsync(100);
    expect(policy.chaos?.faults).toBe(0);
    policy.chaos?.stop();
    expect(vi.getTimerCount()).toBe(0);
  });

  test.each<[string, () => unknown]>([
    ['gives a value at once', () => 'fine'],
    [
      'throws at once',
      () => {
        throw new Error('own');
      },
    ],
    ['hangs', hanging],
  ])('at once breaks an operation that %s', async (_, operation) => {
    const policy = policyWith({ rate: 1 });
    expect(await errorOf(policy.execute(operation))).toMatchObject({ code: 'ECONNRESET' });
    expect(policy.chaos?.faults).toBe(1);
  });

  test('leaves an attempt that timed out before it alone', async () => {
    const policy = policyWith({ rate: 1, afterMs: 200 }, { attemptTimeoutMs: 100 });
    const error = errorOf(policy.execute(hanging));
    await vi.advanceTimersByTimeAsync(400);
    expect(await error).toMatchObject({ code: 'TIMEOUT', scope: 'attempt' });
    expect(policy.chaos?.faults).toBe(0);
  });
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
