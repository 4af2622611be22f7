import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { deadlines } from '../../../src/core/deadlines.ts';
import {
  type Breakwater,
  type ChaosEvent,
  type ChaosOptions,
  chaos,
  circuitBreaker,
  InjectedFaultError,
  isBreakwaterError,
  type PolicyOptions,
  retry,
  timeout,
} from '../../../src/index.ts';
import { errorOf, flush, follow, testHub } from '../../support.ts';

let hub: Breakwater;
const events: ChaosEvent[] = [];
const internal: unknown[] = [];

beforeEach(() => {
  vi.useFakeTimers();
  events.length = 0;
  internal.length = 0;
  hub = testHub();
  hub.on('chaos', (event) => events.push(event));
  hub.on('internal-error', ({ component, error }) => internal.push([component, String(error)]));
});

afterEach(async () => {
  await hub.close();
  vi.useRealTimers();
});

/** A policy whose chaos is on. */
function policyWith(options: ChaosOptions, more: PolicyOptions = {}) {
  const policy = hub.policy('database', { ...more, chaos: options });
  policy.chaos?.start();
  return policy;
}

async function metric(name: string, labels: Record<string, string> = {}): Promise<number | undefined> {
  const metrics = await hub.registry.getMetricsAsJSON();
  const values = metrics.find((one) => one.name === `breakwater_${name}`)?.values ?? [];
  return values.find((value) =>
    Object.entries(labels).every(([key, is]) => Reflect.get(value.labels, key) === is),
  )?.value;
}

describe('chaos that is off', () => {
  test('does nothing, though it was built in', async () => {
    const policy = hub.policy('database', { chaos: { error: { rate: 1 } } });
    expect(await policy.execute(() => 'fine')).toBe('fine');
    expect(policy.chaos?.active).toBe(false);
    expect(events).toEqual([]);
    expect(await metric('chaos_active')).toBe(0);
    expect(await metric('chaos_faults_total', { fault: 'error' })).toBe(0);
    expect(policy.explain()).toContain('chaos: off; makes errors for 100 % of the attempts');
  });

  test('cannot be switched on by the environment', async () => {
    vi.stubEnv('BREAKWATER_CHAOS', '1');
    vi.stubEnv('CHAOS', 'true');
    const policy = hub.policy('database', { chaos: { error: { rate: 1 } } });
    expect(await policy.execute(() => 'fine')).toBe('fine');
    vi.unstubAllEnvs();
  });

  test('is no switch where code put no layer', () => {
    expect(hub.policy('database').chaos).toBeUndefined();
  });
});

describe('an error', () => {
  test('takes the place of the operation, counts as its failure and feeds the breaker', async () => {
    const policy = policyWith({ error: { rate: 1 } }, { circuitBreaker: { consecutiveFailures: 2 } });
    const operation = vi.fn(() => 'fine');
    const error = await errorOf(policy.execute(operation));
    expect(error).toBeInstanceOf(InjectedFaultError);
    expect(isBreakwaterError(error, 'INJECTED_FAULT')).toBe(true);
    expect(error).toMatchObject({ policy: 'database' });
    expect(policy.circuit.state).toBe('closed');
    await errorOf(policy.execute(operation));
    expect(policy.circuit.state).toBe('open');
    expect(isBreakwaterError(await errorOf(policy.execute(operation)), 'CIRCUIT_OPEN')).toBe(true);
    expect(operation).not.toHaveBeenCalled();
    expect(policy.stats().attempts).toMatchObject({ failure: 2, success: 0 });
    expect(policy.chaos?.faults).toBe(2);
    expect(await metric('chaos_faults_total', { fault: 'error' })).toBe(2);
  });

  test('is judged by the policy, and may be any', async () => {
    const seen: unknown[] = [];
    const gone = new Error('gone');
    const policy = policyWith(
      { error: { rate: 1, error: () => gone } },
      {
        classify: (result) => {
          seen.push(result.ok ? undefined : result.error);
          return 'refused';
        },
      },
    );
    expect(await errorOf(policy.execute(() => 'fine'))).toBe(gone);
    expect(seen).toEqual([gone]);
    expect(policy.stats().attempts).toMatchObject({ refused: 1 });
    expect(policy.circuit.window.failures).toBe(0);
  });

  test('is retried like any other', async () => {
    let drawn = 0;
    const policy = policyWith(
      { error: { rate: 0.5 }, random: () => (drawn++ === 0 ? 0 : 0.9) },
      { retry: { maxRetries: 1, baseDelayMs: 0 } },
    );
    const call = follow(policy.execute(({ attempt }) => attempt));
    await vi.advanceTimersByTimeAsync(50);
    expect(call.now).toEqual({ status: 'fulfilled', value: 2 });
    expect(policy.stats()).toMatchObject({ retries: 1, attempts: { failure: 1, success: 1 } });
  });

  test.each([
    [
      'throws',
      () => {
        throw new Error('broken');
      },
      'Error: broken',
    ],
    ['gives a promise', () => Promise.reject(new Error('late')), 'TypeError: error gave a promise'],
  ])('is the default where the function for it %s', async (_, error, reported) => {
    const policy = policyWith({ error: { rate: 1, error } });
    expect(await errorOf(policy.execute(() => 'fine'))).toBeInstanceOf(InjectedFaultError);
    expect(internal).toEqual([['chaos', expect.stringContaining(reported)]]);
  });
});

