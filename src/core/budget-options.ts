import type { Adjustable } from './adjustable.ts';
import { type AttemptBudgetOptions, attemptBudgetSchema } from './attempt-budget.ts';
import { monotonicNow } from './clock.ts';
import { parseOptions } from './options.ts';
import type { PolicyRuntime } from './runtime.ts';

/** The key of a policy's options for its attempt budget. */
export const BUDGET_KEY = 'attemptBudget';

/** A policy's attempt budget as something whose options can change. What was spent stays spent. */
export class BudgetOptions implements Adjustable {
  readonly #runtime: PolicyRuntime;

  constructor(runtime: PolicyRuntime) {
    this.#runtime = runtime;
  }

  get given(): AttemptBudgetOptions {
    return this.#runtime.budget.limits;
  }

  get current(): AttemptBudgetOptions {
    return this.given;
  }

  prepare(given: unknown): () => void {
    const limits = parseOptions(attemptBudgetSchema, given, '', 'Option attemptBudget');
    return () => this.#runtime.budget.adjust(limits, monotonicNow());
  }
}
