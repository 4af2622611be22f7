import { z } from 'zod';
import { LiveSettings } from '../../core/adjustable.ts';
import type { CallDescription } from '../../core/call.ts';
import { type CircuitSnapshot, circuitStates } from '../../core/circuit.ts';
import {
  callback,
  count,
  countOrZero,
  durationMs,
  factor,
  numberThat,
  oneOf,
  options,
  ratio,
  shown,
  text,
} from '../../core/options.ts';

/** Which attempts a circuit judges by. */
export type CircuitWindow =
  /** Those of the last `ms` milliseconds. */
  | { readonly type: 'time'; readonly ms: number }
  /** The last `size` of them, up to 1 000 000; with `perKey`, up to 100 000 000 for `maxKeys` keys together. */
  | { readonly type: 'count'; readonly size: number };

/** What a health check is told. */
export interface ProbeContext {
  /** Aborts when the check has taken too long, or its outcome moves nothing any more. */
  readonly signal: AbortSignal;
  readonly policy: string;
  /** The endpoint whose circuit asks, of a policy with `failover`. */
  readonly endpoint?: string | undefined;
  /** The key whose circuit asks, of a policy with `perKey`. */
  readonly key?: string | undefined;
}

/** Asks the dependency whether it is healthy. It is not when this throws, rejects, takes too long or gives `false`. */
export type HealthCheck = (context: ProbeContext) => unknown;

/** A health check with its options. */
export interface ProbeOptions {
  /** Asks the dependency how it is. */
  readonly check: HealthCheck;
  /** How long a check may take, in milliseconds. Default: the policy's attempt timeout, or 5 000 without one. */
  readonly timeoutMs?: number | undefined;
  /**
   * How often it also runs while the circuit is closed, in milliseconds, before up to 10 % of jitter either way; not
   * where an attempt has succeeded since. Default: never.
   */
  readonly intervalMs?: number | undefined;
  /** Checks failed in a row that open a closed circuit, 1 or more. Default 3. */
  readonly failures?: number | undefined;
}

/** Options of `circuitBreaker()`. All thresholds are inclusive: reaching one trips. */
export interface CircuitBreakerOptions {
  /**
   * Share of failed attempts in the window that trips, above 0 and up to 1, or `false` for not looking at it.
   * Default 0.5.
   */
  readonly failureRate?: number | false | undefined;
  /**
   * Attempts that the window must hold before a rate trips, 1 or more. Default 10, or the window's `size` where that
   * is less.
   */
  readonly minimumThroughput?: number | undefined;
  /** Failures in a row that trip, 1 or more, or `false`. Default `false`. */
  readonly consecutiveFailures?: number | false | undefined;
  /** Share of slow attempts in the window that trips, above 0 and up to 1, or `false`. Default `false`. */
  readonly slowRate?: number | false | undefined;
  /** An attempt that takes longer than this many milliseconds is slow. Needed with `slowRate`. */
  readonly slowAttemptMs?: number | undefined;
  /** Default `{ type: 'time', ms: 30_000 }`. */
  readonly window?: CircuitWindow | undefined;
  /** How long the circuit stays open at first, in milliseconds. Default 30 000. */
  readonly openMs?: number | undefined;
  /** What the open time is multiplied by with each half-open that failed, 1 or more. Default 2. */
  readonly openBackoffFactor?: number | undefined;
  /** The longest open time, in milliseconds, before up to 10 % of jitter. Default 300 000, or `openMs` if longer. */
  readonly maxOpenMs?: number | undefined;
  /** Attempts that a half-open state admits in all, 1 or more. Default 1. */
  readonly halfOpenProbes?: number | undefined;
  /** A probe that takes longer than this many milliseconds counts as failed. Default: `openMs`. */
  readonly halfOpenMaxMs?: number | undefined;
  /** `shadow` decides and reports, and turns nothing away. Default `enforce`. */
  readonly mode?: 'enforce' | 'shadow' | undefined;
  /**
   * Gives the key whose circuit an attempt goes through, such as a tenant or a shard: a string of 1 to 256 characters,
   * or `undefined` for the policy's own circuit. Called once for each call, before its first attempt, so it should be
   * quick. One that throws, or gives anything else, is reported, and the policy's own circuit is used. An update to a
   * function of other source text forgets all keys, since they mean something else.
   */
  readonly perKey?: ((call: CallDescription) => string | undefined) | undefined;
  /**
   * Keys that have a circuit at a time, 1 to 1 000 000. Beyond that the closed one used least recently is forgotten;
   * where none is closed, a new key's calls go through the circuit around it, that of the endpoint or the policy's own.
   * Each takes about a kilobyte, and a byte for each attempt in a window that is a count; each scrape looks at each.
   * Default 1 000.
   */
  readonly maxKeys?: number | undefined;
  /**
   * A health check that tests an open circuit when its time is up, instead of a user's call: `halfOpenProbes` of its runs
   * in a row must succeed. With `intervalMs` it also opens a closed one. Default: users' calls test it.
   */
  readonly probe?: HealthCheck | ProbeOptions | undefined;
  /**
   * States from an earlier `circuit.toJSON()`: an open circuit waits only what was left. One, for the policy's own
   * circuit, or a list of those of `policy.circuits`, of which the states of keys are taken up where they are not closed.
   */
  readonly restore?: CircuitSnapshot | readonly CircuitSnapshot[] | undefined;
}

const rateOrOff = z.union([ratio, z.literal(false)], {
  error: (issue) => `must be a ratio above 0 and at most 1, or false, not ${shown(issue.input)}`,
});

