import { afterEach, beforeEach, describe, expect, expectTypeOf, test, vi } from 'vitest';
import {
  type Breakwater,
  type CallEvent,
  circuitBreaker,
  createBreakwater,
  InvalidOptionsError,
  isBreakwaterError,
  retry,
  type Strategy,
  timeout,
} from '../src/index.ts';
import { deferred, errorOf, failing, flush, follow, hanging, repeat, testHub } from './support.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** The problems that `act` is refused with, as `path: message`. */
function problemsOf(act: () => unknown): string[] {
  try {
    act();
  } catch (error) {
    if (!isBreakwaterError(error, 'INVALID_OPTIONS')) throw error;
    return error.problems.map(({ path, message }) => `${path}: ${message}`);
  }
  throw new Error('nothing was refused');
}

/** Options as JavaScript may give them, whatever the types say. */
function untyped(text: string): Record<string, never> {
  return JSON.parse(text);
}

describe('options', () => {
  const wrong = [Number.NaN, Number.POSITIVE_INFINITY, -1, '5', null, {}, true];
  const durations = [
    'totalTimeoutMs',
    'attemptTimeoutMs',
    'circuitBreaker.openMs',
    'circuitBreaker.maxOpenMs',
    'circuitBreaker.halfOpenMaxMs',
    'retry.maxDelayMs',
    'retry.budget.periodMs',
    'cacheFallback.staleIfErrorMs',
    'cacheFallback.storeTimeoutMs',
    'fallback.timeoutMs',
  ];
  const counts = [
    'circuitBreaker.minimumThroughput',
    'circuitBreaker.halfOpenProbes',
    'cacheFallback.maxEntries',
  ];

  const nested = (path: string, value: unknown): Record<string, unknown> => {
    const keys = path.split('.');
    return keys.reduceRight<Record<string, unknown>>(
      (inner, key, at) => ({ [key]: at === keys.length - 1 ? value : inner }),
      {},
    );
  };

  test.each([...durations, ...counts])('%s is refused when it is no such number', async (path) => {
    const hub = testHub();
    for (const value of [...wrong, 0]) {
      const options = path.startsWith('fallback')
        ? { fallback: { answer: () => 1, timeoutMs: value } }
        : nested(path, value);
      const problems = problemsOf(() => Reflect.apply(hub.policy, hub, ['database', options]));
      expect(problems).toEqual([expect.stringContaining(path)]);
    }
    expect(hub.has('database')).toBe(false);
    expect(await hub.registry.metrics()).not.toContain('database');
  });

  test.each(['retry.maxRetries', 'retry.baseDelayMs', 'cacheFallback.freshForMs'])('%s may be 0', (path) => {
    testHub().policy('database', nested(path, 0));
  });

  test('all that is wrong is told at once, by path, with suggestions', () => {
    const problems = problemsOf(() =>
      testHub().policy(
        'database',
        untyped(
          '{"retries":3,"retry":{"maxRetry":3,"baseDelayMs":-1},"circuitBraker":{},"criticality":"urgent"}',
        ),
      ),
    );
    expect(problems).toHaveLength(5);
    expect(problems).toEqual(
      expect.arrayContaining([
        "retries: is not an option; did you mean 'retry'?",
        "retry.maxRetry: is not an option; did you mean 'maxRetries'?",
        "circuitBraker: is not an option; did you mean 'circuitBreaker'?",
        expect.stringMatching(
          /^retry.baseDelayMs: must be a finite number of milliseconds, 0 or more, not -1/,
        ),
        expect.stringMatching(/^criticality: must be 'critical' or/),
      ]),
    );
  });

  test.each([
    '{"__proto__":{"criticality":"low"}}',
    '{"constructor":{}}',
    '{"retry":{"__proto__":{"maxRetries":1}}}',
  ])('%s is nothing special: it is refused, and nothing is polluted', (text) => {
    expect(problemsOf(() => testHub().policy('database', untyped(text)))).toHaveLength(1);
    expect(problemsOf(() => testHub({ defaults: untyped(text) }))).toHaveLength(1);
    expect(Reflect.get({}, 'criticality')).toBeUndefined();
  });

  test('what depends on each other is checked too', () => {
    const hub = testHub();
    const refused = (options: Parameters<typeof circuitBreaker>[0]) =>
      problemsOf(() => hub.policy('database', { circuitBreaker: options }));
    expect(refused({ slowRate: 0.5 })).toEqual(['circuitBreaker.slowAttemptMs: must be given with slowRate']);
    expect(refused({ slowAttemptMs: 5 })).toEqual([
      'circuitBreaker.slowRate: must be given with slowAttemptMs',
    ]);
    expect(refused({ openMs: 100, maxOpenMs: 50 })[0]).toContain('must not be below openMs (100)');
    expect(refused({ failureRate: false })[0]).toContain('nothing would trip');
    expect(refused({ minimumThroughput: 6, window: { type: 'count', size: 5 } })[0]).toContain(
      "the window's size (5)",
    );
    expect(refused({ window: { type: 'count', size: 1e12 } })[0]).toContain(
      'a whole number from 1 to 1 000 000',
    );
    expect(refused({ failureRate: 0 })).toHaveLength(1);
    expect(refused({ failureRate: 1.01 })).toHaveLength(1);
  });

  test.each(['', 'a'.repeat(129), 'line\nbreak', '\u0000', 7, null, undefined])(
    'the name %j is out of bounds',
    (name) => {
      const hub = testHub();
      expect(problemsOf(() => Reflect.apply(hub.policy, hub, [name]))[0]).toMatch(
        /^name: must be a string of 1 to 128/,
      );
      expect(hub.policies).toEqual([]);
    },
  );

  test('a name of 128 characters, with anything printable, will do', async () => {
    const hub = testHub();
    const name = 'a"b\\c{d}=é '.padEnd(128, 'x');
    await hub.policy(name).execute(() => 1);
    expect(await hub.registry.metrics()).toContain('a\\"b\\\\c{d}=é ');
  });

  test('the same name again is refused, and the first policy stays', () => {
    const hub = testHub();
    const first = hub.policy('database');
    expect(problemsOf(() => hub.policy('database'))[0]).toContain("'database' is taken");
    expect(hub.get('database')).toBe(first);
  });

  test('options of a call', async () => {
    const policy = testHub().policy('database');
    const operation = vi.fn();
    for (const options of [
      '{"timeoutMs":0}',
      '{"timeoutMs":"5"}',
      '{"cacheKey":7}',
      '{"signal":{}}',
      '{"chek":1}',
      '[]',
      'null',
      '{"idempotent":1}',
    ]) {
      expect(await errorOf(policy.execute(operation, untyped(options)))).toMatchObject({
        code: 'INVALID_OPTIONS',
        policy: 'database',
      });
    }
    expect(await errorOf(policy.execute(operation, { timeoutMs: Number.NaN }))).toMatchObject({
      code: 'INVALID_OPTIONS',
    });
    expect(await errorOf(Reflect.apply(policy.execute, policy, ['no function']))).toMatchObject({
      code: 'INVALID_OPTIONS',
    });
    expect(() => Reflect.apply(policy.wrap, policy, [undefined])).toThrow(InvalidOptionsError);
    expect(() => policy.wrap(() => 1, { timeoutMs: -5 })).toThrow(/timeoutMs/);
    expect(operation).not.toHaveBeenCalled();
    expect(policy.stats()).toMatchObject({ callsInFlight: 0, calls: { success: 0, failure: 0, defect: 0 } });
  });

  test('options of the hub', () => {
    expect(
      problemsOf(() =>
        createBreakwater(untyped('{"registry":{},"logger":{},"incident":{},"defaults":{"retries":1}}')),
      ),
    ).toHaveLength(4);
  });
});

