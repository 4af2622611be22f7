import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type CircuitBreakerOptions, type CircuitEvent, circuitBreaker } from '../../../src/index.ts';
import { deferred, errorOf, failing, flush, repeat, testHub } from '../../support.ts';

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Math, 'random').mockReturnValue(0);
});
afterEach(() => void vi.useRealTimers());

const tenants: CircuitBreakerOptions = {
  perKey: ({ metadata }) => (typeof metadata === 'string' ? metadata : undefined),
  consecutiveFailures: 2,
  openMs: 1_000,
};

function shared(options: CircuitBreakerOptions = {}) {
  const registry = new Registry();
  const hub = testHub({ registry });
  const events: CircuitEvent[] = [];
  const reported: string[] = [];
  hub.on('circuit', (event) => events.push(event));
  hub.on('internal-error', ({ component }) => reported.push(component));
  const policy = hub.policy('database', {
    circuitBreaker: { ...tenants, ...options },
    totalTimeoutMs: false,
    attemptTimeoutMs: false,
  });
  const fail = (key: unknown, times = 2) => repeat(times, () => policy.execute(failing(), { metadata: key }));
  const call = (key: unknown) => policy.execute(() => 'fine', { metadata: key });
  const keys = () => policy.circuits.flatMap(({ key }) => key ?? []).sort();
  const circuitOf = (key: string) => policy.circuits.find((circuit) => circuit.key === key);
  const states = () =>
    policy.circuits.flatMap(({ key, state }) => (key === undefined ? [] : `${key} ${state}`));
  return { hub, registry, policy, events, reported, fail, call, keys, circuitOf, states };
}

describe('a circuit for each key', () => {
  test("one key's failures turn away its calls alone", async () => {
    const { policy, events, fail, call } = shared();
    await fail('a');
    expect(await errorOf(call('a'))).toMatchObject({ code: 'CIRCUIT_OPEN' });
    await expect(call('b')).resolves.toBe('fine');
    await expect(call(undefined)).resolves.toBe('fine');
    expect(policy.circuit.state).toBe('closed');
    expect(events).toEqual([expect.objectContaining({ to: 'open', key: 'a' })]);
    expect(policy.circuits.map(({ key, state }) => [key, state])).toEqual([
      [undefined, 'closed'],
      ['a', 'open'],
      ['b', 'closed'],
    ]);
  });

  test('a key that is undefined, thrown or rubbish is that of the policy, and rubbish is reported', async () => {
    const rubbish: unknown[] = [undefined, 7, '', 'x'.repeat(257), Promise.reject(new Error('late'))];
    for (const given of rubbish) {
      const { policy, reported, fail, keys } = shared({ perKey: () => JSON.parse('null') ?? given });
      await fail('a');
      expect(keys()).toEqual([]);
      expect(policy.circuit.state).toBe('open');
      expect(reported).toEqual(given === undefined ? [] : ['circuit-key', 'circuit-key']);
    }
    const { policy, reported, call, keys } = shared({
      perKey: () => {
        throw new Error('no tenant');
      },
    });
    await expect(call('a')).resolves.toBe('fine');
    expect(keys()).toEqual([]);
    expect(policy.circuit.window.attempts).toBe(1);
    expect(reported).toEqual(['circuit-key']);
  });

  test('what is done by hand to the policy holds for every key until it has closed', async () => {
    const { policy, fail, call } = shared();
    await fail('a');
    await call('b');
    policy.circuit.forceOpen('maintenance');
    expect(await errorOf(call('b'))).toMatchObject({ code: 'CIRCUIT_OPEN' });
    expect(await errorOf(call('new'))).toMatchObject({ code: 'CIRCUIT_OPEN' });
    expect(policy.circuits).toHaveLength(3);
    policy.circuit.probeNow('over');
    await expect(call('new')).resolves.toBe('fine');
    expect(policy.circuit.state).toBe('closed');
    expect(await errorOf(call('a'))).toMatchObject({ code: 'CIRCUIT_OPEN' });
    policy.circuit.disable();
    await expect(call('a')).resolves.toBe('fine');
  });

  test('a limit outside asks the circuit that the call would go through', async () => {
    const { policy, fail } = shared();
    await fail('a');
    const seen: unknown[] = [];
    const hub = testHub();
    const strategy = circuitBreaker(tenants);
    hub.policy('direct', {
      strategies: [
        {
          kind: 'bulkhead',
          describe: () => 'asks',
          bind: (inner) => ({
            outer: { settle: (passage, outcome, now) => passage.call.settle(outcome, now) },
            enter(passage, now) {
              seen.push(inner.refuses?.(passage, now));
              inner.enter(passage, now);
            },
            settle(passage, outcome, now) {
              this.outer.settle(passage, outcome, now);
            },
          }),
        },
        strategy,
      ],
    });
    const direct = hub.get('direct');
    await repeat(2, () => direct.execute(failing(), { metadata: 'a' }));
    await errorOf(direct.execute(() => 1, { metadata: 'a' }));
    await direct.execute(() => 1, { metadata: 'b' });
    expect(seen).toEqual([false, false, true, false]);
    expect(policy.circuit.shadow).toBe(false);
  });
});

