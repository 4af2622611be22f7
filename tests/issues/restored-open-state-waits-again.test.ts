import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { CircuitSnapshot } from '../../src/index.ts';
import { errorOf, failing, repeat, testHub } from '../support.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

async function openedSnapshot(openMs: number): Promise<string> {
  const policy = testHub().policy('database', { circuitBreaker: { consecutiveFailures: 1, openMs } });
  await repeat(1, () => policy.execute(failing()));
  return JSON.stringify(policy.circuit);
}

test('a restored open circuit waits only what was left', async () => {
  const saved: CircuitSnapshot = JSON.parse(await openedSnapshot(30_000));
  await vi.advanceTimersByTimeAsync(20_000);

  const policy = testHub().policy('database', {
    circuitBreaker: { consecutiveFailures: 1, openMs: 30_000, restore: saved },
  });
  expect(policy.circuit.state).toBe('open');
  expect(policy.circuit.breaker.opened).toBe(true);
  expect(policy.circuit.since).toBe(saved.since);
  expect(policy.circuit.retryAfterMs).toBeGreaterThanOrEqual(10_000);
  expect(policy.circuit.retryAfterMs).toBeLessThanOrEqual(13_000);
  expect(await errorOf(policy.execute(() => 'unused'))).toMatchObject({ code: 'CIRCUIT_OPEN' });
  await vi.advanceTimersByTimeAsync(13_001);
  expect(await policy.execute(() => 'probe')).toBe('probe');
  expect(policy.circuit.state).toBe('closed');
});

test('one whose time ran out meanwhile lets a probe through at once', async () => {
  const saved: CircuitSnapshot = JSON.parse(await openedSnapshot(1_000));
  await vi.advanceTimersByTimeAsync(60_000);
  const policy = testHub().policy('database', { circuitBreaker: { openMs: 1_000, restore: saved } });
  expect(policy.circuit.state).toBe('half-open');
  expect(await policy.execute(() => 'probe')).toBe('probe');
});

test('a wall clock that jumped back does not keep it open for longer than it could have been', async () => {
  const saved: CircuitSnapshot = JSON.parse(await openedSnapshot(1_000));
  vi.setSystemTime(saved.since - 86_400_000);
  const policy = testHub().policy('database', {
    circuitBreaker: { openMs: 1_000, maxOpenMs: 2_000, restore: saved },
  });
  expect(policy.circuit.retryAfterMs).toBeLessThanOrEqual(2_200);
});

test('failed recoveries are restored with it, so that the open time goes on growing', async () => {
  const policy = testHub().policy('database', {
    circuitBreaker: {
      consecutiveFailures: 1,
      openMs: 1_000,
      restore: { state: 'open', since: Date.now(), until: Date.now(), failedRecoveries: 2 },
    },
  });
  await repeat(1, () => policy.execute(failing()));
  expect(policy.circuit.state).toBe('open');
  expect(policy.circuit.retryAfterMs).toBeGreaterThanOrEqual(8_000);
  expect(policy.circuit.retryAfterMs).toBeLessThanOrEqual(8_800);
});
