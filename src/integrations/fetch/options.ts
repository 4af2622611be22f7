import { z } from 'zod';
import type { Breakwater } from '../../breakwater.ts';
import {
  callback,
  count,
  countOrZero,
  durationMs,
  options,
  parseOptions,
  policyName,
  shown,
} from '../../core/options.ts';
import { type PolicyOptions, policyDefaultsSchema, withDefaults } from '../../policy-options.ts';
import type { CacheFallbackOptions } from '../../strategies/cache-fallback/index.ts';
import { DEADLINE_HEADER, headerName } from '../../web/deadline.ts';

/** What a cache key is made from. */
export type KeyedRequest = Pick<Request, 'method' | 'url' | 'headers'>;

/**
 * Cache options of a policy, less how values are copied: responses have a copy of their own kind. The default store
 * keeps up to `maxEntries` responses, and up to 64 MiB, for each policy; one that varies takes a place more for its URL.
 */
export type FetchCacheOptions = Omit<CacheFallbackOptions, 'codec' | 'clone'>;

/**
 * Options of `resilientFetch()`: those of the policies it makes (all but `strategies`, whose instances belong to one
 * policy, and `failover`, since a request says where it goes), and its own.
 */
export interface ResilientFetchOptions
  extends Omit<PolicyOptions, 'strategies' | 'cacheFallback' | 'failover'> {
  /**
   * Answers a GET that fails with a copy of the last good response. Default: none.
   *
   * A response is kept when its status is 200, 203 or 204, its body fits into `maxCachedBodyBytes`, and nothing says
   * that it is one user's: `no-store`, `no-cache`, `must-revalidate`, `private`, `Set-Cookie` and `Vary: *` on the
   * response; credentials in the URL, conditions, ranges, `no-store` and `no-cache` on the request, and any header
   * that may tell who asks. Those that do not are `Accept` and its like, `User-Agent`, `Origin`, `Sec-Fetch-*`, the
   * identifiers of tracing (`traceparent`, `x-request-id`), and those of the connection and of caching. What `Vary`
   * names is part of the key.
   *
   * With `coalesce`, concurrent requests that would be kept under one key, and have the same headers, share one
   * answer; one that turns out private or not to be stored, or sets a cookie, goes to the first, and each other sends
   * its own.
   */
  readonly cacheFallback?: FetchCacheOptions | false | undefined;
  /**
   * Names the policy of a request. Default: the URL's origin. A policy that the hub has under that name is used as
   * it is, without a cache fallback unless `resilientFetch()` made it; any other is made from these options.
   */
  readonly policyFor?: ((url: URL) => string) | undefined;
  /**
   * Names of policies to make at once instead of at their first request, so that Prometheus sees their counters at
   * zero before the first call and misses none of it. A name that the hub has already is left as it is. Default: none.
   */
  readonly policies?: readonly string[] | undefined;
  /** How many policies are made at most; names beyond that share the policy `other`. Default 100. */
  readonly maxPolicies?: number | undefined;
  /**
   * How long a body may stall: the longest wait for its next bytes while somebody reads, in milliseconds. Reading
   * then fails with a `TimeoutError` of scope `body`. Default 30 000; `false` for no bound of this library's own.
   */
  readonly bodyTimeoutMs?: number | false | undefined;
  /** Bodies longer than this many bytes are not kept for the cache fallback. Default 1 048 576 (1 MiB). */
  readonly maxCachedBodyBytes?: number | undefined;
  /**
   * Tells users apart: what the cache fallback adds to the method and the URL to keep the answer to a GET under;
   * `undefined` for one that is not to be kept. With a key of the caller's own, requests that tell who asks and
   * responses that are private or not to be stored are kept too. What `Vary` names is still part of it, well-known
   * credentials excepted. One that throws, or gives anything but a string, is reported, and the call has no key.
   * Default: nothing is added, and only what may be shared is kept.
   */
  readonly cacheKey?: ((request: KeyedRequest) => string | undefined) | undefined;
  /**
   * The header that tells the server how long is left of a deadline in force (`runWithDeadline()`, `deadline()` of
   * `breakwater/express` and `/fastify`), in whole milliseconds, rounded down. It is sent only under such a deadline, and
   * never over a header of the caller's own. Default `x-request-timeout-ms`; `false` for none.
   */
  readonly deadlineHeader?: string | false | undefined;
  /** What sends the requests. Default: the global `fetch`, looked up at each call. */
  readonly fetch?: typeof globalThis.fetch | undefined;
}

