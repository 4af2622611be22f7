import { z } from 'zod';
import {
  countOrZero,
  durationMs,
  flag,
  numberThat,
  oneOf,
  options,
  policyName,
  shown,
  textUpTo,
} from '../../core/options.ts';

/** What the library itself can do to a policy. */
export const recoveryControls = [
  'probe-now',
  'force-open',
  'force-closed',
  'fallback-on',
  'change-limit',
] as const;
/** What the library itself can do to a policy. */
export type RecoveryControl = (typeof recoveryControls)[number];

/** How long a control holds where nobody says, and at most, in milliseconds: 15 minutes, and a day. */
export const DEFAULT_HOLD_MS = 900_000;
export const MAX_HOLD_MS = 86_400_000;

/** Something to be done to a policy during an incident. */
export interface RecoveryRequest {
  /**
   * - `probe-now`: an open circuit tries the dependency at once.
   * - `force-open`: nothing is let through to the dependency.
   * - `force-closed`: everything is let through, and nothing is held against the dependency.
   * - `fallback-on`: nothing is let through to the dependency, and the policy's fallback or cache is asked to answer each
   *   call. What a cache has no value for is rejected.
   * - `change-limit`: a limit holds another value.
   */
  readonly control: RecoveryControl;
  /** Who does it, up to 100 characters. */
  readonly by: string;
  /** Default: the incident's own policy. */
  readonly policy?: string | undefined;
  /** Of `change-limit`: which, as `recovery()` names it, such as `attemptTimeoutMs`. */
  readonly limit?: string | undefined;
  /** Of `change-limit`: the new value. */
  readonly value?: number | undefined;
  /** When it ends by itself, in milliseconds from now, at most a day. Default 900 000, 15 minutes. */
  readonly forMs?: number | undefined;
  /** Why, up to 300 characters. */
  readonly reason?: string | undefined;
  /** Ends what was begun before, instead of beginning it. Default `false`. */
  readonly end?: boolean | undefined;
}

/** Checks a `RecoveryRequest`. */
export const recoveryRequestSchema = options({
  control: oneOf(recoveryControls),
  by: textUpTo(100),
  policy: policyName.optional(),
  limit: textUpTo(100).optional(),
  value: z
    .union([countOrZero, durationMs], { error: ({ input }) => `must be a number, not ${shown(input)}` })
    .optional(),
  forMs: numberThat(
    (ms) => ms > 0 && ms <= MAX_HOLD_MS,
    `a number of milliseconds above 0 and at most ${MAX_HOLD_MS} (a day)`,
  ).default(DEFAULT_HOLD_MS),
  reason: textUpTo(300).optional(),
  end: flag.default(false),
}).superRefine(({ control, limit, value, end }, context) => {
  const problem = (path: string, message: string): void =>
    context.addIssue({ code: 'custom', path: [path], message });
  if (control === 'change-limit') {
    if (limit === undefined) problem('limit', "must be given with control: 'change-limit'");
    if (value === undefined && !end) problem('value', "must be given with control: 'change-limit'");
  } else {
    if (limit !== undefined) problem('limit', "is for control: 'change-limit' only");
    if (value !== undefined) problem('value', "is for control: 'change-limit' only");
  }
  if (control === 'probe-now' && end) problem('end', "is not for 'probe-now', which is over at once");
});

/** A checked request. */
export type CheckedRequest = z.output<typeof recoveryRequestSchema>;
