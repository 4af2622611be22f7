import { afterEach, describe, expect, expectTypeOf, it } from 'vitest';
import { InvalidOptionsError } from '../../../src/index.ts';
import { type ResilientFetchOptions, resilientFetch } from '../../../src/integrations/fetch/index.ts';
import { closeAll, makeHub } from './server.ts';

afterEach(closeAll);

function problemsOf(options: unknown): string[] {
  const given: ResilientFetchOptions = {};
  Object.assign(given, options);
  try {
    resilientFetch(makeHub(), given);
  } catch (error) {
    if (error instanceof InvalidOptionsError) return error.problems.map(({ path }) => path);
    throw error;
  }
  return [];
}

describe('options of resilientFetch', () => {
  it("gives a function of fetch's own type", () => {
    const own: typeof fetch = resilientFetch(makeHub());
    expectTypeOf(own).toEqualTypeOf<typeof fetch>();
    expect(own).toBeTypeOf('function');
  });

  it("names every problem at once, its own and the policy's", () => {
    const wrong = {
      policyFor: 'name',
      policies: ['', 'fine'],
      maxPolicies: 0,
      bodyTimeoutMs: -1,
      maxCachedBodyBytes: 1.5,
      cacheKey: 'url',
      fetch: {},
      retry: { maxRetries: Number.NaN },
      cacheFallback: { codec: {}, clone: structuredClone },
      strategies: [],
      retires: {},
    };
    expect(problemsOf(wrong).sort()).toEqual(
      [
        'policyFor',
        'policies[0]',
        'maxPolicies',
        'bodyTimeoutMs',
        'maxCachedBodyBytes',
        'cacheKey',
        'fetch',
        'retry.maxRetries',
        'cacheFallback.codec',
        'strategies',
        'retires',
      ].sort(),
    );
    expect(problemsOf({ cacheFallback: { clone: structuredClone } })).toEqual(['cacheFallback.clone']);
    expect(problemsOf({ failover: { endpoints: [{ name: 'a', target: 'http://127.0.0.1' }] } })).toEqual([
      'failover',
    ]);
  });

  it.each([null, 5, 'x', []])('refuses %j for options', (options) => {
    const make: (...args: unknown[]) => unknown = (...args) => Reflect.apply(resilientFetch, undefined, args);
    expect(() => make(makeHub(), options)).toThrow(InvalidOptionsError);
  });

  it('refuses what is no hub', () => {
    const make: (...args: unknown[]) => unknown = (...args) => Reflect.apply(resilientFetch, undefined, args);
    expect(() => make({})).toThrow(InvalidOptionsError);
    expect(() => make(undefined)).toThrow(InvalidOptionsError);
  });
});
