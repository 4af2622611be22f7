import type { Sli } from '../../metrics/sli.ts';
import type { SpecProblem } from './problems.ts';

/** Labels of a rule or an alert. */
export type RuleLabels = Readonly<Record<string, string>>;

/** In a query, where the length of the window goes, as in `rate(requests_total[{{.window}}])`. As sloth has it. */
export const WINDOW_PLACEHOLDER = '{{.window}}';

/** From what good and bad events are told. */
export type Indicator =
  /** A policy of this library, by `breakwater_sli_events_total`. */
  | { readonly kind: 'policy'; readonly policy: string; readonly sli: Sli }
  /**
   * Events by PromQL, as rates or increases over `WINDOW_PLACEHOLDER`: all of them, and either those that are good or
   * those that are bad.
   */
  | { readonly kind: 'events'; readonly total: string; readonly good: string }
  | { readonly kind: 'events'; readonly total: string; readonly bad: string }
  /** The share of bad events by PromQL, over `WINDOW_PLACEHOLDER`. */
  | { readonly kind: 'ratio'; readonly badRatio: string };

/** A service level objective, from whatever format it came. */
export interface Slo {
  /** Unique in its file, as `database-availability`. */
  readonly name: string;
  /** Value of the label `policy`; for an objective of no policy, its name. */
  readonly policy: string;
  /** Value of the label `sli`: `availability`, `latency`, `correctness`, or a word of the user's own. */
  readonly sli: string;
  readonly description?: string | undefined;
  /** Share of events that are to be good, above 0 and below 1. */
  readonly objective: number;
  /** The rolling period of the error budget, in milliseconds. */
  readonly periodMs: number;
  /** From where on a call is too slow, in milliseconds; of a policy's latency. */
  readonly thresholdMs?: number | undefined;
  readonly indicator: Indicator;
  /** Added to its rules and alerts. */
  readonly labels: RuleLabels;
  /** Address of the runbook. */
  readonly runbook?: string | undefined;
  /** Alerts that its format switched off. */
  readonly silenced: readonly ('page' | 'ticket')[];
}

/** When the alerts on a budget fire, and what they carry. */
export interface BudgetAlertSettings {
  /** Bad events in the long window from which on an alert may fire, so that one failure at night pages nobody. */
  readonly minimumBadEvents: number;
  /** Share of the budget below which an objective is at risk. */
  readonly atRiskRemaining: number;
  /** How long data may be missing before that is an alert, in milliseconds. */
  readonly missingDataMs: number;
  /** Labels of pages, such as `severity: page`. */
  readonly pageLabels: RuleLabels;
  /** Labels of tickets. */
  readonly ticketLabels: RuleLabels;
}

/** When the alerts on the breakers themselves fire. */
export interface BreakerAlertSettings {
  /** How long a circuit may be open, in milliseconds. */
  readonly openForMs: number;
  /** Openings within `flappingWindowMs` from which on a circuit flaps. */
  readonly flappingOpenings: number;
  readonly flappingWindowMs: number;
  /** How long the attempt budget may be spent, in milliseconds. */
  readonly budgetSpentForMs: number;
  /** How long fallbacks may serve more than `fallbackShare` of the calls, in milliseconds. */
  readonly fallbackForMs: number;
  /** Share of calls, above 0, up to 1. */
  readonly fallbackShare: number;
}

/** All that a spec file says, with its defaults filled in. */
export interface SloSpec {
  /** Value of the label `service`. */
  readonly service: string;
  /** Added to all rules and alerts. */
  readonly labels: RuleLabels;
  /** Labels that this service's series have and others' have not, as `job`. */
  readonly selector: RuleLabels;
  readonly slos: readonly Slo[];
  readonly alerts: BudgetAlertSettings;
  /** Policies whose breakers are watched: those that `slos` name. `false` for no such alerts. */
  readonly breakers: BreakerAlertSettings | false;
  /** How often the rules over the whole period are evaluated, in milliseconds: they read the most. */
  readonly periodEvaluationMs: number;
  /** What a file of another format says and this spec does not, or what in it looks like a mistake. */
  readonly notes?: readonly SpecNote[] | undefined;
}

/** Something that a reader of a file should know of it, and where it stands there. */
export type SpecNote = SpecProblem;
