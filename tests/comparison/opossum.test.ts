import Opossum from 'opossum';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { BEYOND_TIMERS_MS, deferred, fail, hang, outcomeOf, overflowing, useHub } from './support.ts';

const breakers: Opossum[] = [];

function opossum<Args extends unknown[]>(
  action: (...args: Args) => Promise<unknown>,
  options: Opossum.Options = {},
) {
  const breaker = new Opossum<Args>(action, options);
  breakers.push(breaker);
  return breaker;
}

const current = useHub();

afterEach(() => {
  for (const breaker of breakers.splice(0)) breaker.shutdown();
});

describe('one failure of a new breaker', () => {
  it('opens opossum', async () => {
    const breaker = opossum(fail);
    await outcomeOf(breaker.fire());
    expect(breaker.opened).toBe(true);
  });

  it('does not open breakwater', async () => {
    const policy = current.hub.policy('p');
    await outcomeOf(policy.execute(fail));
    expect(policy.circuit.state).toBe('closed');
  });
});

describe('a threshold of 100 %', () => {
  it('is never passed in opossum', async () => {
    const breaker = opossum(fail, { errorThresholdPercentage: 100 });
    for (let call = 0; call < 50; call += 1) await outcomeOf(breaker.fire());
    expect(breaker.opened).toBe(false);
  });

  it('is reached in breakwater', async () => {
    const policy = current.hub.policy('p', { circuitBreaker: { failureRate: 1 } });
    for (let call = 0; call < 10; call += 1) await outcomeOf(policy.execute(fail));
    expect(policy.circuit.state).toBe('open');
  });
});

describe('calls still in flight', () => {
  it('lower the failure rate in opossum', async () => {
    const breaker = opossum((work: () => Promise<unknown>) => work(), {
      timeout: false,
      volumeThreshold: 10,
      errorThresholdPercentage: 50,
    });
    for (let call = 0; call < 20; call += 1) void breaker.fire(hang);
    for (let call = 0; call < 15; call += 1) await outcomeOf(breaker.fire(fail));
    expect(breaker.opened).toBe(false);
  });

  it('are not in the window in breakwater', async () => {
    const policy = current.hub.policy('p', { attemptTimeoutMs: false, totalTimeoutMs: false });
    for (let call = 0; call < 20; call += 1) void policy.execute(hang);
    for (let call = 0; call < 15; call += 1) await outcomeOf(policy.execute(fail));
    expect(policy.circuit.state).toBe('open');
  });
});

describe('a success from before the opening', () => {
  it('closes a half-open opossum', async () => {
    const late = deferred();
    const breaker = opossum((work: () => Promise<unknown>) => work(), {
      timeout: false,
      resetTimeout: 1_000,
    });
    const first = breaker.fire(() => late.promise);
    for (let call = 0; call < 3; call += 1) await outcomeOf(breaker.fire(fail));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(breaker.halfOpen).toBe(true);
    late.resolve('late');
    await first;
    expect(breaker.closed).toBe(true);
  });

  it('moves nothing in breakwater', async () => {
    const late = deferred();
    const policy = current.hub.policy('p', { circuitBreaker: { consecutiveFailures: 1, openMs: 1_000 } });
    const first = policy.execute(() => late.promise);
    await outcomeOf(policy.execute(fail));
    await vi.advanceTimersByTimeAsync(1_200);
    expect(policy.circuit.state).toBe('half-open');
    late.resolve('late');
    await first;
    expect(policy.circuit.state).toBe('half-open');
  });
});

describe('a probe that never settles', () => {
  it('keeps opossum half-open for ever where it has no timeout', async () => {
    const breaker = opossum((work: () => Promise<unknown>) => work(), {
      timeout: false,
      resetTimeout: 1_000,
    });
    await outcomeOf(breaker.fire(fail));
    await vi.advanceTimersByTimeAsync(1_000);
    void breaker.fire(hang);
    await vi.advanceTimersByTimeAsync(600_000);
    expect(breaker.halfOpen).toBe(true);
    expect(await outcomeOf(breaker.fire(async () => 'fine'))).toBe('error: Error: Breaker is open');
  });

  it('counts as failed in breakwater', async () => {
    const policy = current.hub.policy('p', {
      attemptTimeoutMs: false,
      totalTimeoutMs: false,
      circuitBreaker: { consecutiveFailures: 1, openMs: 1_000 },
    });
    await outcomeOf(policy.execute(fail));
    await vi.advanceTimersByTimeAsync(1_200);
    void policy.execute(hang);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(policy.circuit.state).toBe('open');
    await vi.advanceTimersByTimeAsync(2_400);
    expect(await policy.execute(() => 'fine')).toBe('fine');
    expect(policy.circuit.state).toBe('closed');
  });
});