describe('nothing half-made stays behind', () => {
  test('when a strategy of the user cannot be bound', async () => {
    const hub = testHub();
    const broken: Strategy = {
      kind: 'retry',
      describe: () => 'broken',
      bind: () => {
        throw new Error('cannot be bound');
      },
    };
    const options = { strategies: [broken], slo: { availability: 0.99 } };
    expect(() => hub.policy('database', options)).toThrow('cannot be bound');
    expect(hub.has('database')).toBe(false);
    expect(await hub.registry.metrics()).not.toContain('database');
    expect(hub.snapshot().policies).toEqual([]);
    await hub.policy('database').execute(() => 1);
    expect(hub.get('database').stats().calls).toMatchObject({ success: 1 });
  });
});

describe("strategies in the user's own order", () => {
  test('the first is outermost', async () => {
    const policy = testHub().policy('database', {
      strategies: [
        retry({ maxRetries: 1, baseDelayMs: 0 }),
        circuitBreaker({ consecutiveFailures: 2 }),
        timeout({ timeoutMs: 50 }),
      ],
    });
    follow(policy.execute(hanging));
    await vi.advanceTimersByTimeAsync(200);
    expect(policy.circuit.state).toBe('open');
    expect(policy.explain()).toMatch(
      /1\. retry.*\n.*\n.*2\. circuit breaker.*\n.*\n.*3\. timeout.*\n.*\n.*4\. the operation/,
    );
  });

  test('an instance belongs to one policy, once, and is not mixed with standard keys', () => {
    const hub = testHub();
    const shared = retry();
    hub.policy('first', { strategies: [shared] });
    expect(problemsOf(() => hub.policy('second', { strategies: [shared] }))[0]).toMatch(
      /^strategies\[0\]: belongs to another policy/,
    );
    const twice = retry();
    expect(problemsOf(() => hub.policy('third', { strategies: [twice, twice] }))[0]).toMatch(
      /strategies\[1\]/,
    );
    expect(problemsOf(() => hub.policy('fourth', { strategies: [retry()], retry: {} }))[0]).toMatch(
      /^retry: must not be given together/,
    );
    expect(hub.policies.map(({ name }) => name)).toEqual(['first']);
  });

  test('takes no standard layers from the defaults', () => {
    const hub = testHub({ defaults: { retry: { maxRetries: 7 }, criticality: 'low' } });
    const policy = hub.policy('database', { strategies: [timeout({ timeoutMs: 50 })] });
    expect(policy.explain()).not.toContain('retry');
    expect(policy.criticality).toBe('low');
  });
});

