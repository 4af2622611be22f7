import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { CircuitBreakerOptions, CircuitSnapshot, Policy } from '../../../src/index.ts';
import { errorOf, failing, testHub } from '../../support.ts';

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Math, 'random').mockReturnValue(0);
});
afterEach(() => void vi.useRealTimers());

const perKey = ({ metadata }: { readonly metadata: unknown }) => String(metadata);
const endpoints = ['a', 'b'].map((name) => ({ name, target: name }));

/** Two endpoints of which the first does not answer. */
function halfDead(options: CircuitBreakerOptions = {}) {
  const policy = testHub().policy('database', {
    failover: { endpoints },
    circuitBreaker: { consecutiveFailures: 2, ...options },
  });
  const call = (metadata: unknown = 'any') =>
    policy.execute(async ({ target }) => (target === 'a' ? failing()() : 'fine'), { metadata });
  return { policy, call };
}

/** A policy with a circuit for each tenant, of which `bad` always fails. */
function tenants(options: CircuitBreakerOptions = {}) {
  const policy = testHub().policy('database', {
    circuitBreaker: { perKey, consecutiveFailures: 1, openMs: 1_000, ...options },
  });
  const call = (metadata: string) =>
    policy.execute(async () => (metadata === 'bad' ? failing()() : 'fine'), { metadata });
  return { policy, call };
}

async function served(call: () => Promise<unknown>, times: number): Promise<number> {
  let fine = 0;
  for (let time = 0; time < times; time += 1) {
    const [settled] = await Promise.allSettled([call()]);
    if (settled?.status === 'fulfilled') fine += 1;
    await vi.advanceTimersByTimeAsync(1_000);
  }
  return fine;
}

const letGo: readonly [string, (policy: Policy<unknown>) => void][] = [
  ['its time is up', ({ circuit }) => circuit.forceOpen('maintenance', 60_000)],
  [
    'it is let go early',
    ({ circuit }) => {
      circuit.forceOpen('maintenance');
      setTimeout(() => circuit.probeNow('over'), 59_000);
    },
  ],
  ['a tool made for opossum opened it', ({ circuit }) => circuit.breaker.open()],
];

describe('what was held for all calls ends for all at once, so that one that is down holds up nobody', () => {
  test.each(letGo)('where another endpoint answers: %s', async (_how, hold) => {
    const { policy, call } = halfDead();
    await call();
    hold(policy);
    expect(await errorOf(call())).toMatchObject({ code: 'CIRCUIT_OPEN' });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(policy.circuit.state).toBe('closed');
    expect(await served(() => call(), 50)).toBe(50);
  });

  test.each(letGo)('where other keys are well: %s', async (_how, hold) => {
    const { policy, call } = tenants({ openMs: 30_000 });
    await call('good');
    hold(policy);
    expect(await errorOf(call('good'))).toMatchObject({ code: 'CIRCUIT_OPEN' });
    await vi.advanceTimersByTimeAsync(60_000);
    await errorOf(call('bad'));
    expect(await served(() => call('good'), 20)).toBe(20);
    expect(await errorOf(call('bad'))).toMatchObject({ code: 'CIRCUIT_OPEN' });
  });

  test('an endpoint that is held, with the circuits of its keys behind it', async () => {
    const { policy, call } = halfDead({ perKey });
    await call('good');
    const held = policy.circuits.find(({ endpoint, key }) => endpoint === 'b' && key === undefined);
    held?.forceOpen('moved', 1_000);
    await errorOf(call('good'));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(held?.state).toBe('closed');
    expect(await served(() => call('good'), 5)).toBe(5);
  });

  test('one with nothing behind it tries first, and so does one that a health check answers for', async () => {
    const alone = testHub().policy('database', {});
    alone.circuit.forceOpen('maintenance', 1_000);
    const { policy, call } = tenants({ probe: () => new Promise(() => {}) });
    policy.circuit.forceOpen('maintenance', 1_000);
    await vi.advanceTimersByTimeAsync(1_001);
    expect(alone.circuit.state).toBe('half-open');
    expect(policy.circuit.state).toBe('half-open');
    expect(await errorOf(call('good'))).toMatchObject({ code: 'CIRCUIT_OPEN' });
  });

  test('a health check answers for no policy whose endpoints have one each', async () => {
    const { policy, call } = halfDead({ probe: ({ endpoint }) => endpoint === 'b' });
    policy.circuit.forceOpen('maintenance', 1_000);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await served(() => call(), 20)).toBe(20);
  });
});

describe('a health check holds all calls only where it opened what was closed', () => {
  test("not where it fails to close what the policy's own calls have opened", async () => {
    const { policy, call } = tenants({
      perKey: ({ metadata }) => (metadata === 'bad' ? undefined : String(metadata)),
      probe: () => false,
    });
    await errorOf(call('bad'));
    await vi.advanceTimersByTimeAsync(1_500);
    expect(policy.circuit).toMatchObject({ state: 'open', governs: false });
    await expect(call('good')).resolves.toBe('fine');
  });

  test('and still does so after a restart', async () => {
    const options = { probe: { check: () => false, intervalMs: 1_000, failures: 1 } };
    const first = tenants(options);
    await vi.advanceTimersByTimeAsync(500);
    expect(await errorOf(first.call('good'))).toMatchObject({ code: 'CIRCUIT_OPEN' });
    const saved: CircuitSnapshot = JSON.parse(JSON.stringify(first.policy.circuit));
    expect(saved).toMatchObject({ state: 'open', governs: true });
    const second = tenants({ ...options, restore: saved });
    expect(second.policy.circuit.state).toBe('open');
    expect(await errorOf(second.call('good'))).toMatchObject({ code: 'CIRCUIT_OPEN' });
  });
});
