import type { z } from 'zod';
import { durationMs, factor, oneOf, options, ratio } from '../../core/options.ts';

/** Options of `throttle()`. */
export interface ThrottleOptions {
  /**
   * How many times as many requests as the dependency accepts are let through before any is turned away, 1 or more: K
   * of the formula. A lower one turns away sooner. Default 2, so that nothing is turned away while at least half of the
   * requests are accepted.
   */
  readonly multiplier?: number | undefined;
  /** Over how long requests are counted, in milliseconds. It cannot change while the policy runs. Default 120 000. */
  readonly windowMs?: number | undefined;
  /**
   * The largest share of requests that is turned away, above 0 and up to 1. Below 1, so much is always let through as
   * finds out soon that a dependency is back. Default 1: as the formula says, which never quite comes to 1.
   */
  readonly maxProbability?: number | undefined;
  /** `shadow` decides and reports, and turns nothing away. Default `enforce`. */
  readonly mode?: 'enforce' | 'shadow' | undefined;
}

export const throttleSchema = options({
  multiplier: factor.default(2),
  windowMs: durationMs.default(120_000),
  maxProbability: ratio.default(1),
  mode: oneOf(['enforce', 'shadow']).default('enforce'),
});

/** Checked options. */
export type ThrottleSettings = z.output<typeof throttleSchema>;
