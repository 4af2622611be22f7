import { z } from 'zod';
import { type AttemptBudgetOptions, attemptBudgetSchema } from '../../core/attempt-budget.ts';
import { callback, countOrZero, durationMs, durationMsOrZero, oneOf, options } from '../../core/options.ts';

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
  /**
   * The policy's budget of extra attempts, of which hedges and failovers are paid as well. Default: the policy's
   * `attemptBudget`, and not to be given together with that.
   */
  readonly budget?: RetryBudgetOptions | undefined;
}

/** How many extra attempts the policy may make in all: as the policy's own option `attemptBudget`. */
export type RetryBudgetOptions = AttemptBudgetOptions;

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
  budget: attemptBudgetSchema.optional(),
});

/** Checked options. */
export type RetrySettings = z.output<typeof retrySchema>;
