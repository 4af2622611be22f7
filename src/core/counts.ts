import type { PolicyStats } from './policy.ts';

/** What a policy counted between two moments. */
export interface PeriodCounts {
  readonly stats: Omit<PolicyStats, 'window'>;
  readonly slis: Readonly<Record<string, { readonly good: number; readonly bad: number }>>;
}

/** What a policy counts. The port that `metrics/` fills for those who read. */
export interface PolicyCounts {
  stats(): Omit<PolicyStats, 'window'>;
  /** A copy of all counts, for `between`. */
  copy(): Float64Array;
  /** What was counted from one copy to a later one; from the policy's beginning where `from` is left out. */
  between(from: Float64Array | undefined, to: Float64Array): PeriodCounts;
}