describe('defaults', () => {
  test("are merged with a policy's own options key by key, and false leaves a layer out", () => {
    const hub = testHub({ defaults: { retry: { maxRetries: 7, baseDelayMs: 50 }, totalTimeoutMs: 1_234 } });
    expect(hub.policy('merged', { retry: { maxRetries: 2 } }).explain()).toMatch(
      /retry: up to 2 more, exponential backoff from 50 ms/,
    );
    expect(hub.policy('none', { retry: false, totalTimeoutMs: false }).explain()).not.toMatch(/retry|1234/);
  });

  test('with no options: total timeout 30 s, attempt timeout 10 s, circuit breaker, no retries', () => {
    expect(testHub().policy('database').explain()).toBe(
      [
        "Policy 'database', outermost layer first:",
        '  1. total timeout: the call may take 30000 ms',
        '     sees each call',
        '  2. circuit breaker: opens when 50 % of at least 10 attempts fail over 30000 ms, for 30000 to 300000 ms',
        '     sees each call',
        '  3. attempt timeout: an attempt may take 10000 ms',
        '     sees each call, less what the circuit breaker turns away',
        '  4. the operation',
        '     runs once for each call, less what the circuit breaker turns away',
        'Worst case: at most 10000 ms, 1 attempt.',
      ].join('\n'),
    );
  });
});

