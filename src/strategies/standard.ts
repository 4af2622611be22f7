import { z } from 'zod';
import { durationMs } from '../core/options.ts';
import type { Strategy } from '../core/pipeline.ts';
import { type AdaptiveLimitOptions, adaptiveLimit } from './adaptive-limit/index.ts';
import { adaptiveLimitSchema } from './adaptive-limit/options.ts';
import { type BulkheadOptions, bulkhead } from './bulkhead/index.ts';
import { bulkheadSchema } from './bulkhead/options.ts';
import { type CacheFallbackOptions, cacheFallback } from './cache-fallback/index.ts';
import { cacheFallbackSchema } from './cache-fallback/options.ts';
import { type ChaosOptions, chaos } from './chaos/index.ts';
import { chaosSchema } from './chaos/options.ts';
import { type CircuitBreakerOptions, circuitBreaker } from './circuit-breaker/index.ts';
import { circuitBreakerSchema } from './circuit-breaker/options.ts';
import { type FailoverOptions, failover } from './failover/index.ts';
import { failoverSchema } from './failover/options.ts';
import { type FallbackAnswer, type FallbackOptions, fallback } from './fallback/index.ts';
import { fallbackSchema } from './fallback/options.ts';
import { type HedgeOptions, hedge } from './hedge/index.ts';
import { hedgeSchema } from './hedge/options.ts';
import { type RateLimitOptions, rateLimit } from './rate-limit/index.ts';
import { rateLimitSchema } from './rate-limit/options.ts';
import { type RetryOptions, retry } from './retry/index.ts';
import { retrySchema } from './retry/options.ts';
import { type ThrottleOptions, throttle } from './throttle/index.ts';
import { throttleSchema } from './throttle/options.ts';
import {
  callerDeadline,
  DEFAULT_ATTEMPT_TIMEOUT_MS,
  DEFAULT_FAILOVER_ATTEMPT_TIMEOUT_MS,
  DEFAULT_TOTAL_TIMEOUT_MS,
  timeout,
} from './timeout/index.ts';

/**
 * The strategies of a policy by their standard keys. `false` leaves one out.
 *
 * @typeParam Target what the endpoints of `failover` have as `target`
 */
export interface StandardStrategies<Target = unknown> {
  /** Answers in a failed call's place with what a function makes, where the cache cannot. Default: none. */
  readonly fallback?: FallbackAnswer | FallbackOptions | false | undefined;
  /** Answers in a failed call's place with a remembered value. Default: none. */
  readonly cacheFallback?: CacheFallbackOptions | false | undefined;
  /** How long a call may take with all its attempts and waits, in milliseconds. Default 30 000. */
  readonly totalTimeoutMs?: number | false | undefined;
  /** Repeats failed attempts. Default: none, since only the caller knows that an operation may be repeated. */
  readonly retry?: RetryOptions | false | undefined;
  /** Makes another attempt beside one that is slow. Default: none, for the same reason. */
  readonly hedge?: HedgeOptions | false | undefined;
  /** Takes calls to another endpoint when one fails. Default: none; the operation knows where it goes. */
  readonly failover?: FailoverOptions<Target> | false | undefined;
  /** Turns away, by chance, a share of what the dependency would refuse anyhow. Default: none. */
  readonly throttle?: ThrottleOptions | false | undefined;
  /** Keeps to the rate that the dependency allows. Default: none. */
  readonly rateLimit?: RateLimitOptions | false | undefined;
  /** Bounds how many calls are in flight by a limit that finds itself. Default: none. */
  readonly adaptiveLimit?: AdaptiveLimitOptions | false | undefined;
  /** Bounds how many attempts run at once, so that one dependency cannot take all connections. Default: none. */
  readonly bulkhead?: BulkheadOptions | false | undefined;
  /** Stops asking a dependency that fails. Default: on, with its own defaults. */
  readonly circuitBreaker?: CircuitBreakerOptions | false | undefined;
  /** How long one attempt may take, in milliseconds. Default 10 000, and 2 000 with `failover`. */
  readonly attemptTimeoutMs?: number | false | undefined;
  /** Makes faults on purpose, once code switches it on. Default: none. */
  readonly chaos?: ChaosOptions | false | undefined;
}

