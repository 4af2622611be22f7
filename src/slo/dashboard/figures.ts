import {
  BUDGET_REMAINING,
  BURN_ALERT,
  BURN_RATE,
  ERROR_BUDGET,
  OBJECTIVE,
  PERIOD_BURN_RATE,
  PERIOD_DAYS,
} from '../rules/identity.ts';
import type { RuleLabels, SloSpec } from '../spec/model.ts';
import type { BurnWindow } from '../windows.ts';
import { anyOf, type Matcher, matchersOf, series } from './promql-text.ts';

/**
 * Where the dashboard's figures come from: queries, by what they give. Those of objectives have the labels `policy`
 * and `sli`, and `slo` where the rules tell two objectives of one SLI apart.
 */
export interface Figures {
  /** Shown where a figure of an objective is missing. */
  readonly noData: string;
  /** Selects a series of this library that a policy has. */
  ofPolicies(name: string, ...matchers: readonly Matcher[]): string;
  /** Selects a series of this library that no policy has. */
  ofService(name: string, ...matchers: readonly Matcher[]): string;
  /** The objectives. */
  readonly objective: string;
  /** Share of events over the period that were good; absent without events. */
  readonly sli: string;
  /** Share of the error budget that is left; absent without events. */
  readonly budgetRemaining: string;
  /** How long the budget lasts at the pace of the last hour, in seconds; absent while it lasts for ever, or is spent. */
  readonly timeToExhaustion: string;
  /** Burn rates, with their label `window`. */
  burnRates(windows?: readonly BurnWindow[], slos?: readonly string[]): string;
  /** Alerts on budgets that fire; `undefined` where there are none to be asked for. */
  readonly firingAlerts: string | undefined;
}

/** By what objectives are told apart. */
export const OBJECTIVE_LABELS = 'policy, sli, slo';

/** Labels that the rules give values of their own. */
const IDENTITY_LABELS = ['service', 'slo', 'policy', 'sli', 'window'];

const onePolicy: Matcher = 'policy=~"$policy"';

/** The figures of the service as a whole, as the rules of `breakwater slo rules` record them. */
export function recordedFigures(spec: SloSpec): Figures {
  const { pageLabels, ticketLabels } = spec.alerts;
  const own = matchersOf(spec.selector);
  const fixed = fixedMatchers(spec);
  const recorded = (name: string, ...matchers: readonly Matcher[]): string =>
    `max by (${OBJECTIVE_LABELS}) (${series(name, ...fixed, ...matchers)})`;
  const budgetRemaining = recorded(BUDGET_REMAINING);
  const burnRates: Figures['burnRates'] = (windows, slos) => {
    const matchers: Matcher[] = [];
    if (windows !== undefined) matchers.push(`window=~${anyOf(windows)}`);
    if (slos !== undefined) matchers.push(`slo=~${anyOf(slos)}`);
    return `max by (${OBJECTIVE_LABELS}, window) (${series(BURN_RATE, ...fixed, ...matchers)})`;
  };
  return {
    noData: 'No data: either nothing was called, or the rules of `breakwater slo rules` are not loaded',
    ofPolicies: (name, ...matchers) => series(name, ...own, onePolicy, ...matchers),
    ofService: (name, ...matchers) => series(name, ...own, ...matchers),
    objective: recorded(OBJECTIVE),
    sli: `1 - ${recorded(PERIOD_BURN_RATE)} * ${recorded(ERROR_BUDGET)}`,
    budgetRemaining,
    timeToExhaustion: lasting(
      budgetRemaining,
      `${recorded(PERIOD_DAYS)} * 86400`,
      recorded(BURN_RATE, 'window="1h"'),
    ),
    burnRates,
    firingAlerts: series(
      'ALERTS',
      `alertname="${BURN_ALERT}"`,
      'alertstate="firing"',
      ...fixedMatchers(spec, pageLabels, ticketLabels),
    ),
  };
}

/**
 * The figures that the processes keep themselves, for where no rules are loaded: those of an objective are the mean
 * of the service's instances, and begin anew with each process that does not restore its state.
 */
export function processFigures(): Figures {
  const service: Matcher = 'job="$service"';
  const ofPolicies: Figures['ofPolicies'] = (name, ...matchers) =>
    series(name, service, onePolicy, ...matchers);
  const byObjective = (aggregation: string, name: string): string =>
    `${aggregation} by (policy, sli) (${ofPolicies(name)})`;
  const objective = byObjective('max', 'breakwater_slo_objective_ratio');
  // A process that knows of no events reports all of its budget; here that is no data. It knows of what it has counted,
  // and, after a restart, of what was restored.
  const counted = `${byObjective('sum', 'breakwater_sli_events_total')} > 0`;
  const restored = `max by (policy, sli) (${ofPolicies('breakwater_slo_burn_rate', 'window="3d"')})`;
  const budgetRemaining = `(${byObjective('avg', 'breakwater_error_budget_remaining_ratio')} and (${counted} or ${restored}))`;
  const burnRates: Figures['burnRates'] = (windows) => {
    const matchers: readonly Matcher[] = windows === undefined ? [] : [`window=~${anyOf(windows)}`];
    return `avg by (policy, sli, window) (${ofPolicies('breakwater_slo_burn_rate', ...matchers)})`;
  };
  return {
    noData: 'No data: nothing was called',
    ofPolicies,
    ofService: (name, ...matchers) => series(name, service, ...matchers),
    objective,
    sli: `1 - (1 - ${budgetRemaining}) * (1 - ${objective})`,
    budgetRemaining,
    timeToExhaustion: lasting(
      budgetRemaining,
      `on (policy) group_left () max by (policy) (${ofPolicies('breakwater_slo_period_seconds')})`,
      `max by (policy, sli) (${ofPolicies('breakwater_slo_burn_rate', 'window="1h"')})`,
    ),
    burnRates,
    firingAlerts: undefined,
  };
}

/**
 * What selects the series of the service. The spec's labels tell one environment's from another's, except for those
 * that an objective, or one of `others`, gives another value.
 */
function fixedMatchers({ labels, slos }: SloSpec, ...others: readonly RuleLabels[]): readonly Matcher[] {
  const changing = [...slos.map((slo) => slo.labels), ...others].flatMap((each) => Object.keys(each));
  const changed = new Set([...IDENTITY_LABELS, ...changing]);
  const steady = Object.fromEntries(Object.entries(labels).filter(([name]) => !changed.has(name)));
  return ['service="$service"', ...matchersOf(steady), onePolicy];
}

/** What is left over the pace at which it goes: a burn rate of 1 uses up the whole budget in the period. */
function lasting(budgetRemaining: string, periodSeconds: string, burnRate: string): string {
  return `(${budgetRemaining} > 0) * ${periodSeconds} / (${burnRate} > 0)`;
}