describe('no more keys than there is room for', () => {
  test('the closed one used least recently goes first', async () => {
    const { fail, call, keys } = shared({ maxKeys: 3 });
    await call('a');
    await call('b');
    await fail('open');
    await call('a');
    await call('c');
    expect(keys()).toEqual(['a', 'c', 'open']);
  });

  test('no open one goes for a new key, whose calls share the circuit of the policy', async () => {
    const { policy, fail, call, keys } = shared({ maxKeys: 2 });
    await fail('a');
    await fail('b');
    await expect(call('c')).resolves.toBe('fine');
    expect(keys()).toEqual(['a', 'b']);
    expect(policy.circuit.window.attempts).toBe(1);
  });

  test('what was admitted before its circuit was forgotten moves nothing', async () => {
    const { policy, events, call, keys } = shared({ maxKeys: 1, consecutiveFailures: 1 });
    const late = deferred<void>();
    const ended = errorOf(policy.execute(() => late.promise, { metadata: 'a' }));
    await flush();
    await call('b');
    expect(keys()).toEqual(['b']);
    late.reject(new Error('late'));
    await ended;
    expect(events).toEqual([]);
    await expect(call('b')).resolves.toBe('fine');
  });

  test('one that nobody uses any more is forgotten once it was half-open for the longest open time', async () => {
    const { events, fail, keys } = shared({ maxOpenMs: 5_000 });
    await fail('a');
    await vi.advanceTimersByTimeAsync(1_000 + 4_999);
    expect(keys()).toEqual(['a']);
    await vi.advanceTimersByTimeAsync(2);
    expect(keys()).toEqual([]);
    expect(events.map(({ from, to }) => `${from} ${to}`)).toEqual([
      'closed open',
      'open half-open',
      'half-open closed',
    ]);
    expect(vi.getTimerCount()).toBe(0);
  });
});

test('the count windows of all keys are bounded together', () => {
  const perKey = () => 'a';
  const window = { type: 'count', size: 200_000 } as const;
  expect(() => circuitBreaker({ perKey, window })).toThrow(
    /window\.size: must be at most 100000 with 1000 keys \(maxKeys\)/,
  );
  expect(() => circuitBreaker({ window })).not.toThrow();
  expect(() => circuitBreaker({ perKey, window, maxKeys: 500 })).not.toThrow();
});

describe('a circuit that was forgotten', () => {
  async function forgotten() {
    const made = shared({ maxKeys: 2 });
    await made.call('a');
    const stale = made.circuitOf('a');
    if (stale === undefined) throw new Error('there is no circuit of that key');
    for (const key of ['b', 'c', 'a']) await made.call(key);
    expect(made.circuitOf('a')).not.toBe(stale);
    return { ...made, stale };
  }

  test('is not to be steered, and says so', async () => {
    const { stale, events } = await forgotten();
    expect(() => stale.forceOpen('by hand')).toThrow(/forgotten/);
    expect(() => stale.disable()).toThrow(/forgotten/);
    expect(stale.probeNow('by hand')).toBe(false);
    stale.breaker.open();
    stale.breaker.disable();
    await stale.breaker.shutdown();
    stale.reset();
    expect(stale.state).toBe('closed');
    expect(events).toEqual([]);
  });

  test('moves nothing of the new one of its key', async () => {
    const { stale, call, states } = await forgotten();
    // What was begun before may still say so.
    expect(() => stale.forceOpen('by hand')).toThrow();
    for (const key of ['x', 'y', 'z']) await call(key);
    expect(states()).toEqual(['y closed', 'z closed']);
  });
});