describe('latency', () => {
  test('delays the operation, which then has its way', async () => {
    const policy = policyWith({ latency: { rate: 1, ms: 300 } });
    const operation = vi.fn(() => 'fine');
    const call = follow(policy.execute(operation));
    await vi.advanceTimersByTimeAsync(299);
    expect(operation).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(12);
    expect(call.now).toEqual({ status: 'fulfilled', value: 'fine' });
    expect(events.at(-1)).toMatchObject({ status: 'fault', fault: 'latency', policy: 'database' });
  });

  test('past the attempt timeout looks like a slow dependency: a timeout that feeds the breaker', async () => {
    const policy = policyWith(
      { latency: { rate: 1, ms: 500 } },
      { attemptTimeoutMs: 100, circuitBreaker: { consecutiveFailures: 1 } },
    );
    const operation = vi.fn(() => 'fine');
    const error = errorOf(policy.execute(operation));
    await vi.advanceTimersByTimeAsync(115);
    expect(await error).toMatchObject({ code: 'TIMEOUT', scope: 'attempt', timeoutMs: 100 });
    expect(policy.circuit.state).toBe('open');
    expect(policy.stats().attempts).toMatchObject({ timeout: 1, failure: 0 });
    await vi.advanceTimersByTimeAsync(1_000);
    expect(operation).not.toHaveBeenCalled();
    expect(policy.stats().attemptsInFlight).toBe(0);
  });

  test('that ends in the moment in which the attempt is given up starts no operation', async () => {
    const policy = policyWith({ latency: { rate: 1, ms: 100 } }, { attemptTimeoutMs: 100 });
    const operation = vi.fn(() => 'fine');
    const error = errorOf(policy.execute(operation));
    await vi.advanceTimersByTimeAsync(200);
    expect(await error).toMatchObject({ code: 'TIMEOUT', scope: 'attempt' });
    expect(operation).not.toHaveBeenCalled();
  });

  test('ends at once when the caller gives up', async () => {
    const policy = policyWith({ latency: { rate: 1, ms: 5_000 } });
    const caller = new AbortController();
    const operation = vi.fn(() => 'fine');
    const call = follow(policy.execute(operation, { signal: caller.signal }));
    caller.abort('bye');
    await flush();
    expect(call.now).toEqual({ status: 'rejected', reason: 'bye' });
    expect(deadlines.waiting).toBe(0);
    expect(operation).not.toHaveBeenCalled();
  });
});

