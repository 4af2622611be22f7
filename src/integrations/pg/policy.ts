import type { Breakwater } from '../../breakwater.ts';
import type { Policy } from '../../core/policy.ts';
import { type PolicyOptions, withDefaults } from '../../policy-options.ts';
import { resultCache } from './cache.ts';
import { guardClassify } from './classify.ts';
import { queryFallback } from './fallback.ts';

/** A pool's policy, and whether its calls can leave a result behind. */
export interface PoolPolicy {
  readonly policy: Policy;
  readonly remembers: boolean;
}

/**
 * Makes a pool's policy: the user's, with retry on by default, since here it is known what may be repeated, and
 * with classification, cache and fallback fitted to what a pool does.
 */
export function makePolicy(breakwater: Breakwater, name: string, given: PolicyOptions): PoolPolicy {
  const { classify, retry = {}, cacheFallback, fallback } = withDefaults(breakwater.defaults, given);
  const judged = classify === undefined ? given : { ...given, classify: guardClassify(classify) };
  if (given.strategies !== undefined) {
    const remembers = given.strategies.some((strategy) => strategy.remembers === true);
    return { policy: breakwater.policy(name, judged), remembers };
  }
  const policy = breakwater.policy(name, {
    ...judged,
    retry,
    ...(cacheFallback ? { cacheFallback: resultCache(cacheFallback) } : {}),
    ...(fallback ? { fallback: queryFallback(fallback) } : {}),
  });
  return { policy, remembers: Boolean(cacheFallback) };
}
