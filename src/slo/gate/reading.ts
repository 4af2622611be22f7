/** From what a reading was made: from the series of the generated rules, or from the library's own metrics. */
export type ReadingSource = 'recorded' | 'raw';

/** How much of an error budget is left, or why that cannot be told. */
export type BudgetState =
  /** `remaining`: 1 is all of it, 0 none, negative when it is overspent. */
  { readonly known: true; readonly remaining: number } | { readonly known: false; readonly why: string };

/** Where one objective stands when a release is asked for. */
export interface BudgetReading {
  /** Value of the label `service`; of `job` where there is none. */
  readonly service: string;
  readonly policy: string;
  readonly sli: string;
  /** Share of events that are to be good; `undefined` where it was not told. */
  readonly objective: number | undefined;
  /** The period of the error budget, in milliseconds; `undefined` where it was not told. */
  readonly periodMs: number | undefined;
  readonly budget: BudgetState;
  /** Bad events over the period; `undefined` where they cannot be counted. */
  readonly badEvents?: number | undefined;
  /** The pages that fire for it, in words. */
  readonly pages: readonly string[];
  readonly source: ReadingSource;
}

/** All that could be read, and what stood in the way of reading more. */
export interface BudgetReadings {
  readonly readings: readonly BudgetReading[];
  /** Why the readings may be incomplete or wrong, one sentence each; none when all is well. */
  readonly problems: readonly string[];
}

/** A budget that cannot be told. */
export function unknownBudget(why: string): BudgetState {
  return { known: false, why };
}

/** What was read of a budget; no more than all of it can be left, and what is no number tells nothing. */
export function budgetOf(remaining: number): BudgetState {
  if (Number.isNaN(remaining)) return unknownBudget('what is left of its budget is not a number');
  if (!Number.isFinite(remaining) || remaining > 1 + 1e-9) {
    return unknownBudget(`${remaining} cannot be the share of its budget that is left`);
  }
  return { known: true, remaining };
}
