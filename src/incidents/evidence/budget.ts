import type { PeriodCounts } from '../../core/counts.ts';
import { remainingOf } from '../../slo/budget.ts';
import type { ObjectiveReport } from '../../slo/live/report.ts';
import type { ChangeOf } from '../incident/changes/change.ts';

/** What of an objective's report is looked at. */
export type ObjectiveStanding = Pick<
  ObjectiveReport,
  'sli' | 'objective' | 'good' | 'bad' | 'budgetRemaining'
>;

/** Shares of the error budgets that were left, by SLI. */
export type Remaining = ReadonlyMap<string, number>;

/** What was left of each budget before `since` was counted; all of it where nothing had been counted. */
export function remainingBefore(
  standings: readonly ObjectiveStanding[],
  since: PeriodCounts['slis'] | undefined,
): Remaining {
  return new Map(
    standings.map(({ sli, objective, good, bad }) => {
      const counted = since?.[sli] ?? { good: 0, bad: 0 };
      const before = remainingOf(Math.max(0, good - counted.good), Math.max(0, bad - counted.bad), objective);
      return [sli, before ?? 1];
    }),
  );
}

/** What is left of each budget, beside what was left before. */
export function budgetFacts(
  standings: readonly ObjectiveStanding[],
  before: Remaining,
): ChangeOf<'measured'>['budget'] {
  return standings.map(({ sli, objective, budgetRemaining }) => {
    const remaining = before.get(sli);
    return {
      sli,
      objective,
      ...(remaining === undefined ? {} : { remainingBefore: remaining }),
      remainingAfter: budgetRemaining ?? 1,
    };
  });
}
