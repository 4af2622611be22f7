import { count, durationMsOrZero, numberThat, oneOf, options } from '../../core/options.ts';

/** Options of `rateLimit()`. */
export interface RateLimitOptions {
  /** How many tokens come in a second: any finite number above 0, so that 0.1 is one in ten seconds. */
  readonly ratePerSecond: number;
  /**
   * How many tokens are kept at most, and so how many may pass at once after a quiet time; 1 or more. Default: those of
   * one second, rounded up.
   */
  readonly burst?: number | undefined;
  /**
   * How long one may wait for its token, in milliseconds, 0 or more. The most important has its turn first, and of equals
   * the one that has waited longest. What would have to wait longer, or past its deadline, is turned away at once.
   * Default 0: what finds no token is turned away.
   */
  readonly maxWaitMs?: number | undefined;
  /** `shadow` decides and counts, and lets everything pass at once. Default `enforce`. */
  readonly mode?: 'enforce' | 'shadow' | undefined;
}

export const rateLimitSchema = options(
  {
    ratePerSecond: numberThat((rate) => rate > 0, 'a finite number of tokens a second above 0, such as 100'),
    burst: count.optional(),
    maxWaitMs: durationMsOrZero.default(0),
    mode: oneOf(['enforce', 'shadow']).default('enforce'),
  },
  'an options object with the rate, such as { ratePerSecond: 100 }',
);

/** How many tokens are kept where the options do not say. */
export function defaultBurst(ratePerSecond: number): number {
  return Math.max(1, Math.ceil(ratePerSecond));
}