describe('a bad result', () => {
  test("fails the check of the call, and is nobody's error", async () => {
    const policy = policyWith({ result: { rate: 1, result: (value) => ({ was: value }) } });
    const check = vi.fn((value: unknown) => value === 'fine');
    expect(await policy.execute((): unknown => 'fine', { check })).toEqual({ was: 'fine' });
    expect(check).toHaveBeenCalledExactlyOnceWith({ was: 'fine' });
    expect(await metric('sli_events_total', { sli: 'correctness', result: 'bad' })).toBe(1);
    expect(policy.stats().calls).toMatchObject({ success: 1 });
  });

  test.each([
    [
      'throws',
      () => {
        throw new Error('broken');
      },
      'Error: broken',
    ],
    ['gives a promise', () => Promise.reject(new Error('late')), 'TypeError: result gave a promise'],
  ])('is none where the function for it %s', async (_, result, reported) => {
    const policy = policyWith({ result: { rate: 1, result } });
    expect(await policy.execute(() => 'fine')).toBe('fine');
    expect(internal).toEqual([['chaos', expect.stringContaining(reported)]]);
    expect(policy.chaos?.faults).toBe(0);
  });

  test('leaves an error of the operation as it is', async () => {
    const policy = policyWith({ result: { rate: 1, result: () => 'bad' } });
    const own = new Error('own');
    expect(await errorOf(policy.execute(() => Promise.reject(own)))).toBe(own);
  });
});

describe('when', () => {
  test('chooses the calls, by what they carry', async () => {
    const policy = policyWith({ error: { rate: 1 }, when: ({ metadata }) => metadata === 'canary' });
    expect(await policy.execute(() => 'fine', { metadata: 'user' })).toBe('fine');
    expect(await errorOf(policy.execute(() => 'fine', { metadata: 'canary' }))).toBeInstanceOf(
      InjectedFaultError,
    );
  });

  test.each([
    [
      'throws',
      () => {
        throw new Error('broken');
      },
      'Error: broken',
    ],
    ['gives a promise', () => Promise.reject(new Error('late')), 'TypeError: when gave an object'],
    ['gives rubbish', () => 'yes', "TypeError: when gave 'yes'"],
  ])('that %s is reported, and spares the call', async (_, when, reported) => {
    const policy = policyWith({ error: { rate: 1 }, when: () => Reflect.apply(when, undefined, []) });
    expect(await policy.execute(() => 'fine')).toBe('fine');
    expect(internal).toEqual([['chaos', expect.stringContaining(reported)]]);
  });
});

describe("in a user's own order", () => {
  test('each attempt within throws its own dice, wherever the layer stands', async () => {
    let drawn = 0;
    const layer = chaos({ error: { rate: 0.5 }, random: () => (drawn++ % 2 === 0 ? 0 : 0.9) });
    layer.start();
    const policy = hub.policy('database', {
      strategies: [
        layer,
        retry({ maxRetries: 1, baseDelayMs: 0 }),
        circuitBreaker(),
        timeout({ timeoutMs: 100 }),
      ],
    });
    const call = follow(policy.execute(({ attempt }) => attempt));
    await vi.advanceTimersByTimeAsync(50);
    expect(call.now).toEqual({ status: 'fulfilled', value: 2 });
    expect(policy.circuit.window).toMatchObject({ attempts: 2, failures: 1 });
  });

  test('a timeout around it can still be steered by hand', () => {
    const policy = hub.policy('database', { chaos: { error: { rate: 1 } } });
    expect(policy.limits.map(({ name }) => name)).toEqual(hub.policy('plain').limits.map(({ name }) => name));
  });
});

describe('options', () => {
  test.each([
    [{}, '', 'must have at least one fault'],
    [{ error: { rate: 2 } }, 'error.rate', 'must be a rate from 0 to 1'],
    [{ latency: { rate: 1 } }, 'latency.ms', 'must be given'],
    [{ latency: { rate: 1, ms: 5, maxMs: 9 } }, 'latency.ms', 'must not be given together'],
    [{ latency: { rate: 1, minMs: 10, maxMs: 9 } }, 'latency.maxMs', 'must not be below minMs (10)'],
    [{ error: { rate: 1 }, enable: true }, 'enable', "did you mean 'enabled'?"],
    [{ error: { rate: 1 }, forMs: 0 }, 'forMs', 'above 0'],
  ])('%j are refused', (options, path, message) => {
    expect(() => Reflect.apply(chaos, undefined, [options])).toThrow(
      expect.objectContaining({
        code: 'INVALID_OPTIONS',
        problems: expect.arrayContaining([{ path, message: expect.stringContaining(message) }]),
      }),
    );
  });

  test('of start() are refused too', () => {
    const policy = hub.policy('database', { chaos: { error: { rate: 1 } } });
    expect(() => policy.chaos?.start({ forMs: Number.NaN })).toThrow(/forMs/);
    expect(policy.chaos?.active).toBe(false);
  });
});
