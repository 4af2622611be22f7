import { describe, expect, test } from 'vitest';
import { isBreakwaterError } from '../../src/index.ts';
import { testHub } from '../support.ts';

/** What is said of options that a file gave. */
function problemsOf(json: string): string[] {
  try {
    testHub().policy('p', JSON.parse(json));
    return [];
  } catch (error) {
    if (!isBreakwaterError(error, 'INVALID_OPTIONS')) throw error;
    return error.problems.map(({ path, message }) => `${path} ${message}`);
  }
}

describe('a name that is none', () => {
  test.each([
    ['{ "retryBudget": {} }', "'attemptBudget'"],
    ['{ "bulkhead": { "maxConcurrentCalls": 3 } }', "'maxConcurrent'"],
    ['{ "bulkhead": { "queue": 3 } }', "'maxQueue'"],
    ['{ "rateLimit": { "ratePerSecond": 1, "limitForPeriod": 3 } }', "'ratePerSecond'"],
    ['{ "hedge": { "hedgeDelay": 3 } }', "'delayMs'"],
    ['{ "circuitBreaker": { "waitDurationInOpenState": 3 } }', "'openMs'"],
    ['{ "throttle": { "K": 3 } }', "'multiplier'"],
    ['{ "breaker": {} }', "'circuitBreaker'"],
    ['{ "timeoutMs": 3 }', "'totalTimeoutMs'"],
  ])('%s was probably meant to be %s', (given, meant) => {
    expect(problemsOf(given)).toEqual([expect.stringContaining(`did you mean ${meant}?`)]);
  });

  test.each([
    ['{ "perKey": 1 }', "it belongs in 'circuitBreaker'"],
    ['{ "endpoints": [] }', "it belongs in 'failover'"],
    ['{ "maxQueue": 1 }', "it belongs in 'bulkhead'"],
    ['{ "priority": "high" }', 'give it with a call, or to wrap()'],
  ])('%s stands elsewhere', (given, where) => {
    expect(problemsOf(given)).toEqual([expect.stringContaining(where)]);
  });
});
