import { z } from 'zod';
import { shown } from '../core/options.ts';

/**
 * Upper bounds of the duration histograms, in seconds: prom-client's own, with finer ones for a database in the
 * same data centre, and one at the default total timeout.
 */
export const DEFAULT_DURATION_BUCKETS: readonly number[] = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
];

const MAX_BUCKETS = 100;

/**
 * The option `durationBuckets`: 1 to 100 finite upper bounds in seconds, above 0 and ascending. The last bucket,
 * `+Inf`, is added by itself.
 */
export const durationBuckets = z
  .custom<readonly number[]>(isBucketList, {
    error: ({ input }) =>
      `must be a list of 1 to ${MAX_BUCKETS} ascending numbers of seconds above 0, such as [0.01, 0.1, 1], not ${
        Array.isArray(input) ? `[${input.slice(0, 20).map(shown).join(', ')}]` : shown(input)
      }`,
  })
  .transform((bounds): readonly number[] => [...bounds]);

function isBucketList(value: unknown): boolean {
  if (!Array.isArray(value) || value.length < 1 || value.length > MAX_BUCKETS) return false;
  let below = 0;
  for (const bound of value) {
    if (typeof bound !== 'number' || !Number.isFinite(bound) || bound <= below) return false;
    below = bound;
  }
  return true;
}

/** The buckets of all duration histograms of a hub. */
export class DurationBuckets {
  /** Upper bounds in seconds, without `+Inf`. */
  readonly seconds: readonly number[];
  readonly #boundsMs: Float64Array;

  constructor(seconds: readonly number[] = DEFAULT_DURATION_BUCKETS) {
    this.seconds = [...seconds];
    this.#boundsMs = Float64Array.from(seconds, (bound) => bound * 1_000);
  }

  /** How many there are, `+Inf` included. */
  get size(): number {
    return this.#boundsMs.length + 1;
  }

  /** The bucket that `durationMs` falls into. A duration equal to a bound lies in that bound's bucket. */
  indexOf(durationMs: number): number {
    const bounds = this.#boundsMs;
    let index = 0;
    while (index < bounds.length && durationMs > (bounds[index] ?? 0)) index += 1;
    return index;
  }

  /**
   * Estimates the `q`-quantile in milliseconds as Prometheus' `histogram_quantile` does: linear within a bucket,
   * and the highest bound for what lies beyond it. `undefined` while `counts` is empty.
   *
   * @param counts events per bucket, not cumulated; `size` of them from `start`
   */
  quantileMs(q: number, counts: Float64Array, start: number): number | undefined {
    let total = 0;
    for (let index = 0; index < this.size; index += 1) total += counts[start + index] ?? 0;
    if (total === 0) return undefined;
    const rank = q * total;
    let below = 0;
    let lowerMs = 0;
    for (const [index, upperMs] of this.#boundsMs.entries()) {
      const here = counts[start + index] ?? 0;
      if (here > 0 && below + here >= rank) return lowerMs + ((upperMs - lowerMs) * (rank - below)) / here;
      below += here;
      lowerMs = upperMs;
    }
    return lowerMs;
  }
}
