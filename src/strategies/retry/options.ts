import { z } from 'zod';
import {
  callback,
  countOrZero,
  durationMs,
  durationMsOrZero,
  oneOf,
  options,
  ratio,
} from '../../core/options.ts';

/** How the waits between attempts grow. */
export type Backoff = 'exponential' | 'linear' | 'constant' | ((retry: number) => number);

/** How chance spreads the waits, so that callers that failed together do not come back together. */
export type Jitter = 'full' | 'equal' | 'decorrelated' | 'none';

/** Options of `retry()`. */
export interface RetryOptions {
  /** Retries after the first attempt, 0 or more. Default 3. */
  readonly maxRetries?: number | undefined;
  /** What the waits grow from, in milliseconds. Default 200. */
  readonly baseDelayMs?: number | undefined;
  /** No wait is chosen longer than this, in milliseconds; a Retry-After beyond it ends the retrying. Default 20 000. */
  readonly maxDelayMs?: number | undefined;
  /**
   * How waits grow with retry n, from 1: `exponential` (`base * 2^(n-1)`, the default), `linear` (`base * n`),
   * `constant`, or a function that gives milliseconds.
   */
  readonly backoff?: Backoff | undefined;
  /**
   * `full` (a random share of the wait, the default), `equal` (half of it, and a random share of the other half),
   * `decorrelated` (random between the base and three times the last wait) or `none`. The formulae are those of
   * "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
   */
  readonly jitter?: Jitter | undefined;
  /** The policy's budget of extra attempts. Default: 20 % of the calls of the last 10 s, at least 10 per 10 s. */
  readonly budget?: RetryBudgetOptions | undefined;
}

/** How many extra attempts the policy may make in all. */
export interface RetryBudgetOptions {
  /** Extra attempts per call, above 0 and up to 1. Default 0.2. */
  readonly ratio?: number | undefined;
  /** Extra attempts per period, however few calls there are; 0 or more. Default 10. */
  readonly floor?: number | undefined;
  /** The period in milliseconds. Default 10 000. */
  readonly periodMs?: number | undefined;
}

export const retrySchema = options({
  maxRetries: countOrZero.default(3),
  baseDelayMs: durationMsOrZero.default(200),
  maxDelayMs: durationMs.default(20_000),
  backoff: z
    .union([oneOf(['exponential', 'linear', 'constant']), callback<(retry: number) => number>()], {
      error: "must be 'exponential', 'linear', 'constant' or a function that gives milliseconds",
    })
    .default('exponential'),
  jitter: oneOf(['full', 'equal', 'decorrelated', 'none']).default('full'),
  budget: options({
    ratio: ratio.default(0.2),
    floor: countOrZero.default(10),
    periodMs: durationMs.default(10_000),
  }).prefault({}),
});

/** Checked options. */
export type RetrySettings = z.output<typeof retrySchema>;
