/** A test of promtool: series of samples, and what the rules make of them. */
export interface RuleTest {
  readonly name: string;
  /** How far samples are apart. */
  readonly interval: string;
  readonly input_series: readonly InputSeries[];
  readonly alert_rule_test?: readonly AlertTest[];
  readonly promql_expr_test?: readonly ExpressionTest[];
}

/** A series of samples, in promtool's notation. */
export interface InputSeries {
  readonly series: string;
  readonly values: string;
}

/** All alerts of a name that fire at a time. */
export interface AlertTest {
  readonly eval_time: string;
  readonly alertname: string;
  readonly exp_alerts: readonly ExpectedAlert[];
}

/** An alert that fires. */
export interface ExpectedAlert {
  readonly exp_labels: Readonly<Record<string, string>>;
  readonly exp_annotations: Readonly<Record<string, string>>;
}

/** What an expression gives at a time. */
export interface ExpressionTest {
  readonly expr: string;
  readonly eval_time: string;
  readonly exp_samples: readonly ExpectedSample[];
}

/** A sample that an expression gives. */
export interface ExpectedSample {
  readonly labels: string;
  readonly value: number;
}
