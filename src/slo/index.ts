/** breakwater/slo: error budgets and burn rates. */
export {
  budgetRemaining,
  burnRate,
  errorBudget,
  errorBudgetMs,
  timeToExhaustionMs,
} from './arithmetic.ts';
