import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type CircuitBreakerOptions, circuitBreaker, isBreakwaterError } from '../../../src/index.ts';
import { errorOf, failing, repeat, testHub } from '../../support.ts';

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Math, 'random').mockReturnValue(0);
});
afterEach(() => void vi.useRealTimers());

function updatable(options: CircuitBreakerOptions) {
  const strategy = circuitBreaker(options);
  const policy = testHub().policy('database', { strategies: [strategy] });
  const update = (next: CircuitBreakerOptions) => strategy.adjustable?.prepare({ ...options, ...next })();
  const fail = (times: number, metadata?: string) =>
    repeat(times, () => policy.execute(failing(), { metadata }));
  return { policy, update, fail };
}

describe('options that change while it works', () => {
  test('thresholds hold for what the window has already', async () => {
    const { policy, update, fail } = updatable({ minimumThroughput: 10 });
    await fail(4);
    update({ minimumThroughput: 5 });
    expect(policy.circuit.window).toEqual({ attempts: 4, failures: 4, slow: 0 });
    await fail(1);
    expect(policy.circuit.state).toBe('open');
  });

  test('the open time holds from the next opening on', async () => {
    const { policy, update, fail } = updatable({ consecutiveFailures: 1, openMs: 1_000 });
    await fail(1);
    update({ openMs: 5_000 });
    expect(policy.circuit.retryAfterMs).toBe(1_000);
    policy.circuit.reset();
    await fail(1);
    expect(policy.circuit.retryAfterMs).toBe(5_000);
  });

  test('a window of its type keeps what it reaches back to', async () => {
    const timed = updatable({ window: { type: 'time', ms: 10_000 }, minimumThroughput: 100 });
    await timed.fail(3);
    await vi.advanceTimersByTimeAsync(4_000);
    await timed.fail(2);
    timed.update({ window: { type: 'time', ms: 20_000 } });
    expect(timed.policy.circuit.window).toEqual({ attempts: 5, failures: 5, slow: 0 });
    timed.update({ window: { type: 'time', ms: 4_000 } });
    expect(timed.policy.circuit.window.attempts).toBe(2);
    await vi.advanceTimersByTimeAsync(4_000);
    expect(timed.policy.circuit.window.attempts).toBe(0);
    const counted = updatable({ window: { type: 'count', size: 10 }, minimumThroughput: 10 });
    await counted.fail(5);
    counted.update({ window: { type: 'count', size: 3 }, minimumThroughput: 3 });
    expect(counted.policy.circuit.window.attempts).toBe(3);
    counted.update({ window: { type: 'time', ms: 1_000 } });
    expect(counted.policy.circuit.window.attempts).toBe(0);
  });

  test('fewer probes than have succeeded already close a half-open circuit', async () => {
    const { policy, update, fail } = updatable({ consecutiveFailures: 1, openMs: 100, halfOpenProbes: 3 });
    await fail(1);
    await vi.advanceTimersByTimeAsync(100);
    await policy.execute(() => 'fine');
    expect(policy.circuit.state).toBe('half-open');
    update({ halfOpenProbes: 1 });
    expect(policy.circuit.state).toBe('closed');
  });

  test('fewer keys forget the closed ones first', async () => {
    const { policy, update, fail } = updatable({
      perKey: ({ metadata }) => String(metadata),
      consecutiveFailures: 1,
    });
    await fail(1, 'open');
    for (const metadata of ['x', 'y', 'z']) await policy.execute(() => 1, { metadata });
    update({ maxKeys: 1 });
    expect(policy.circuits.map(({ key }) => key)).toEqual([undefined, 'open']);
  });

  test('a health check that comes later tests a circuit that is half-open', async () => {
    const { policy, update, fail } = updatable({ consecutiveFailures: 1, openMs: 100 });
    await fail(1);
    await vi.advanceTimersByTimeAsync(100);
    expect(policy.circuit.state).toBe('half-open');
    update({ probe: () => true });
    await vi.advanceTimersByTimeAsync(0);
    expect(policy.circuit.state).toBe('closed');
  });

  test('shadow mode lets through at once what was turned away', async () => {
    const { policy, update, fail } = updatable({ consecutiveFailures: 1 });
    await fail(1);
    expect(isBreakwaterError(await errorOf(policy.execute(() => 1)))).toBe(true);
    update({ mode: 'shadow' });
    await expect(policy.execute(() => 1)).resolves.toBe(1);
  });

  test('the state to begin with cannot change, and what is wrong changes nothing', () => {
    const { policy, update } = updatable({ openMs: 1_000 });
    expect(() => update({ restore: { state: 'open', since: 0, until: null, failedRecoveries: 0 } })).toThrow(
      /restore/,
    );
    expect(() => update({ openMs: -1 })).toThrow(/openMs/);
    expect(policy.circuit.configuration).toMatchObject({ openMs: 1_000 });
  });

  test('what stays as it is, or is written anew alike, forgets no key and restarts no wait', async () => {
    const checks = vi.fn(() => true);
    const inline = () => ({
      perKey: ({ metadata }: { readonly metadata: unknown }) => String(metadata),
      consecutiveFailures: 1,
      openMs: 1_000,
      maxOpenMs: 60_000,
    });
    const keyed = updatable(inline());
    const probe = () => ({ check: () => checks(), intervalMs: 60_000 });
    const checked = updatable({ probe: probe() });
    await keyed.fail(1, 'idle');
    for (const policy of [keyed.policy, checked.policy])
      expect(policy.circuits.map(({ key }) => key)).toEqual(
        policy === keyed.policy ? [undefined, 'idle'] : [undefined],
      );
    for (let half = 0; half < 10; half += 1) {
      await vi.advanceTimersByTimeAsync(30_000);
      keyed.update(inline());
      checked.update({ probe: probe() });
      if (half === 0)
        expect(keyed.policy.circuits.map(({ state }) => state)).toEqual(['closed', 'half-open']);
    }
    expect(keyed.policy.circuits.map(({ key }) => key)).toEqual([undefined]);
    expect(checks.mock.calls.length).toBeGreaterThanOrEqual(4);
  });

  test('a wait of another length begins anew, and one that is not wanted ends', async () => {
    const check = vi.fn(() => true);
    const { update } = updatable({ probe: { check, intervalMs: 600_000 } });
    await vi.advanceTimersByTimeAsync(1);
    expect(check).toHaveBeenCalledTimes(1);
    update({ probe: { check, intervalMs: 1_000 } });
    await vi.advanceTimersByTimeAsync(1_000);
    expect(check).toHaveBeenCalledTimes(2);
    update({ probe: { check } });
    expect(vi.getTimerCount()).toBe(0);
  });

  test('keys of another function begin anew, whatever was saved for the keys of the one before', async () => {
    const saved = { state: 'forced-open', since: 0, until: null, failedRecoveries: 0 } as const;
    const { policy, update } = updatable({
      perKey: ({ metadata }) => String(metadata),
      maxKeys: 1,
      restore: [
        { ...saved, key: 'a' },
        { ...saved, key: 'b' },
      ],
    });
    expect(policy.circuits.map(({ key }) => key)).toEqual([undefined, 'a']);
    update({ perKey: ({ metadata }) => `${metadata}` });
    expect(policy.circuits.map(({ key }) => key)).toEqual([undefined]);
    for (const metadata of ['a', 'b'])
      await expect(policy.execute(() => 'fine', { metadata })).resolves.toBe('fine');
  });
});