const snapshotSchema = options({
  state: oneOf(circuitStates),
  since: z.number(),
  until: z.number().nullable(),
  failedRecoveries: countOrZero,
  key: text.optional(),
  endpoint: text.optional(),
  governs: z.boolean().optional(),
});

const probeOptions = options({
  check: callback<HealthCheck>(),
  timeoutMs: durationMs.optional(),
  intervalMs: durationMs.optional(),
  failures: count.default(3),
});

const probeSchema = z
  .union([callback<HealthCheck>(), probeOptions], {
    error: (issue) =>
      issue.code === 'invalid_union' && (typeof issue.input !== 'object' || issue.input === null)
        ? `must be a function, or { check, timeoutMs, intervalMs, failures }, not ${shown(issue.input)}`
        : undefined,
  })
  .transform((probe) => (typeof probe === 'function' ? probeOptions.parse({ check: probe }) : probe));

const keyCount = numberThat(
  (keys) => Number.isSafeInteger(keys) && keys >= 1 && keys <= 1_000_000,
  'a whole number from 1 to 1 000 000',
);

/** Attempts that the count windows of all keys may hold together: a window takes a byte for each. */
const MAX_KEYED_ATTEMPTS = 100_000_000;

const windowSize = numberThat(
  (size) => Number.isSafeInteger(size) && size >= 1 && size <= 1_000_000,
  'a whole number from 1 to 1 000 000',
);

export const circuitBreakerSchema = options({
  failureRate: rateOrOff.default(0.5),
  minimumThroughput: count.optional(),
  consecutiveFailures: z
    .union([count, z.literal(false)], {
      error: (issue) => `must be a whole number, 1 or more, or false, not ${shown(issue.input)}`,
    })
    .default(false),
  slowRate: rateOrOff.default(false),
  slowAttemptMs: durationMs.optional(),
  window: z
    .discriminatedUnion(
      'type',
      [
        options({ type: z.literal('time'), ms: durationMs }),
        options({ type: z.literal('count'), size: windowSize }),
      ],
      {
        error: (issue) =>
          issue.code === 'invalid_union' || issue.code === 'invalid_type'
            ? "must be { type: 'time', ms } or { type: 'count', size }"
            : undefined,
      },
    )
    .default({ type: 'time', ms: 30_000 }),
  openMs: durationMs.default(30_000),
  openBackoffFactor: factor.default(2),
  maxOpenMs: durationMs.optional(),
  halfOpenProbes: count.default(1),
  halfOpenMaxMs: durationMs.optional(),
  mode: oneOf(['enforce', 'shadow']).default('enforce'),
  perKey: callback<(call: CallDescription) => string | undefined>().optional(),
  maxKeys: keyCount.default(1_000),
  probe: probeSchema.optional(),
  restore: z.union([snapshotSchema, z.array(snapshotSchema)]).optional(),
})
  .check((context) => {
    const { slowRate, slowAttemptMs, failureRate, consecutiveFailures, maxOpenMs, openMs } = context.value;
    const { minimumThroughput = 1, window, perKey, maxKeys } = context.value;
    const problem = (path: string, message: string): void => {
      context.issues.push({ code: 'custom', path: path.split('.'), message, input: context.value });
    };
    if (slowRate !== false && slowAttemptMs === undefined)
      problem('slowAttemptMs', 'must be given with slowRate');
    if (slowRate === false && slowAttemptMs !== undefined)
      problem('slowRate', 'must be given with slowAttemptMs');
    if (failureRate === false && consecutiveFailures === false && slowRate === false) {
      problem(
        'failureRate',
        'must not be off together with consecutiveFailures and slowRate: nothing would trip',
      );
    }
    if (window.type === 'count' && minimumThroughput > window.size)
      problem(
        'minimumThroughput',
        `must not be above the window's size (${window.size}): no rate would trip`,
      );
    if (perKey !== undefined && window.type === 'count' && window.size * maxKeys > MAX_KEYED_ATTEMPTS)
      problem(
        'window.size',
        `must be at most ${Math.floor(MAX_KEYED_ATTEMPTS / maxKeys)} with ${maxKeys} keys (maxKeys): their windows may hold ${MAX_KEYED_ATTEMPTS} attempts together, a byte each`,
      );
    if (maxOpenMs !== undefined && maxOpenMs < openMs)
      problem('maxOpenMs', `must not be below openMs (${openMs})`);
  })
  .transform((given) => ({
    ...given,
    minimumThroughput: given.minimumThroughput ?? defaultThroughput(given.window),
    slowAttemptMs: given.slowAttemptMs ?? Number.POSITIVE_INFINITY,
    maxOpenMs: given.maxOpenMs ?? Math.max(300_000, given.openMs),
    halfOpenMaxMs: given.halfOpenMaxMs ?? given.openMs,
  }));

function defaultThroughput(window: CircuitWindow): number {
  return window.type === 'count' ? Math.min(10, window.size) : 10;
}

/** Checked options. */
export type CircuitBreakerSettings = z.output<typeof circuitBreakerSchema>;

/** Options of a circuit breaker at work. All may change but the state to begin with. */
export type LiveCircuitBreaker = LiveSettings<typeof circuitBreakerSchema>;

/** Checked options that may change. */
export function liveCircuitBreaker(given: CircuitBreakerOptions): LiveCircuitBreaker {
  return new LiveSettings(circuitBreakerSchema, given, 'Options of circuitBreaker()', {
    fixed: ['restore'],
    inFull: withProbeInFull,
  });
}

/** A health check alone stands for options that have nothing else. */
function withProbeInFull(given: unknown): unknown {
  if (typeof given !== 'object' || given === null) return given;
  const probe: unknown = Reflect.get(given, 'probe');
  return typeof probe === 'function' ? { ...given, probe: { check: probe } } : given;
}
