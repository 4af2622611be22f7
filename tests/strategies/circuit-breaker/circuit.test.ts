import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type CircuitBreakerOptions, type CircuitEvent, circuitBreaker } from '../../../src/index.ts';
import { deferred, errorOf, failing, flush, follow, repeat, testHub } from '../../support.ts';

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Math, 'random').mockReturnValue(0);
});
afterEach(() => void vi.useRealTimers());

function dependency(circuitBreaker: CircuitBreakerOptions) {
  const hub = testHub();
  const events: CircuitEvent[] = [];
  hub.on('circuit', (event) => events.push(event));
  const policy = hub.policy('database', { circuitBreaker, totalTimeoutMs: false, attemptTimeoutMs: false });
  const takes = (ms: number) => async () => {
    const call = policy.execute(() => new Promise((resolve) => setTimeout(resolve, ms)));
    await vi.advanceTimersByTimeAsync(ms);
    await call;
  };
  return { hub, policy, events, takes };
}

describe('closed', () => {
  test('slow attempts trip by their share', async () => {
    const { policy, takes } = dependency({ slowRate: 0.5, slowAttemptMs: 100, minimumThroughput: 4 });
    await repeat(2, takes(100));
    expect(policy.circuit.window).toEqual({ attempts: 2, failures: 0, slow: 0 });
    await repeat(1, takes(101));
    expect(policy.circuit.state).toBe('closed');
    await repeat(1, takes(101));
    expect(policy.circuit.state).toBe('open');
  });

  test('a success between failures ends the row', async () => {
    const { policy } = dependency({ consecutiveFailures: 2, failureRate: false });
    for (let at = 0; at < 20; at += 1) {
      await repeat(1, () => policy.execute(failing()));
      await repeat(1, () => policy.execute(() => 'fine'));
    }
    expect(policy.circuit.state).toBe('closed');
  });

  test('failures older than the window do not count', async () => {
    const { policy } = dependency({ minimumThroughput: 4, window: { type: 'time', ms: 1_000 } });
    await repeat(3, () => policy.execute(failing()));
    await vi.advanceTimersByTimeAsync(1_001);
    expect(policy.circuit.window.attempts).toBe(0);
    await repeat(3, () => policy.execute(failing()));
    expect(policy.circuit.state).toBe('closed');
  });
});

describe('open', () => {
  const opened = async (options: CircuitBreakerOptions) => {
    const made = dependency({ consecutiveFailures: 1, openMs: 1_000, ...options });
    await repeat(1, () => made.policy.execute(failing()));
    return made;
  };

  test('turns calls away with the time that is left', async () => {
    const { policy } = await opened({});
    await vi.advanceTimersByTimeAsync(400);
    expect(await errorOf(policy.execute(() => 1))).toMatchObject({
      code: 'CIRCUIT_OPEN',
      retryAfterMs: 600,
      policy: 'database',
    });
    expect(policy.circuit.retryAfterMs).toBe(600);
  });

  test('grows with each failed half-open up to maxOpenMs, and closing starts it afresh', async () => {
    const { policy, events } = await opened({ maxOpenMs: 3_000 });
    for (const openMs of [1_000, 2_000, 3_000]) {
      await vi.advanceTimersByTimeAsync(openMs - 1);
      expect(policy.circuit.state).toBe('open');
      await vi.advanceTimersByTimeAsync(2);
      expect(policy.circuit.state).toBe('half-open');
      await repeat(1, () => policy.execute(failing()));
    }
    expect(events.flatMap(({ openForMs = [] }) => openForMs)).toEqual([1_000, 2_000, 3_000, 3_000]);
    await vi.advanceTimersByTimeAsync(3_001);
    await repeat(1, () => policy.execute(() => 'back'));
    await repeat(1, () => policy.execute(failing()));
    expect(policy.circuit.retryAfterMs).toBe(1_000);
  });

  test('has up to a tenth added by chance', async () => {
    vi.mocked(Math.random).mockReturnValue(0.999_999);
    const { policy } = await opened({});
    expect(policy.circuit.retryAfterMs).toBeCloseTo(1_100, 0);
  });

  test('is lengthened by the Retry-After of the outcome that tripped it, up to maxOpenMs', async () => {
    const hub = testHub();
    const asks = [5_000, 60_000, 10];
    for (const [at, expected] of [5_000, 20_000, 1_000].entries()) {
      const policy = hub.policy(`database ${at}`, {
        circuitBreaker: { consecutiveFailures: 1, openMs: 1_000, maxOpenMs: 20_000 },
        classify: () => ({ verdict: 'transient', retryAfterMs: asks[at] }),
      });
      await repeat(1, () => policy.execute(failing()));
      expect(policy.circuit.retryAfterMs).toBe(expected);
    }
  });
});