describe('an open one that a health check tests', () => {
  const never = { probe: () => false, maxOpenMs: 5_000, maxKeys: 2 } as const;

  test('is forgotten once no call has used it for the longest open time', async () => {
    const { fail, call, keys, events } = shared(never);
    await fail('made-up');
    await fail('real');
    for (let second = 0; second < 20; second += 1) {
      await errorOf(call('real'));
      await vi.advanceTimersByTimeAsync(1_000);
    }
    expect(keys()).toEqual(['real']);
    expect(events.at(-1)?.key).toBe('real');
    expect(events.filter(({ key }) => key === 'made-up').at(-1)).toMatchObject({
      from: 'half-open',
      to: 'closed',
      reason: 'it was forgotten: no call of its key came to try it',
    });
    await expect(call('new')).resolves.toBe('fine');
    expect(keys()).toEqual(['new', 'real']);
  });

  test('stays while a person holds it open', async () => {
    const { call, keys, circuitOf } = shared(never);
    await call('blocked');
    circuitOf('blocked')?.forceOpen('abuse');
    await vi.advanceTimersByTimeAsync(60_000);
    expect(keys()).toEqual(['blocked']);
  });
});

describe('what outlives a process', () => {
  test('is taken up once: a circuit made anew begins closed', async () => {
    const saved = { since: Date.now(), until: null, failedRecoveries: 0 };
    const { call, circuitOf, states } = shared({
      maxKeys: 2,
      restore: [
        { ...saved, state: 'forced-open', key: 'a' },
        { ...saved, state: 'forced-open', key: 'b' },
        { ...saved, state: 'forced-open', key: 'late' },
      ],
    });
    expect(states()).toEqual(['a forced-open', 'b forced-open']);
    circuitOf('a')?.reset();
    expect(await errorOf(call('late'))).toMatchObject({ code: 'CIRCUIT_OPEN' });
    expect(states()).toEqual(['b forced-open', 'late forced-open']);
    circuitOf('late')?.reset();
    await expect(call('a')).resolves.toBe('fine');
    circuitOf('a')?.reset();
    await expect(call('late')).resolves.toBe('fine');
  });

  test('the states of keys that are not closed are taken up, with that of the policy', async () => {
    const first = shared();
    await first.fail('a');
    await first.call('b');
    await first.fail(undefined);
    const saved = first.policy.circuits.map((circuit) => circuit.toJSON());
    const { policy, call, keys } = shared({ restore: JSON.parse(JSON.stringify(saved)) });
    expect(keys()).toEqual(['a']);
    expect(policy.circuit.state).toBe('open');
    expect(await errorOf(call('a'))).toMatchObject({ code: 'CIRCUIT_OPEN' });
    await expect(call('b')).resolves.toBe('fine');
    await vi.advanceTimersByTimeAsync(1_000);
    await expect(call('a')).resolves.toBe('fine');
  });
});

test('keys are in no metric, and the states of all circuits are summed', async () => {
  const { registry, fail, call } = shared();
  await fail('tenant-a');
  await call('tenant-b');
  const text = await registry.metrics();
  expect(text).toContain('breakwater_circuit_state{policy="database",state="open"} 1');
  expect(text).toContain('breakwater_circuit_state{policy="database",state="closed"} 2');
  expect(text).toContain('breakwater_circuit_keys{policy="database"} 2');
  expect(text).not.toContain('tenant-a');
});

test('a policy that is removed leaves no timer of any key', async () => {
  const { hub, fail } = shared();
  await fail('a');
  await fail('b');
  expect(vi.getTimerCount()).toBeGreaterThan(1);
  await hub.close();
  expect(vi.getTimerCount()).toBe(0);
});

test('a policy that is removed makes no circuit and no health check for a call that was on its way', async () => {
  const hub = testHub();
  const probe = vi.fn(() => false);
  const policy = hub.policy('database', {
    retry: { maxRetries: 1, baseDelayMs: 5_000, jitter: 'none' },
    circuitBreaker: { ...tenants, maxKeys: 1, consecutiveFailures: 1, maxOpenMs: 1_000, probe },
    totalTimeoutMs: false,
    attemptTimeoutMs: false,
  });
  const first = deferred<void>();
  const operation = vi.fn(() => first.promise);
  const ended = errorOf(policy.execute(operation, { metadata: 'a' }));
  await flush();
  await policy.execute(() => 'fine', { metadata: 'b' });
  first.reject(new Error('down'));
  await flush();
  hub.remove('database');
  await vi.advanceTimersByTimeAsync(600_000);
  await ended;
  expect(operation).toHaveBeenCalledTimes(2);
  expect(policy.circuits.flatMap(({ key }) => key ?? [])).toEqual(['b']);
  expect(probe).not.toHaveBeenCalled();
  expect(vi.getTimerCount()).toBe(0);
});
