import type { Breakwater } from '../../breakwater.ts';
import type { Policy } from '../../core/policy.ts';
import { ResponseCache } from './cache/response-cache.ts';
import type { FetchSettings } from './options.ts';

/** The policy that requests share once there are too many. */
const OTHER = 'other';

/** The longest name that a policy may have. An origin can be longer. */
const MAX_NAME_LENGTH = 128;

/** A policy with the copies of its responses, where it keeps any. */
export interface FetchPolicy {
  readonly policy: Policy;
  readonly cache: ResponseCache | undefined;
}

/** The caches of the policies made here, whichever `resilientFetch()` made them. */
const caches = new WeakMap<Policy, ResponseCache>();

/** The policies that requests go through: those of the hub by name, and a bounded number of its own making. */
export class FetchPolicies {
  readonly #hub: Breakwater;
  readonly #settings: FetchSettings;
  readonly #made = new Set<string>();

  /** @throws {ClosedError} when policies are to be made at once and the hub is closed */
  constructor(hub: Breakwater, settings: FetchSettings) {
    this.#hub = hub;
    this.#settings = settings;
    for (const name of settings.policies) this.#policy(name);
  }

  /**
   * The policy for requests to `url`.
   *
   * @throws {InvalidOptionsError} when `policyFor` gave no name that a policy can have
   * @throws {ClosedError} when it would have to be made and the hub is closed
   */
  for(url: URL): FetchPolicy {
    const policy = this.#policy(this.#nameOf(url));
    return { policy, cache: caches.get(policy) };
  }

  #nameOf(url: URL): string {
    const { policyFor } = this.#settings;
    if (policyFor !== undefined) return policyFor(new URL(url));
    return url.origin.length <= MAX_NAME_LENGTH ? url.origin : OTHER;
  }

  #policy(name: string): Policy {
    if (this.#hub.has(name)) return this.#hub.get(name);
    if (name !== OTHER && !this.#hasRoom()) return this.#policy(OTHER);
    const policy = this.#make(name);
    if (name !== OTHER) this.#made.add(name);
    return policy;
  }

  #make(name: string): Policy {
    const { policyOptions, maxCachedBodyBytes } = this.#settings;
    const { cacheFallback } = policyOptions;
    if (cacheFallback === undefined || cacheFallback === false) return this.#hub.policy(name, policyOptions);
    const cache = new ResponseCache(cacheFallback, maxCachedBodyBytes, name);
    const policy = this.#hub.policy(name, { ...policyOptions, cacheFallback: cache.options });
    caches.set(policy, cache);
    return policy;
  }

  #hasRoom(): boolean {
    const { maxPolicies } = this.#settings;
    if (this.#made.size < maxPolicies) return true;
    // Those that have been removed from the hub make room again.
    for (const name of this.#made) if (!this.#hub.has(name)) this.#made.delete(name);
    return this.#made.size < maxPolicies;
  }
}
