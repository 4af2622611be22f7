import type { z } from 'zod';
import { count, countOrZero, durationMs, oneOf, options } from '../../core/options.ts';

/** Options of `bulkhead()`. */
export interface BulkheadOptions {
  /**
   * How many may be in it at once, 1 or more. Default 10. To keep a dependency from taking a whole pool of connections,
   * make it fewer than the pool has.
   */
  readonly maxConcurrent?: number | undefined;
  /**
   * How many may wait for a place, 0 or more. The most important of them has its turn first, and of equals the one that
   * has waited longest. When the queue is full, a newcomer takes the place of the latest of the least important, where
   * that is less important than itself; a hedge beside a run under way does not. Default 0: what finds no place is
   * turned away at once.
   */
  readonly maxQueue?: number | undefined;
  /** How long one may wait for a place, in milliseconds. Default: as long as its deadlines let it. */
  readonly queueTimeoutMs?: number | undefined;
  /**
   * How long an operation keeps its place at most, in milliseconds from when it got it. A place is held until the
   * operation really ends, also when its caller has long been answered; one that does not end in this time is reported,
   * and its place given to another. Make it longer than any call, or stream, may take. Default: as long as its call is
   * under way, and 60 000 more once its caller has been answered for good.
   */
  readonly maxLeaseMs?: number | undefined;
  /**
   * `shadow` decides and counts, and lets everything pass at once. Who would wait for a place runs meanwhile, and counts as
   * turned away where it does so for `queueTimeoutMs` with none becoming free; the wait itself, which would keep places
   * taken for longer, is not seen. Default `enforce`.
   */
  readonly mode?: 'enforce' | 'shadow' | undefined;
}

/** How long an operation whose caller has been answered keeps its place, in milliseconds. */
export const DEFAULT_LEASE_MS = 60_000;

export const bulkheadSchema = options({
  maxConcurrent: count.default(10),
  maxQueue: countOrZero.default(0),
  queueTimeoutMs: durationMs.optional(),
  maxLeaseMs: durationMs.optional(),
  mode: oneOf(['enforce', 'shadow']).default('enforce'),
});

/** Checked options. */
export type BulkheadSettings = z.output<typeof bulkheadSchema>;
