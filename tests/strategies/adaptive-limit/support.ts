import { vi } from 'vitest';
import type { AdaptiveLimitOptions, Policy, PolicyOptions } from '../../../src/index.ts';
import { type Deferred, deferred, follow, sampleOf, testHub } from '../../support.ts';

/** A policy with an adaptive limit, and no circuit. */
export function limited(options: AdaptiveLimitOptions = {}, others: PolicyOptions = {}): Policy {
  return testHub().policy('upstream', { circuitBreaker: false, adaptiveLimit: options, ...others });
}

export const limitOf = (policy: Policy) => sampleOf(policy, 'adaptive_limit');
export const inUse = (policy: Policy) => sampleOf(policy, 'adaptive_limit_in_use');

/** An operation that succeeds at once. */
export const ok = async (): Promise<string> => 'ok';
/** An operation that takes so long. */
export const wait = (ms: number) => (): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Calls that hold a place until they are let go. */
export function holding(policy: Policy, count: number): Deferred[] {
  return Array.from({ length: count }, () => {
    const gate = deferred();
    follow(policy.execute(() => gate.promise));
    return gate;
  });
}

/** So many calls at once, again and again, each of which takes so long. */
export async function load(policy: Policy, atOnce: number, ms: number, rounds: number): Promise<void> {
  for (let round = 0; round < rounds; round += 1) {
    for (let call = 0; call < atOnce; call += 1) follow(policy.execute(wait(ms)));
    await vi.advanceTimersByTimeAsync(ms);
  }
}
