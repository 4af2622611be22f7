import { z } from 'zod';
import {
  count,
  countOrZero,
  durationMs,
  numberThat,
  oneOf,
  options,
  policyName,
  shown,
} from '../../core/options.ts';

/** One of the redundant places where an operation can go. */
export interface EndpointOptions<Target = unknown> {
  /** Its name, also in metrics: 1 to 128 characters without control characters, unique within the policy. */
  readonly name: string;
  /** What the operation is given for it, as it is: a pool, a client, a base URL. Anything but `undefined`. */
  readonly target: Target;
  /**
   * Its share of the calls beside those of the same priority, where they are balanced; above 0. It is kept while at most
   * one call is in flight and while many are; in between roughly: a share of 0.1 is from 0.07 to 0.16. Default 1.
   */
  readonly weight?: number | undefined;
  /**
   * Which group it belongs to: 0 is the primary one, and a group gets calls while none of a lower number can. A whole
   * number from 0. Default 0.
   */
  readonly priority?: number | undefined;
}

/** How calls are spread over the endpoints. */
export type EndpointBalance = 'in-order' | 'balanced';

/** Options of `failover()`. */
export interface FailoverOptions<Target = unknown> {
  /** 1 to 100, the most preferred first. Their names and targets hold for the life of the policy. */
  readonly endpoints: readonly EndpointOptions<Target>[];
  /**
   * `in-order` (the default): every call goes to the first one that is healthy, by priority and then as listed, so a
   * primary and its standby. `balanced`: to the one of two chosen at random by weight that has less in flight, within
   * the best priority that has a healthy one ("The Power of Two Choices in Randomized Load Balancing", Mitzenmacher, 2001).
   */
  readonly balance?: EndpointBalance | undefined;
  /** To how many more endpoints one call may go after the first failed, 0 or more. Default: all the others. */
  readonly maxFailovers?: number | undefined;
  /** When an endpoint gets no calls for a while. Default: on, with its own defaults; `false` leaves it to the circuits. */
  readonly ejection?: EjectionOptions | false | undefined;
}

/**
 * Outlier ejection, after Envoy's outlier detection ("Outlier detection", Envoy documentation, architecture overview):
 * an endpoint that fails is left out for a while, longer each time. After that one call tries it; when that succeeds
 * it is back.
 */
export interface EjectionOptions {
  /**
   * So many failures in a row eject it, 1 or more. A call whose own deadline cut it short counts as one where the endpoint
   * had longer than its answers usually take. Default 5.
   */
  readonly consecutiveFailures?: number | undefined;
  /** How long it is out the first time, in milliseconds; twice that the second time, and so on. Default 30 000. */
  readonly baseEjectionMs?: number | undefined;
  /** No ejection is longer, in milliseconds. Default 300 000, or `baseEjectionMs` where that is longer. */
  readonly maxEjectionMs?: number | undefined;
  /** At most so many of all endpoints are out at once, in percent from 0 to 100; one always may be. Default 10. */
  readonly maxEjectedPercent?: number | undefined;
  /** Whether one that succeeds much more rarely than the others is ejected. Default: on, with its own defaults. */
  readonly successRate?: SuccessRateOptions | false | undefined;
}

/** Ejects an endpoint whose success rate is lower than the mean of all by `stdevFactor` standard deviations. */
export interface SuccessRateOptions {
  /** How often rates are compared, in milliseconds. Default 10 000. */
  readonly intervalMs?: number | undefined;
  /** Endpoints with fewer runs in an interval are not compared, 1 or more. Default 100. */
  readonly minimumRuns?: number | undefined;
  /** With fewer endpoints to compare, none is ejected, 3 or more. Default 5. */
  readonly minimumEndpoints?: number | undefined;
  /** Above 0. Default 1.9. */
  readonly stdevFactor?: number | undefined;
}

const MAX_ENDPOINTS = 100;
const DEFAULT_MAX_EJECTION_MS = 300_000;
/** How long an endpoint is out the first time where nothing else is said, in milliseconds. */
export const DEFAULT_BASE_EJECTION_MS = 30_000;

function offOr({ input }: { readonly input?: unknown }): string {
  return `must be an options object, or false, not ${shown(input)}`;
}

const endpointSchema = options(
  {
    name: policyName,
    target: z.custom<unknown>((value) => value !== undefined, {
      error: 'must be given: what the operation needs to reach the endpoint, such as a pool',
    }),
    weight: numberThat((n) => n > 0, 'a finite number above 0').default(1),
    priority: countOrZero.default(0),
  },
  'an endpoint, { name, target }',
);

const endpointsSchema = z
  .array(endpointSchema, {
    error: (issue) => `must be an array of endpoints, { name, target }, not ${shown(issue.input)}`,
  })
  .min(1, { error: 'must have an endpoint' })
  .max(MAX_ENDPOINTS, { error: `must have at most ${MAX_ENDPOINTS} endpoints` })
  .superRefine((endpoints, context) => {
    for (const [at, { name }] of endpoints.entries()) {
      if (endpoints.findIndex((other) => other.name === name) === at) continue;
      context.addIssue({
        code: 'custom',
        path: [at, 'name'],
        message: `${shown(name)} is the name of another endpoint; give each its own`,
      });
    }
  });

const successRateSchema = options({
  intervalMs: durationMs.default(10_000),
  minimumRuns: count.default(100),
  minimumEndpoints: numberThat((n) => Number.isSafeInteger(n) && n >= 3, 'a whole number, 3 or more').default(
    5,
  ),
  stdevFactor: numberThat((n) => n > 0, 'a finite number above 0').default(1.9),
});

const ejectionSchema = options({
  consecutiveFailures: count.default(5),
  baseEjectionMs: durationMs.default(DEFAULT_BASE_EJECTION_MS),
  maxEjectionMs: durationMs.optional(),
  maxEjectedPercent: numberThat((n) => n >= 0 && n <= 100, 'a percentage from 0 to 100').default(10),
  successRate: z.union([successRateSchema, z.literal(false)], { error: offOr }).prefault({}),
})
  .superRefine(({ baseEjectionMs, maxEjectionMs = baseEjectionMs }, context) => {
    if (maxEjectionMs >= baseEjectionMs) return;
    context.addIssue({
      code: 'custom',
      path: ['maxEjectionMs'],
      message: `must be at least baseEjectionMs, ${baseEjectionMs}, not ${maxEjectionMs}`,
    });
  })
  .transform((given) => ({
    ...given,
    maxEjectionMs: given.maxEjectionMs ?? Math.max(DEFAULT_MAX_EJECTION_MS, given.baseEjectionMs),
  }));

export const failoverSchema = options({
  endpoints: endpointsSchema,
  balance: oneOf(['in-order', 'balanced']).default('in-order'),
  maxFailovers: countOrZero.optional(),
  ejection: z.union([ejectionSchema, z.literal(false)], { error: offOr }).prefault({}),
}).transform((given) => ({
  ...given,
  maxFailovers: given.maxFailovers ?? given.endpoints.length - 1,
}));

/** Checked options. */
export type FailoverSettings = z.output<typeof failoverSchema>;
/** Checked options of the ejection. */
export type EjectionSettings = z.output<typeof ejectionSchema>;
/** Checked options of one endpoint. */
export type EndpointSettings = z.output<typeof endpointSchema>;

/** Checked options of the comparison of success rates. */
export type SuccessRateSettings = z.output<typeof successRateSchema>;
