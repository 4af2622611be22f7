import { durationMs, oneOf, options } from '../../core/options.ts';

/** Options of `timeout()`. */
export interface TimeoutOptions {
  /** How long what lies within may take, in milliseconds; any finite number above 0. */
  readonly timeoutMs: number;
  /**
   * What it bounds. Default: `total` where a layer within runs more than one attempt, else `attempt`.
   */
  readonly scope?: 'total' | 'attempt' | undefined;
}

export const timeoutSchema = options({
  timeoutMs: durationMs,
  scope: oneOf(['total', 'attempt']).optional(),
});

/** The total timeout of a policy that names none, in milliseconds. */
export const DEFAULT_TOTAL_TIMEOUT_MS = 30_000;

/** The attempt timeout of a policy that names none, in milliseconds. */
export const DEFAULT_ATTEMPT_TIMEOUT_MS = 10_000;

/**
 * That of a policy with `failover` that names none, in milliseconds. An endpoint that hangs shows it only after that, and
 * the default attempt budget pays for the failovers of the calls of two seconds.
 */
export const DEFAULT_FAILOVER_ATTEMPT_TIMEOUT_MS = 2_000;