describe('half-open', () => {
  const halfOpen = async (options: CircuitBreakerOptions) => {
    const made = dependency({ consecutiveFailures: 1, openMs: 1_000, openBackoffFactor: 1, ...options });
    await repeat(1, () => made.policy.execute(failing()));
    await vi.advanceTimersByTimeAsync(1_001);
    expect(made.policy.circuit.state).toBe('half-open');
    return made;
  };

  test('with several probes, decides as soon as the answer is sure', async () => {
    const { policy } = await halfOpen({ halfOpenProbes: 4, failureRate: 0.5 });
    await repeat(2, () => policy.execute(() => 'good'));
    expect(policy.circuit.state).toBe('half-open');
    await repeat(1, () => policy.execute(() => 'good'));
    expect(policy.circuit.state).toBe('closed');

    const other = await halfOpen({ halfOpenProbes: 4, failureRate: 0.5 });
    await repeat(1, () => other.policy.execute(failing()));
    expect(other.policy.circuit.state).toBe('half-open');
    await repeat(1, () => other.policy.execute(failing()));
    expect(other.policy.circuit.state).toBe('open');
  });

  test('admits halfOpenProbes in all, running or settled', async () => {
    const { policy } = await halfOpen({ halfOpenProbes: 3, failureRate: 1 });
    const run = deferred();
    const probes = [1, 2, 3].map(() => follow(policy.execute(() => run.promise)));
    expect(await errorOf(policy.execute(() => 1))).toMatchObject({ code: 'CIRCUIT_OPEN' });
    run.reject(new Error('down'));
    await flush();
    expect(probes.map(({ now }) => now.status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect(policy.circuit.state).toBe('open');
  });

  test('a slow probe counts as slow', async () => {
    const { policy, takes } = await halfOpen({ slowRate: 0.5, slowAttemptMs: 100, halfOpenProbes: 1 });
    await repeat(1, takes(150));
    expect(policy.circuit.state).toBe('open');
  });

  test.each([
    ['nobody can say', 'ignored'],
    ['our own side is wrong', 'defect'],
  ] as const)('a place that was released, as %s, is given to the next', async (_why, verdict) => {
    const { policy } = await halfOpen({});
    await repeat(3, () => policy.execute(failing(), { classify: () => verdict }));
    expect(policy.circuit.state).toBe('half-open');
    expect(await policy.execute(() => 'probe')).toBe('probe');
    expect(policy.circuit.state).toBe('closed');
  });

  test('a probe that settles past halfOpenMaxMs counts as failed, even before any timer has run', async () => {
    const { policy } = await halfOpen({ halfOpenMaxMs: 500 });
    const run = deferred();
    const probe = policy.execute(() => run.promise);
    const now = performance.now();
    vi.spyOn(performance, 'now').mockReturnValue(now + 501);
    run.resolve('late');
    expect(await probe).toBe('late');
    expect(policy.circuit.breaker.opened).toBe(true);
    vi.mocked(performance.now).mockRestore();
  });
});

describe('by hand', () => {
  test('forced open turns all away until it is reset, and pages as manual', async () => {
    const { policy, events } = dependency({});
    policy.circuit.forceOpen('maintenance');
    expect(policy.circuit).toMatchObject({ state: 'forced-open', retryAfterMs: Number.POSITIVE_INFINITY });
    expect(await errorOf(policy.execute(() => 1))).toMatchObject({
      code: 'CIRCUIT_OPEN',
      message: "The circuit of policy 'database' is open; it is held open until it is reset.",
    });
    await vi.advanceTimersByTimeAsync(86_400_000);
    expect(policy.circuit.state).toBe('forced-open');
    policy.circuit.reset();
    expect(policy.circuit.state).toBe('closed');
    expect(events).toMatchObject([
      { from: 'closed', to: 'forced-open', reason: 'maintenance', manual: true },
      { from: 'forced-open', to: 'closed', manual: true },
    ]);
  });

  test('forced open for a time ends half-open; again, it changes how long and is no new transition', async () => {
    const { policy, events } = dependency({});
    policy.circuit.forceOpen('maintenance', 1_000);
    policy.circuit.forceOpen('maintenance, longer', 5_000);
    await vi.advanceTimersByTimeAsync(4_999);
    expect(policy.circuit.state).toBe('forced-open');
    await vi.advanceTimersByTimeAsync(2);
    expect(policy.circuit.state).toBe('half-open');
    expect(events.map(({ to }) => to)).toEqual(['forced-open', 'half-open']);
  });

  test('disabled lets all through and counts nothing, for a time or until reset', async () => {
    const { policy, events } = dependency({ consecutiveFailures: 1 });
    policy.circuit.disable(1_000);
    await repeat(5, () => policy.execute(failing()));
    expect(policy.circuit.state).toBe('disabled');
    expect(policy.circuit.window.attempts).toBe(0);
    const early = deferred();
    const call = follow(policy.execute(() => early.promise));
    await vi.advanceTimersByTimeAsync(1_001);
    expect(events.map(({ to }) => to)).toEqual(['disabled', 'closed']);
    early.reject(new Error('from before'));
    await flush();
    expect(call.now.status).toBe('rejected');
    expect(policy.circuit.state).toBe('closed');
    policy.circuit.disable();
    await vi.advanceTimersByTimeAsync(86_400_000);
    expect(policy.circuit.state).toBe('disabled');
    policy.circuit.reset();
    expect(policy.circuit.state).toBe('closed');
  });

  test('wrong arguments are refused and change nothing', () => {
    const { policy } = dependency({});
    expect(() => policy.circuit.forceOpen('')).toThrow(/reason: must be a string that is not empty/);
    expect(() => policy.circuit.forceOpen('why', Number.NaN)).toThrow(/forMs: must be a finite number/);
    expect(() => policy.circuit.disable(-1)).toThrow(/forMs/);
    expect(policy.circuit.state).toBe('closed');
  });

  test('without a circuit breaker there is a circuit that says so', () => {
    const policy = testHub().policy('database', { circuitBreaker: false });
    expect(policy.circuit.state).toBe('disabled');
    expect(policy.circuits).toEqual([]);
    expect(() => policy.circuit.reset()).toThrow(/no circuit breaker/);
    expect(JSON.stringify(policy.circuit)).toBe(
      '{"state":"disabled","since":0,"until":null,"failedRecoveries":0}',
    );
  });
});

test('in shadow mode it decides and reports, and turns nothing away', async () => {
  const { hub, policy, events } = dependency({ consecutiveFailures: 1, openMs: 1_000, mode: 'shadow' });
  const rejections: boolean[] = [];
  hub.on('rejection', ({ shadow }) => rejections.push(shadow));
  await repeat(1, () => policy.execute(failing()));
  expect(policy.circuit).toMatchObject({ state: 'open', shadow: true });
  expect(await policy.execute(() => 'through')).toBe('through');
  expect(rejections).toEqual([true]);
  expect(policy.stats().rejections).toMatchObject({ circuit_open: 0 });
  await vi.advanceTimersByTimeAsync(1_001);
  expect(await policy.execute(() => 'probe')).toBe('probe');
  expect(events.map(({ to, shadow }) => [to, shadow])).toEqual([
    ['open', true],
    ['half-open', true],
    ['closed', true],
  ]);
});

test.each(['closed', 'half-open'] as const)(
  'a saved %s state does not end by time, whatever was saved with it',
  (state) => {
    const { policy } = dependency({ restore: { state, since: 1, until: 2, failedRecoveries: 0 } });
    expect(policy.circuit).toMatchObject({ state, since: 1 });
  },
);

test('the rate is looked at once the minimum is reached, also by a success', async () => {
  const policy = testHub().policy('dependency');
  await repeat(9, () => policy.execute(failing()));
  expect(policy.circuit.state).toBe('closed');
  await policy.execute(() => 'fine');
  expect(policy.circuit.state).toBe('open');
});

test("in shadow mode opossum's tools hear how attempts end, not that they were turned away", async () => {
  const policy = testHub().policy('dependency', {
    circuitBreaker: { mode: 'shadow', consecutiveFailures: 1 },
  });
  await repeat(5, () => policy.execute(failing()));
  expect(policy.circuit.breaker.stats).toMatchObject({ fires: 5, failures: 5, rejects: 0 });
});

test('of two circuits around each other, each keeps its own count and its own state', async () => {
  const policy = testHub().policy('database', {
    strategies: [circuitBreaker({ consecutiveFailures: 3 }), circuitBreaker({ consecutiveFailures: 2 })],
  });
  const [outer, inner] = policy.circuits;
  await repeat(2, () => policy.execute(failing()));
  expect(inner?.state).toBe('open');
  expect([outer?.window, inner?.window]).toMatchObject([{ attempts: 2 }, { attempts: 2 }]);
  // The inner one's rejections say nothing about the dependency.
  await repeat(5, () => policy.execute(failing()));
  expect(outer).toMatchObject({ state: 'closed', window: { attempts: 2 } });
});