const hubSchema = z.custom<Breakwater>(
  (value) =>
    typeof value === 'object' &&
    value !== null &&
    ['policy', 'has', 'get'].every((method) => typeof Reflect.get(value, method) === 'function'),
  { error: (issue) => `must be what createBreakwater() gives, not ${shown(issue.input)}` },
);

const ownSchema = z.object({
  policyFor: callback<(url: URL) => string>().optional(),
  policies: z
    .array(policyName, { error: (issue) => `must be an array of names, not ${shown(issue.input)}` })
    .default([]),
  maxPolicies: count.default(100),
  bodyTimeoutMs: z
    .union([durationMs, z.literal(false)], {
      error: 'must be a finite number of milliseconds above 0, such as 5_000, or false',
    })
    .default(30_000),
  maxCachedBodyBytes: countOrZero.default(1_048_576),
  cacheKey: callback<(request: KeyedRequest) => string | undefined>().optional(),
  deadlineHeader: z
    .union([headerName, z.literal(false)], {
      error: (issue) =>
        `must be the name of a header, such as '${DEADLINE_HEADER}', or false, not ${shown(issue.input)}`,
    })
    .default(DEADLINE_HEADER),
  fetch: callback<typeof globalThis.fetch>().optional(),
});

const fetchSchema = options({ ...policyDefaultsSchema.shape, ...ownSchema.shape }).superRefine(
  (given, context) => {
    if (Reflect.get(given, 'failover')) {
      const message =
        'a request has one URL: give a policy the base URLs as targets, and fetch within policy.execute(({ target, signal }) => ...)';
      context.addIssue({ code: 'custom', path: ['failover'], message });
    }
    const cache: unknown = Reflect.get(given, 'cacheFallback');
    if (typeof cache !== 'object' || cache === null) return;
    for (const key of ['codec', 'clone']) {
      if (Reflect.get(cache, key) === undefined) continue;
      const message = 'must not be given: responses are copied in a way of their own';
      context.addIssue({ code: 'custom', path: ['cacheFallback', key], message });
    }
  },
);

/** Checked options. */
export interface FetchSettings extends z.output<typeof ownSchema> {
  /** What the policies are made from. */
  readonly policyOptions: Omit<PolicyOptions, 'strategies'>;
}

/**
 * Checks the options and lays those of a policy on the hub's defaults.
 *
 * @throws {InvalidOptionsError} naming everything that is wrong
 */
export function fetchSettings(hub: Breakwater, given: ResilientFetchOptions): FetchSettings {
  parseOptions(
    options({ breakwater: hubSchema }),
    { breakwater: hub },
    '',
    'The first argument of resilientFetch()',
  );
  parseOptions(fetchSchema, given, '', 'Options of resilientFetch()');
  const {
    policyFor,
    policies,
    maxPolicies,
    bodyTimeoutMs,
    maxCachedBodyBytes,
    cacheKey,
    deadlineHeader,
    fetch,
    ...ofPolicy
  } = given;
  const own = ownSchema.parse({
    policyFor,
    policies,
    maxPolicies,
    bodyTimeoutMs,
    maxCachedBodyBytes,
    cacheKey,
    deadlineHeader,
    fetch,
  });
  return { ...own, policyOptions: withDefaults(hub.defaults, ofPolicy) };
}