/** How a standard key becomes a layer. */
interface StandardLayer {
  readonly key: keyof StandardStrategies;
  readonly schema: z.ZodType;
  readonly create: (options: StandardStrategies) => Strategy | undefined;
}

/** The standard order, outermost first. A new strategy is a folder beside this file and a line here. */
const standardOrder: readonly StandardLayer[] = [
  {
    key: 'fallback',
    schema: fallbackSchema,
    create: ({ fallback: given }) => (given ? fallback(given) : undefined),
  },
  {
    key: 'cacheFallback',
    schema: cacheFallbackSchema,
    create: ({ cacheFallback: given }) => (given ? cacheFallback(given) : undefined),
  },
  {
    key: 'totalTimeoutMs',
    schema: durationMs,
    create: ({ totalTimeoutMs: timeoutMs = DEFAULT_TOTAL_TIMEOUT_MS }) =>
      timeoutMs === false ? callerDeadline() : timeout({ timeoutMs, scope: 'total' }),
  },
  { key: 'retry', schema: retrySchema, create: ({ retry: given }) => (given ? retry(given) : undefined) },
  { key: 'hedge', schema: hedgeSchema, create: ({ hedge: given }) => (given ? hedge(given) : undefined) },
  {
    key: 'failover',
    schema: failoverSchema,
    create: ({ failover: given }) => (given ? failover(given) : undefined),
  },
  {
    key: 'throttle',
    schema: throttleSchema,
    create: ({ throttle: given }) => (given ? throttle(given) : undefined),
  },
  {
    key: 'rateLimit',
    schema: rateLimitSchema,
    create: ({ rateLimit: given }) => (given ? rateLimit(given) : undefined),
  },
  {
    key: 'adaptiveLimit',
    schema: adaptiveLimitSchema,
    create: ({ adaptiveLimit: given }) => (given ? adaptiveLimit(given) : undefined),
  },
  {
    key: 'bulkhead',
    schema: bulkheadSchema,
    create: ({ bulkhead: given }) => (given ? bulkhead(given) : undefined),
  },
  {
    key: 'circuitBreaker',
    schema: circuitBreakerSchema,
    create: ({ circuitBreaker: given = {} }) => (given === false ? undefined : circuitBreaker(given)),
  },
  {
    key: 'attemptTimeoutMs',
    schema: durationMs,
    create: ({ failover: chooses, attemptTimeoutMs: timeoutMs = defaultAttemptTimeoutMs(chooses) }) =>
      timeoutMs === false ? undefined : timeout({ timeoutMs, scope: 'attempt' }),
  },
  { key: 'chaos', schema: chaosSchema, create: ({ chaos: given }) => (given ? chaos(given) : undefined) },
];

function defaultAttemptTimeoutMs(chooses: StandardStrategies['failover']): number {
  return chooses ? DEFAULT_FAILOVER_ATTEMPT_TIMEOUT_MS : DEFAULT_ATTEMPT_TIMEOUT_MS;
}

/** The standard keys, outermost first. */
export const standardKeys: readonly (keyof StandardStrategies)[] = standardOrder.map(({ key }) => key);

/** Schemas of the standard keys, for the policy's own. */
export const standardShape: Readonly<Record<string, z.ZodType>> = Object.fromEntries(
  standardOrder.map(({ key, schema }) => [key, orOff(schema)]),
);

/** The standard keys that `options` say nothing of, so that the library's own defaults hold. */
export function absentKeys(options: StandardStrategies): readonly string[] {
  return standardKeys.filter((key) => options[key] === undefined);
}

/** The layers that checked options ask for, outermost first. */
export function standardLayers(options: StandardStrategies): Strategy[] {
  return standardOrder.flatMap(({ create }) => create(options) ?? []);
}

/** `false` leaves the strategy out. */
function orOff(schema: z.ZodType): z.ZodType {
  return z
    .union([schema, z.literal(false)], {
      error: ({ input }) =>
        `${schema.safeParse(input).error?.issues[0]?.message ?? 'is wrong'} (false leaves it out)`,
    })
    .optional();
}
