import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { retry, timeout } from '../../src/index.ts';
import { deferred, failing, flush, follow, hanging, repeat, testHub } from '../support.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const gone = new Error('gone');

test('a listener that aborts another of the coalesced callers settles each of them once', async () => {
  const hub = testHub();
  const policy = hub.policy('database', { cacheFallback: { coalesce: true } });
  const controllers = [1, 2, 3].map(() => new AbortController());
  const run = deferred();
  const calls = controllers.map(({ signal }) =>
    follow(policy.execute(() => run.promise, { cacheKey: 'key', signal })),
  );
  const off = hub.on('call', () => {
    off();
    controllers[1]?.abort(gone);
  });
  run.resolve('shared');
  await flush();
  expect(calls.map(({ now }) => now)).toEqual([
    { status: 'fulfilled', value: 'shared' },
    { status: 'rejected', reason: gone },
    { status: 'fulfilled', value: 'shared' },
  ]);
  expect(policy.stats()).toMatchObject({ calls: { success: 2, ignored: 1 }, callsInFlight: 0 });
});

test('so does a clone that aborts the caller it is made for, and the finished operation is not told to abort', async () => {
  const controllers = [1, 2].map(() => new AbortController());
  const policy = testHub().policy('database', {
    totalTimeoutMs: false,
    attemptTimeoutMs: false,
    cacheFallback: {
      coalesce: true,
      clone: (value) => {
        for (const controller of controllers) controller.abort(gone);
        return value;
      },
    },
  });
  const run = deferred();
  let aborted = false;
  const calls = controllers.map(({ signal: own }) =>
    follow(
      policy.execute(
        ({ signal }) => {
          signal.addEventListener('abort', () => {
            aborted = true;
          });
          return run.promise;
        },
        { cacheKey: 'key', signal: own },
      ),
    ),
  );
  run.resolve('shared');
  await flush();
  expect(calls.map(({ times }) => times)).toEqual([1, 1]);
  expect(policy.stats()).toMatchObject({ callsInFlight: 0, attemptsInFlight: 0 });
  expect(aborted).toBe(false);
});

test.each(['check', 'classify'] as const)('a %s that aborts its own call settles it once', async (which) => {
  const controller = new AbortController();
  const discard = vi.fn();
  const policy = testHub().policy('database', {
    ...(which === 'classify' && {
      classify: () => {
        controller.abort(gone);
        return undefined;
      },
    }),
    circuitBreaker: { consecutiveFailures: 1 },
  });
  const check = () => {
    controller.abort(gone);
    return true;
  };
  const call = follow(
    policy.execute(() => Promise.resolve('value'), {
      signal: controller.signal,
      discard,
      ...(which === 'check' && { check }),
    }),
  );
  await flush();
  expect(call.now).toEqual({ status: 'rejected', reason: gone });
  expect(policy.stats()).toMatchObject({
    calls: { ignored: 1, success: 0 },
    attempts: { ignored: 1, success: 0 },
    callsInFlight: 0,
    attemptsInFlight: 0,
  });
});

test("an operation's abort listener that aborts another call ends that one too", async () => {
  const policy = testHub().policy('database', { attemptTimeoutMs: 100, circuitBreaker: false });
  const other = new AbortController();
  const first = follow(
    policy.execute(({ signal }) => {
      signal.addEventListener('abort', () => other.abort(gone));
      return hanging();
    }),
  );
  const second = follow(policy.execute(hanging, { signal: other.signal }));
  await vi.advanceTimersByTimeAsync(120);
  expect(first.now).toMatchObject({ status: 'rejected', reason: { code: 'TIMEOUT' } });
  expect(second.now).toEqual({ status: 'rejected', reason: gone });
  expect(policy.stats()).toMatchObject({ callsInFlight: 0, attempts: { timeout: 1, ignored: 1 } });
});

test('an operation that aborts its own caller while it starts', async () => {
  const policy = testHub().policy('database');
  const controller = new AbortController();
  const discard = vi.fn();
  const call = follow(
    policy.execute(
      () => {
        controller.abort(gone);
        return 'too late';
      },
      { signal: controller.signal, discard },
    ),
  );
  await flush();
  expect(call.now).toEqual({ status: 'rejected', reason: gone });
  expect(discard).toHaveBeenCalledExactlyOnceWith('too late');
  expect(policy.stats()).toMatchObject({ calls: { ignored: 1 }, attemptsInFlight: 0, lateOutcomes: 1 });
});

