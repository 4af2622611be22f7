import { z } from 'zod';
import { type CircuitSnapshot, circuitStates } from '../../core/circuit.ts';
import {
  count,
  countOrZero,
  durationMs,
  factor,
  numberThat,
  oneOf,
  options,
  ratio,
  shown,
} from '../../core/options.ts';

/** Which attempts a circuit judges by. */
export type CircuitWindow =
  /** Those of the last `ms` milliseconds. */
  | { readonly type: 'time'; readonly ms: number }
  /** The last `size` of them, up to 1 000 000. */
  | { readonly type: 'count'; readonly size: number };

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
  /** A state from an earlier `circuit.toJSON()`: an open circuit waits only what was left. */
  readonly restore?: CircuitSnapshot | undefined;
}

const rateOrOff = z.union([ratio, z.literal(false)], {
  error: (issue) => `must be a ratio above 0 and at most 1, or false, not ${shown(issue.input)}`,
});

const snapshotSchema = options({
  state: oneOf(circuitStates),
  since: z.number(),
  until: z.number().nullable(),
  failedRecoveries: countOrZero,
});

/** A window takes a byte for each attempt. */
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
  restore: snapshotSchema.optional(),
})
  .check((context) => {
    const { slowRate, slowAttemptMs, failureRate, consecutiveFailures, maxOpenMs, openMs } = context.value;
    const { minimumThroughput = 1, window } = context.value;
    const problem = (path: string, message: string): void => {
      context.issues.push({ code: 'custom', path: [path], message, input: context.value });
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
