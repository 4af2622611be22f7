import {
  CircuitState,
  ConsecutiveBreaker,
  ConstantBackoff,
  circuitBreaker,
  handleAll,
  retry,
  TimeoutStrategy,
  timeout,
} from 'cockatiel';
import { describe, expect, it, vi } from 'vitest';
import { BEYOND_TIMERS_MS, deferred, fail, hang, outcomeOf, overflowing, useHub } from './support.ts';

const current = useHub();

function cockatielBreaker() {
  return circuitBreaker(handleAll, { halfOpenAfter: 1_000, breaker: new ConsecutiveBreaker(1) });
}

function breakwaterPolicy() {
  return current.hub.policy('p', {
    attemptTimeoutMs: false,
    totalTimeoutMs: false,
    circuitBreaker: { consecutiveFailures: 1, openMs: 1_000 },
  });
}

describe('a call beside a probe', () => {
  it('waits for the probe in cockatiel, for ever where that hangs', async () => {
    const breaker = cockatielBreaker();
    await outcomeOf(breaker.execute(fail));
    await vi.advanceTimersByTimeAsync(1_000);
    void breaker.execute(hang);
    let answered = false;
    void breaker
      .execute(() => 'fine')
      .finally(() => {
        answered = true;
      });
    await vi.advanceTimersByTimeAsync(600_000);
    expect(answered).toBe(false);
    expect(breaker.state).toBe(CircuitState.HalfOpen);
  });

  it('is turned away at once in breakwater', async () => {
    const policy = breakwaterPolicy();
    await outcomeOf(policy.execute(fail));
    await vi.advanceTimersByTimeAsync(1_200);
    void policy.execute(hang);
    expect(await outcomeOf(policy.execute(() => 'fine'))).toMatch(/^error: CircuitOpenError/);
  });
});

describe('a failure from before the opening', () => {
  it('reopens a half-open cockatiel', async () => {
    const late = deferred();
    const breaker = cockatielBreaker();
    const first = outcomeOf(breaker.execute(() => late.promise));
    await outcomeOf(breaker.execute(fail));
    await vi.advanceTimersByTimeAsync(1_000);
    void breaker.execute(hang);
    expect(breaker.state).toBe(CircuitState.HalfOpen);
    late.reject(new Error('late'));
    await first;
    expect(breaker.state).toBe(CircuitState.Open);
  });

  it('moves nothing in breakwater', async () => {
    const late = deferred();
    const policy = breakwaterPolicy();
    const first = outcomeOf(policy.execute(() => late.promise));
    await outcomeOf(policy.execute(fail));
    await vi.advanceTimersByTimeAsync(1_200);
    void policy.execute(hang);
    late.reject(new Error('late'));
    await first;
    expect(policy.circuit.state).toBe('half-open');
  });
});

describe("the caller's abort during a wait between attempts", () => {
  it('is not heeded by cockatiel, which waits and tries once more', async () => {
    const policy = retry(handleAll, { maxAttempts: 3, backoff: new ConstantBackoff(1_000) });
    const caller = new AbortController();
    const operation = vi.fn(fail);
    let answered = false;
    const call = outcomeOf(policy.execute(operation, caller.signal)).finally(() => {
      answered = true;
    });
    await vi.advanceTimersByTimeAsync(10);
    caller.abort();
    await vi.advanceTimersByTimeAsync(900);
    expect(answered).toBe(false);
    await vi.advanceTimersByTimeAsync(90);
    await call;
    expect(operation).toHaveBeenCalledTimes(2);
  });

  it('ends the call at once in breakwater', async () => {
    const policy = current.hub.policy('p', { retry: { baseDelayMs: 1_000, jitter: 'none' } });
    const caller = new AbortController();
    const operation = vi.fn(fail);
    const call = outcomeOf(policy.execute(operation, { signal: caller.signal }));
    await vi.advanceTimersByTimeAsync(10);
    caller.abort(new Error('enough'));
    expect(await call).toBe('error: Error: enough');
    await vi.advanceTimersByTimeAsync(10_000);
    expect(operation).toHaveBeenCalledTimes(1);
  });
});

describe("the caller's abort of a call with a timeout", () => {
  it('is told as a timeout by cockatiel', async () => {
    const policy = timeout(1_000, TimeoutStrategy.Aggressive);
    const caller = new AbortController();
    const call = outcomeOf(policy.execute(hang, caller.signal));
    caller.abort(new Error('enough'));
    expect(await call).toBe('error: Error: Operation timed out after 1000ms');
  });

  it('is told as itself by breakwater', async () => {
    const policy = current.hub.policy('p', { attemptTimeoutMs: 1_000 });
    const caller = new AbortController();
    const call = outcomeOf(policy.execute(hang, { signal: caller.signal }));
    caller.abort(new Error('enough'));
    expect(await call).toBe('error: Error: enough');
  });
});

describe('a timeout', () => {
  it('tells the operation in cockatiel, without saying that it was a timeout', async () => {
    let reason: unknown;
    const policy = timeout(1_000, TimeoutStrategy.Aggressive);
    const call = outcomeOf(
      policy.execute(({ signal }) => {
        signal.addEventListener('abort', () => {
          reason = signal.reason;
        });
        return hang();
      }),
    );
    await vi.advanceTimersByTimeAsync(1_000);
    await call;
    expect(reason).toMatchObject({ name: 'AbortError' });
  });

  it('tells the operation the TimeoutError in breakwater', async () => {
    let reason: unknown;
    const policy = current.hub.policy('p', { attemptTimeoutMs: 1_000 });
    const call = outcomeOf(
      policy.execute(({ signal }) => {
        signal.addEventListener('abort', () => {
          reason = signal.reason;
        });
        return hang();
      }),
    );
    await vi.advanceTimersByTimeAsync(1_010);
    await call;
    expect(reason).toMatchObject({ name: 'TimeoutError', timeoutMs: 1_000, scope: 'attempt' });
  });

  it('past 2^31 ms fires at once in cockatiel', async () => {
    vi.useRealTimers();
    const policy = timeout(BEYOND_TIMERS_MS, TimeoutStrategy.Aggressive);
    const operation = () => new Promise((resolve) => setTimeout(resolve, 50, 'fine'));
    const outcome = await overflowing(() => outcomeOf(policy.execute(operation)));
    expect(outcome).toMatch(/^error: Error: Operation timed out/);
  });
});

describe('a listener that throws', () => {
  it('turns a success into a failure in cockatiel', async () => {
    const breaker = cockatielBreaker();
    breaker.onSuccess(() => {
      throw new Error('listener');
    });
    expect(await outcomeOf(breaker.execute(() => 'fine'))).toBe('error: Error: listener');
  });
});