describe('events', () => {
  test('are typed, and the returned function ends them', async () => {
    const hub = testHub();
    const heard: CallEvent[] = [];
    const off = hub.on('call', (event) => {
      expectTypeOf(event).toEqualTypeOf<CallEvent>();
      heard.push(event);
    });
    const policy = hub.policy('database');
    await policy.execute(() => 1, { metadata: 'mine' });
    off();
    off();
    await policy.execute(() => 2);
    expect(heard).toEqual([
      {
        policy: 'database',
        time: Date.now(),
        outcome: 'success',
        verdict: 'success',
        source: 'live',
        durationMs: 0,
        attempts: 1,
        error: undefined,
        metadata: 'mine',
      },
    ]);
  });

  test('the same function may listen twice, and is taken away once', async () => {
    const hub = testHub();
    const listener = vi.fn();
    const off = hub.on('call', listener);
    hub.on('call', listener);
    const policy = hub.policy('database');
    await policy.execute(() => 1);
    off();
    await policy.execute(() => 1);
    expect(listener).toHaveBeenCalledTimes(3);
  });

  test('wrong arguments are refused', () => {
    const hub = testHub();
    expect(problemsOf(() => Reflect.apply(hub.on, hub, ['cal', 7]))).toEqual([
      expect.stringMatching(/^event: must be one of call, attempt/),
      'listener: must be a function, not 7',
    ]);
  });

  test('an internal-error listener that throws is not told of itself', async () => {
    const hub = testHub();
    const listener = vi.fn(() => {
      throw new Error('broken');
    });
    hub.on('internal-error', listener);
    hub.on('call', () => {
      throw new Error('broken too');
    });
    expect(await hub.policy('database').execute(() => 1)).toBe(1);
    expect(listener).toHaveBeenCalledTimes(1);
    expect(await hub.registry.metrics()).toContain(
      'breakwater_internal_errors_total{component="event-listener"} 2',
    );
  });
});

describe('the hub', () => {
  test('gives policies by name, with a suggestion for a wrong one', () => {
    const hub = testHub();
    const database = hub.policy('database');
    expect(hub.get('database')).toBe(database);
    expect([hub.has('database'), hub.has('databse')]).toEqual([true, false]);
    expect(() => hub.get('databse')).toThrow(/did you mean 'database'\?/);
    expect(() => testHub().get('x')).toThrow(/no policy has been made yet/);
  });

  test('remove() turns new calls away, ends the metrics, frees the name and lets those in flight end', async () => {
    const hub = testHub();
    const policy = hub.policy('database', { slo: { availability: 0.9 } });
    const run = deferred();
    const call = follow(policy.execute(() => run.promise));
    expect(hub.remove('database')).toBe(true);
    expect(hub.remove('database')).toBe(false);
    expect(await errorOf(policy.execute(() => 1))).toMatchObject({ code: 'CLOSED', policy: 'database' });
    expect(await hub.registry.metrics()).not.toContain('database');
    hub.policy('database');
    run.resolve('done');
    await flush();
    expect(call.now).toEqual({ status: 'fulfilled', value: 'done' });
    expect(hub.get('database').stats().calls).toMatchObject({ success: 0 });
  });

  test('snapshot() is plain data', async () => {
    const hub = testHub();
    const policy = hub.policy('database', {
      criticality: 'critical',
      circuitBreaker: { consecutiveFailures: 1 },
      slo: { availability: 0.99 },
    });
    await repeat(1, () => policy.execute(failing()));
    const snapshot = hub.snapshot();
    expect(JSON.parse(JSON.stringify(snapshot))).toMatchObject({
      time: Date.now(),
      policies: [
        {
          name: 'database',
          criticality: 'critical',
          readiness: 'optional',
          circuits: [{ state: 'open', failedRecoveries: 0 }],
          stats: { calls: { failure: 1 } },
        },
      ],
      slo: [{ policy: 'database', objectives: [{ sli: 'availability', good: 0, bad: 1, status: 'missed' }] }],
    });
  });

  describe('close()', () => {
    const closing = (hub: Breakwater, timeoutMs?: number) => follow(hub.close({ timeoutMs }));

    test('turns new calls away, waits for those in flight, stops every timer and removes the metrics', async () => {
      const hub = testHub();
      const policy = hub.policy('database', { circuitBreaker: { consecutiveFailures: 1 } });
      const run = deferred();
      const call = follow(policy.execute(() => run.promise));
      const closed = closing(hub);
      await flush();
      expect(closed.now.status).toBe('pending');
      expect(await errorOf(policy.execute(() => 1))).toMatchObject({ code: 'CLOSED' });
      expect(() => hub.policy('other')).toThrow(/closed/);
      run.reject(new Error('down'));
      await flush();
      expect(call.now.status).toBe('rejected');
      expect(closed.now.status).toBe('fulfilled');
      expect(await hub.registry.metrics()).not.toContain('breakwater_');
      await vi.advanceTimersByTimeAsync(11);
      expect(vi.getTimerCount()).toBe(0);
      await Promise.all([hub.close(), hub.close()]);
      expect(await errorOf(hub.close({ timeoutMs: -1 }))).toMatchObject({ code: 'INVALID_OPTIONS' });
    });

    test('waits for calls that hang only so long', async () => {
      const hub = testHub();
      follow(hub.policy('database', { totalTimeoutMs: false, attemptTimeoutMs: false }).execute(hanging));
      const closed = closing(hub, 500);
      await vi.advanceTimersByTimeAsync(499);
      expect(closed.now.status).toBe('pending');
      await vi.advanceTimersByTimeAsync(2);
      expect(closed.now.status).toBe('fulfilled');
    });
  });
});

