import type { ErrorTally } from './error-tally.ts';

/** A moment at which an attempt failed, and what happened since. */
export interface FailureMark {
  /** When it failed, in milliseconds since the epoch. */
  readonly since: number;
  /** What the policy had counted by then: the attempt that failed, but not yet its call. */
  readonly counts: Float64Array;
  /** Errors of the attempts from this one on. */
  readonly errors: ErrorTally;
}

/** When that began which a circuit holds against its dependency, or held when it opened. */
export type FailureOnset = Readonly<FailureMark>;