describe('a listener that throws', () => {
  it('turns a success into a failure in opossum', async () => {
    const breaker = opossum(async () => 'fine');
    breaker.on('success', () => {
      throw new Error('listener');
    });
    expect(await outcomeOf(breaker.fire())).toBe('error: Error: listener');
  });

  it('harms nobody in breakwater', async () => {
    const policy = current.hub.policy('p');
    policy.circuit.breaker.on('success', () => {
      throw new Error('listener');
    });
    current.hub.on('call', () => {
      throw new Error('listener');
    });
    expect(await outcomeOf(policy.execute(() => 'fine'))).toBe('value: fine');
  });
});

describe('one call that times out', () => {
  const untilAborted = (signal: AbortSignal) =>
    new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason));
      setTimeout(() => resolve('fine'), 60);
    });

  it('aborts the calls beside it in opossum, whose calls share one controller', async () => {
    const abortController = new AbortController();
    const breaker = opossum(() => untilAborted(abortController.signal), { timeout: 50, abortController });
    const first = outcomeOf(breaker.fire());
    await vi.advanceTimersByTimeAsync(40);
    const second = outcomeOf(breaker.fire());
    await vi.advanceTimersByTimeAsync(10);
    expect(await first).toBe('error: Error: Timed out after 50ms');
    expect(await second).toBe('error: AbortError: This operation was aborted');
  });

  it('aborts its own signal only in breakwater', async () => {
    const policy = current.hub.policy('p', { attemptTimeoutMs: 50 });
    const first = outcomeOf(policy.execute(({ signal }) => untilAborted(signal)));
    await vi.advanceTimersByTimeAsync(40);
    const second = outcomeOf(policy.execute(() => new Promise((resolve) => setTimeout(resolve, 20, 'fine'))));
    await vi.advanceTimersByTimeAsync(30);
    expect(await first).toMatch(/^error: TimeoutError/);
    expect(await second).toBe('value: fine');
  });
});

describe('a timeout past 2^31 ms', () => {
  const soon = () => new Promise((resolve) => setTimeout(resolve, 50, 'fine'));

  it('fires at once in opossum', async () => {
    vi.useRealTimers();
    const breaker = opossum(soon, { timeout: BEYOND_TIMERS_MS });
    expect(await overflowing(() => outcomeOf(breaker.fire()))).toMatch(/^error: Error: Timed out/);
  });

  it('does not in breakwater', async () => {
    vi.useRealTimers();
    const policy = current.hub.policy('p', { attemptTimeoutMs: BEYOND_TIMERS_MS, totalTimeoutMs: false });
    expect(await outcomeOf(policy.execute(soon))).toBe('value: fine');
  });
});

describe('a cache', () => {
  it('answers in place of the call in opossum, and not in place of its failure', async () => {
    let works = true;
    const breaker = opossum(async () => (works ? 'good' : fail()), {
      cache: true,
      cacheTTL: 1_000,
      volumeThreshold: 100,
    });
    await breaker.fire();
    works = false;
    expect(await outcomeOf(breaker.fire())).toBe('value: good');
    await vi.advanceTimersByTimeAsync(1_001);
    expect(await outcomeOf(breaker.fire())).toBe('error: Error: down');
  });

  it('answers in place of a failure in breakwater', async () => {
    let works = true;
    const policy = current.hub.policy('p', { cacheFallback: { staleIfErrorMs: 60_000 } });
    const call = () => outcomeOf(policy.execute(() => (works ? 'good' : fail()), { cacheKey: 'k' }));
    await call();
    works = false;
    await vi.advanceTimersByTimeAsync(1_001);
    expect(await call()).toBe('value: good');
  });
});
