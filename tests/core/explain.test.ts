import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  adaptiveLimit,
  type Breakwater,
  bulkhead,
  type CacheFallbackOptions,
  circuitBreaker,
  failover,
  hedge,
  type PolicyOptions,
  rateLimit,
  retry,
  throttle,
  timeout,
} from '../../src/index.ts';
import { testHub } from '../support.ts';

let hub: Breakwater;
beforeEach(() => {
  hub = testHub();
});
afterEach(() => hub.close());

let made = 0;

/** What each layer sees, by the first words of its line. */
function sights(options: PolicyOptions): Record<string, string> {
  made += 1;
  const lines = hub.policy(`p ${made}`, options).explain().split('\n').slice(1, -1);
  const pairs = lines.flatMap((line, at): [string, string][] => {
    const name = /^ {2}\d+\. (?<name>[\w ]+)/.exec(line)?.groups?.name;
    return name === undefined ? [] : [[name, lines[at + 1]?.trim() ?? '']];
  });
  return Object.fromEntries(pairs);
}

const endpoints = [
  { name: 'a', target: 1 },
  { name: 'b', target: 2 },
];

describe('explain()', () => {
  test('says of each layer what of a call comes to it', () => {
    expect(
      hub.policy('users', { totalTimeoutMs: 10_000, attemptTimeoutMs: 2_000, retry: {} }).explain(),
    ).toBe(
      [
        "Policy 'users', outermost layer first:",
        '  1. total timeout: the call may take 10000 ms',
        '     sees each call, with up to 4 attempts behind its outcome',
        '  2. retry: up to 3 more, exponential backoff from 200 ms to 20000 ms, jitter full',
        '     sees each call, with up to 4 attempts behind its outcome',
        '  3. circuit breaker: opens when 50 % of at least 10 attempts fail over 30000 ms, for 30000 to 300000 ms',
        '     sees up to 4 runs of a call',
        '  4. attempt timeout: an attempt may take 2000 ms',
        '     sees up to 4 runs of a call, less what the circuit breaker turns away',
        '  5. the operation',
        '     runs up to 4 times for a call, less what the circuit breaker turns away',
        'Worst case: at most 9400 ms (10000 ms where it asks for longer waits), 4 attempts.',
      ].join('\n'),
    );
  });

  test('a breaker outside of retry sees calls, and one outcome for all their attempts', () => {
    const strategies = [circuitBreaker(), retry({ maxRetries: 2 }), timeout({ timeoutMs: 10 })];
    expect(sights({ strategies })).toEqual({
      'circuit breaker': 'sees each call, with up to 3 attempts behind its outcome',
      retry:
        'sees each call, less what the circuit breaker turns away, with up to 3 attempts behind its outcome',
      timeout: 'sees up to 3 runs of a call, less what the circuit breaker turns away',
      'the operation': 'runs up to 3 times for a call, less what the circuit breaker turns away',
    });
  });

  test('runs of a hedge come at once, those of a failover each at one endpoint', () => {
    const seen = sights({ retry: { maxRetries: 1 }, hedge: { delayMs: 50 }, failover: { endpoints } });
    expect(seen).toMatchObject({
      hedge: 'sees up to 2 runs of a call, with up to 4 attempts behind its outcome',
      failover: 'sees up to 4 runs of a call, 2 of them at once, with up to 2 attempts behind its outcome',
      'circuit breaker': 'sees up to 8 runs of a call, 2 of them at once, each at one endpoint',
    });
    expect(sights({ strategies: [hedge({ delayMs: 5 }), timeout({ timeoutMs: 9 })] })).toMatchObject({
      'the operation': 'runs up to 2 times for a call, perhaps all at once',
    });
  });

  test('names all that turns away on the way', () => {
    const strategies = [
      rateLimit({ ratePerSecond: 5 }),
      bulkhead({ maxConcurrent: 5 }),
      circuitBreaker(),
      timeout({ timeoutMs: 9 }),
    ];
    expect(sights({ strategies })).toMatchObject({
      'rate limit': 'sees each call',
      'the operation':
        'runs once for each call, less what the rate limit, the bulkhead and the circuit breaker turn away',
    });
  });

  test('what turns nothing away keeps nothing from what lies within', () => {
    const strategies = [
      rateLimit({ ratePerSecond: 5, mode: 'shadow' }),
      bulkhead({ maxConcurrent: 5, mode: 'shadow' }),
      throttle({ mode: 'shadow' }),
      adaptiveLimit({ mode: 'shadow' }),
      circuitBreaker({ mode: 'shadow' }),
      timeout({ timeoutMs: 9 }),
    ];
    expect(sights({ strategies })).toMatchObject({ 'the operation': 'runs once for each call' });
    const policy = hub.policy('live', { circuitBreaker: { mode: 'shadow' } });
    expect(policy.explain()).not.toContain('turns away');
    policy.update({ circuitBreaker: { mode: 'enforce' } });
    expect(policy.explain()).toContain('runs once for each call, less what the circuit breaker turns away');
  });

  test('a cache keeps from what lies within what it answers itself, and what shares a run', () => {
    const within = (options: CacheFallbackOptions) =>
      sights({ cacheFallback: options, circuitBreaker: false })['the operation'];
    expect(within({})).toBe('runs once for each call');
    expect(within({ freshForMs: 1_000 })).toBe('runs once for each call, less what the cache answers');
    expect(within({ coalesce: true })).toBe('runs once for each call, less what shares a run');
    expect(sights({ cacheFallback: { freshForMs: 1_000, coalesce: true } })).toMatchObject({
      'the operation':
        'runs once for each call, less what the cache answers, what shares a run and what the circuit breaker turns away',
    });
  });

  test('one endpoint alone is no choice', () => {
    const strategies = [failover({ endpoints: endpoints.slice(0, 1) }), timeout({ timeoutMs: 9 })];
    expect(sights({ strategies })).toMatchObject({ 'the operation': 'runs once for each call' });
  });
});
