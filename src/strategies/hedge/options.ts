import type { z } from 'zod';
import { durationMs, durationMsOrZero, numberThat, options, ratio } from '../../core/options.ts';

/** Options of `hedge()`. */
export interface HedgeOptions {
  /**
   * How long a call waits for its attempt before it makes another one beside it, in milliseconds. With a `percentile` as
   * well, it holds while too few latencies are known. Default: none; the percentile alone decides.
   */
  readonly delayMs?: number | undefined;
  /**
   * The percentile of the recent latencies after which another attempt is made, from 1 to below 100: of what reached
   * this layer in the last 30 to 60 s and was answered. Until 50 latencies are known there is no hedging, unless
   * `delayMs` is given. Default 95, where `delayMs` is not given; else none.
   */
  readonly percentile?: number | undefined;
  /** However low that percentile is, no hedge is made sooner, in milliseconds; 0 or more. Default 10. */
  readonly minDelayMs?: number | undefined;
  /** Hedges of one call, from 0 (none are made) to 10. Default 1. */
  readonly maxHedges?: number | undefined;
  /**
   * Hedges per call that reaches this layer, above 0 and up to 1, over the last minute: 0.05 allows one where there were
   * twenty calls. The policy's attempt budget bounds them as well. Default 0.05.
   */
  readonly maxExtraLoad?: number | undefined;
}

/** The percentile that holds where neither it nor a delay is given. */
export const DEFAULT_PERCENTILE = 95;

export const hedgeSchema = options({
  delayMs: durationMs.optional(),
  percentile: numberThat(
    (n) => n >= 1 && n < 100,
    'a percentile from 1 to below 100, such as 95 (a share such as 0.95 is none)',
  ).optional(),
  minDelayMs: durationMsOrZero.default(10),
  maxHedges: numberThat(
    (n) => Number.isInteger(n) && n >= 0 && n <= 10,
    'a whole number from 0 to 10',
  ).default(1),
  maxExtraLoad: ratio.default(0.05),
});

/** Checked options. */
export type HedgeSettings = z.output<typeof hedgeSchema>;

/** The percentile that decides, if one does. */
export function percentileOf({ percentile, delayMs }: HedgeSettings): number | undefined {
  return percentile ?? (delayMs === undefined ? DEFAULT_PERCENTILE : undefined);
}
