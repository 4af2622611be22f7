/** breakwater/slo: error budgets, burn rates, spec files, and what is made from them. */
export {
  budgetRemaining,
  burnRate,
  errorBudget,
  errorBudgetMs,
  timeToExhaustionMs,
} from './arithmetic.ts';
export {
  type AlertSeverity,
  alertSeverities,
  type BurnAlert,
  burnAlerts,
  type LeftOutAlert,
} from './burn-alerts.ts';
export { grafanaDashboard } from './dashboard/dashboard.ts';
export {
  decideRelease,
  type GateCriteria,
  type GateDecision,
  type ObjectiveDecision,
} from './gate/decision.ts';
export type { AskPrometheus, InstantSample, PromAnswer, SeriesLabels } from './gate/question.ts';
export { type ReadBudgetsOptions, readBudgets } from './gate/read-budgets.ts';
export type { BudgetReading, BudgetReadings, BudgetState, ReadingSource } from './gate/reading.ts';
export type { ReleaseAnswer } from './live/release.ts';
export { type PrometheusRules, prometheusRules } from './rules/rules.ts';
export { ruleTests } from './rules/tests.ts';
export { adviceOn } from './spec/advice.ts';
export { type FromMetricsOptions, specFromMetrics, specTextFromMetrics } from './spec/from-metrics.ts';
export {
  type BreakerAlertSettings,
  type BudgetAlertSettings,
  type Indicator,
  type RuleLabels,
  type Slo,
  type SloSpec,
  type SpecNote,
  WINDOW_PLACEHOLDER,
} from './spec/model.ts';
export { writeOpenSlo } from './spec/openslo/write.ts';
export { type Position, SpecError, type SpecProblem } from './spec/problems.ts';
export { readSpec } from './spec/read.ts';
export { writeSloth } from './spec/sloth/write.ts';
export { type LeftOutPolicy, type SpecNotes, writeSpec } from './spec/write.ts';
export {
  type BurnWindow,
  burnWindowNames,
  burnWindows,
  DAY_MS,
  DEFAULT_PERIOD_MS,
} from './windows.ts';
