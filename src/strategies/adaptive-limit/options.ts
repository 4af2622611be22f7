import { z } from 'zod';
import { count, durationMs, factor, numberThat, oneOf, options, ratio, shown } from '../../core/options.ts';

/** Options of `adaptiveLimit()`. */
export interface AdaptiveLimitOptions {
  /**
   * How the limit finds itself: `gradient` holds the latency against its long-term average (Gradient2 of Netflix's
   * concurrency-limits, the default), `vegas` estimates the queue at the dependency (as TCP Vegas does). Other than in
   * those, that average leaves out calls that queued, and is measured anew with fewer in flight from time to time. It
   * cannot change while the policy runs.
   */
  readonly algorithm?: 'gradient' | 'vegas' | undefined;
  /**
   * The limit at first. Default 20, or the nearest that `minLimit` and `maxLimit` allow. Later changes do nothing, and
   * bounds that are changed later need not include it.
   */
  readonly initialLimit?: number | undefined;
  /**
   * The limit is never lower, 1 or more. A queue that so many calls make at the dependency is not seen, so that it is to
   * be no more than what that can always do. Default 1; 20 in concurrency-limits.
   */
  readonly minLimit?: number | undefined;
  /** The limit is never higher. Default 200, or `minLimit` or `initialLimit` where that is more. */
  readonly maxLimit?: number | undefined;
  /** `gradient`: how many times the long-term latency is not yet taken for a queue, 1 or more. Default 1.5. */
  readonly tolerance?: number | undefined;
  /**
   * `gradient`: by how much the limit would grow while there is no queue, before smoothing; the queue that is then
   * allowed for. Above 0, or `sqrt` for the square root of the limit. Default `sqrt`; 4 in concurrency-limits.
   */
  readonly queueSize?: number | 'sqrt' | undefined;
  /** The share of each change that is made, above 0 and up to 1. Default 0.2 for `gradient`, 1 for `vegas`. */
  readonly smoothing?: number | undefined;
  /** Over how many round trips the usual latency is averaged, 1 or more. Default 600. */
  readonly longWindow?: number | undefined;
  /**
   * The longest that an operation which was given up, and does not end, holds its place, in milliseconds. Default
   * 60 000.
   */
  readonly maxLeaseMs?: number | undefined;
  /**
   * `shadow` decides and reports, and turns nothing away. It cannot measure what calls take with fewer in flight, and so
   * cannot know whether slow ones queue or the dependency became slower: at first it counts what is above the limit as
   * if they queued, and after some hundred round trips takes what lasts for usual. Default `enforce`.
   */
  readonly mode?: 'enforce' | 'shadow' | undefined;
}

const queueSize = z.union([numberThat((size) => size > 0, 'a number above 0'), z.literal('sqrt')], {
  error: ({ input }) => `must be a number above 0, or 'sqrt', not ${shown(input)}`,
});

const shape = options({
  algorithm: oneOf(['gradient', 'vegas']).default('gradient'),
  initialLimit: count.optional(),
  minLimit: count.default(1),
  maxLimit: count.optional(),
  tolerance: factor.default(1.5),
  queueSize: queueSize.default('sqrt'),
  smoothing: ratio.optional(),
  longWindow: count.default(600),
  maxLeaseMs: durationMs.default(60_000),
  mode: oneOf(['enforce', 'shadow']).default('enforce'),
}).check((context) => {
  const { minLimit, maxLimit } = context.value;
  if (maxLimit !== undefined && maxLimit < minLimit) {
    context.issues.push({
      code: 'custom',
      path: ['maxLimit'],
      message: `must not be below minLimit (${minLimit})`,
      input: context.value,
    });
  }
});

function settled(given: z.output<typeof shape>) {
  const { minLimit, initialLimit = 20, algorithm } = given;
  const maxLimit = given.maxLimit ?? Math.max(200, minLimit, initialLimit);
  return {
    ...given,
    maxLimit,
    initialLimit: Math.min(Math.max(initialLimit, minLimit), maxLimit),
    smoothing: given.smoothing ?? (algorithm === 'vegas' ? 1 : 0.2),
  };
}

/** Options of a limit at work: where it began binds nobody any more. */
export const liveLimitSchema = shape.transform(settled);

/** Options of a limit that is made. */
export const adaptiveLimitSchema = shape
  .check((context) => {
    const { initialLimit, minLimit, maxLimit } = context.value;
    if (initialLimit === undefined) return;
    const problem = (message: string): void => {
      context.issues.push({ code: 'custom', path: ['initialLimit'], message, input: context.value });
    };
    if (initialLimit < minLimit) problem(`must not be below minLimit (${minLimit})`);
    if (maxLimit !== undefined && initialLimit > maxLimit)
      problem(`must not be above maxLimit (${maxLimit})`);
  })
  .transform(settled);

/** Checked options. */
export type AdaptiveLimitSettings = z.output<typeof liveLimitSchema>;