test('a listener that steers the circuit: all hear of its changes in the order in which they happened', async () => {
  const hub = testHub();
  const policy = hub.policy('database', { circuitBreaker: { consecutiveFailures: 1 } });
  const heard: string[] = [];
  hub.on('circuit', ({ to }) => {
    heard.push(`first ${to}`);
    if (to === 'open') policy.circuit.reset();
  });
  hub.on('circuit', ({ to }) => heard.push(`second ${to}`));
  policy.circuit.breaker.on('open', () => heard.push('breaker open'));
  policy.circuit.breaker.on('close', () => heard.push('breaker close'));
  await repeat(1, () => policy.execute(failing()));
  expect(heard).toEqual([
    'breaker open',
    'first open',
    'second open',
    'breaker close',
    'first closed',
    'second closed',
  ]);
  expect(policy.circuit.state).toBe('closed');
});

test('so do those of the breaker', async () => {
  const hub = testHub();
  const policy = hub.policy('database', { circuitBreaker: { consecutiveFailures: 1 } });
  const heard: string[] = [];
  hub.on('circuit', ({ from, to }) => heard.push(`${from} to ${to}`));
  policy.circuit.breaker.on('open', () => policy.circuit.forceOpen('by a listener'));
  await repeat(1, () => policy.execute(failing()));
  expect(heard).toEqual(['closed to open', 'open to forced-open']);
  expect(policy.circuit.state).toBe('forced-open');
});

test('a listener that calls the policy gets its answer, and the call that it heard of gets its own', async () => {
  const hub = testHub();
  const policy = hub.policy('database', { retry: { maxRetries: 1, baseDelayMs: 10 } });
  const answers: unknown[] = [];
  const off = hub.on('attempt', () => {
    off();
    policy.execute(() => 'nested').then((value) => answers.push(value));
  });
  expect(await policy.execute(() => 'outer')).toBe('outer');
  await flush();
  expect(answers).toEqual(['nested']);
});

test('an operation that steers its own circuit: its outcome moves the new state no more', async () => {
  const policy = testHub().policy('database', { circuitBreaker: { consecutiveFailures: 1 } });
  await repeat(1, () =>
    policy.execute(() => {
      policy.circuit.reset();
      throw new Error('down');
    }),
  );
  expect(policy.circuit.state).toBe('closed');
  expect(policy.circuit.window.attempts).toBe(0);
});

test.each(['attempt', 'circuit'] as const)(
  'a caller who gives up at the %s event of a total timeout waits for no fallback',
  async (event) => {
    const hub = testHub();
    const answer = vi.fn(() => new Promise(() => {}));
    const policy = hub.policy('database', {
      totalTimeoutMs: 30,
      circuitBreaker: { consecutiveFailures: 1 },
      fallback: answer,
    });
    const controller = new AbortController();
    hub.on(event, () => controller.abort(gone));
    const call = follow(policy.execute(hanging, { signal: controller.signal }));
    await vi.advanceTimersByTimeAsync(40);
    expect(call.now).toMatchObject({ status: 'rejected', reason: { code: 'TIMEOUT' } });
    expect(answer).not.toHaveBeenCalled();
  },
);

test('a caller who gives up at the attempt event of a total timeout is not served by another attempt', async () => {
  const hub = testHub();
  const policy = hub.policy('database', {
    strategies: [
      retry({ maxRetries: 2, baseDelayMs: 50, jitter: 'none' }),
      timeout({ timeoutMs: 30, scope: 'total' }),
    ],
  });
  const controller = new AbortController();
  hub.on('attempt', () => controller.abort(gone));
  const operation = vi.fn(hanging);
  const call = follow(policy.execute(operation, { signal: controller.signal }));
  await vi.advanceTimersByTimeAsync(500);
  expect(call.now).toMatchObject({ status: 'rejected', reason: { code: 'TIMEOUT' } });
  expect(operation).toHaveBeenCalledTimes(1);
});

test('the value of an attempt whose own check gave up is let go of', async () => {
  const controller = new AbortController();
  const discard = vi.fn();
  const call = testHub()
    .policy('database')
    .execute(() => 'value', {
      signal: controller.signal,
      check: () => {
        controller.abort(gone);
        return true;
      },
      discard,
    });
  await expect(call).rejects.toBe(gone);
  expect(discard.mock.calls).toEqual([['value']]);
});

test('a listener that keeps the process busy does not make the circuit forget', async () => {
  const hub = testHub();
  const policy = hub.policy('database', {
    circuitBreaker: { window: { type: 'time', ms: 1_000 }, minimumThroughput: 1_000 },
  });
  const fail = () => {
    throw new Error('down');
  };
  for (let call = 0; call < 50; call += 1) await policy.execute(fail).catch(() => {});
  const off = hub.on('attempt', () => {
    off();
    vi.advanceTimersByTime(120);
    policy.execute(fail).catch(() => {});
  });
  await policy.execute(fail).catch(() => {});
  expect(policy.stats().window).toMatchObject({ attempts: 52, failures: 52 });
});