test('explain() states the worst case of what repeats and waits', () => {
  const policy = testHub().policy('database', {
    totalTimeoutMs: false,
    attemptTimeoutMs: 1_000,
    retry: { maxRetries: 2, baseDelayMs: 100, jitter: 'none' },
  });
  expect(policy.explain()).toContain(
    'Worst case: at most 3300 ms (43000 ms where it asks for longer waits), 3 attempts.',
  );
});

describe('a policy that was removed', () => {
  test('opens no incident under a name that another may have', async () => {
    const hub = testHub({ incidents: { sinks: [] } });
    const old = hub.policy('database', { circuitBreaker: { consecutiveFailures: 1 } });
    const run = deferred();
    const call = follow(old.execute(() => run.promise));
    hub.remove('database');
    hub.policy('database');
    run.reject(new Error('down'));
    await flush();
    expect(call.now.status).toBe('rejected');
    expect(hub.incidents.list()).toEqual([]);
  });

  test('is waited for when the hub closes', async () => {
    const hub = testHub();
    const run = deferred();
    const call = hub.policy('database').execute(() => run.promise);
    hub.remove('database');
    const closed = follow(hub.close());
    await flush();
    expect(closed.now.status).toBe('pending');
    run.resolve('done');
    expect(await call).toBe('done');
    await flush();
    expect(closed.now.status).toBe('fulfilled');
  });
});

test('defaults are copied, and undefined takes none of them away', () => {
  const retry = { maxRetries: 1 };
  const hub = testHub({ defaults: { retry } });
  retry.maxRetries = 9;
  expect(hub.policy('a').explain()).toContain('up to 1 more');
  expect(hub.policy('b', { retry: { maxRetries: undefined } }).explain()).toContain('up to 1 more');
});

test('what is wrong with a name and with the options is said at once', () => {
  const paths = (make: () => unknown): unknown => {
    try {
      make();
    } catch (error) {
      return isBreakwaterError(error, 'INVALID_OPTIONS') && error.problems.map(({ path }) => path);
    }
    return [];
  };
  const wrong: object = { totalTimeoutMs: -1, retry: { maxRetries: 'many' } };
  expect(paths(() => testHub().policy('', wrong))).toEqual(['name', 'totalTimeoutMs', 'retry.maxRetries']);
});

test('what fails inside is logged, once a minute for each policy and component', async () => {
  const warn = vi.fn();
  const logger = { debug: () => {}, info: () => {}, warn, error: () => {} };
  const hub = testHub({ logger });
  const policy = hub.policy('database', {
    classify: () => {
      throw new Error('password=hunter2');
    },
  });
  for (let call = 0; call < 3; call += 1) await policy.execute(() => 'fine');
  expect(warn).toHaveBeenCalledTimes(1);
  expect(JSON.stringify(warn.mock.calls)).not.toContain('hunter2');
  await vi.advanceTimersByTimeAsync(60_001);
  await policy.execute(() => 'fine');
  expect(warn).toHaveBeenCalledTimes(2);
});
