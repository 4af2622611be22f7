import { countOrZero, durationMs, numberThat, objective, options, parseOptions } from '../core/options.ts';
import { burnRateOf, remainingOf, shareOf, timeLeftMs } from './budget.ts';
import { decimal, nearest } from './rational.ts';

/*
 * Error budgets and burn rates as the Google SRE Workbook has them (chapter 5, "Alerting on SLOs"): the error
 * budget is the share of events that may be bad, 1 - objective; the burn rate is how fast it goes, relative to
 * the rate that would use it up exactly at the period's end.
 *
 * Results are exact, or the number nearest to the exact one. A decimal is taken for what it prints as, so that the
 * budget of 0.999 is 0.001 and not 0.0010000000000000009.
 */

const NO_POLICY = '';

/**
 * The error budget: the share of events that may be bad, such as 0.001 for an objective of 0.999.
 *
 * @param objective above 0 and below 1
 * @throws {InvalidOptionsError} when it is not
 */
export function errorBudget(objective: number): number {
  parseOptions(budgetArguments, { objective }, NO_POLICY, 'Arguments of errorBudget()');
  return shareOf(objective);
}

/**
 * The error budget as time of total outage, in milliseconds: 43.2 minutes for 0.999 over 30 days.
 *
 * @param objective above 0 and below 1
 * @param periodMs the budget's period in milliseconds, above 0
 * @throws {InvalidOptionsError} naming everything that is wrong with the arguments
 */
export function errorBudgetMs(objective: number, periodMs: number): number {
  parseOptions(timeArguments, { objective, periodMs }, NO_POLICY, 'Arguments of errorBudgetMs()');
  const good = decimal(objective);
  const period = decimal(periodMs);
  return nearest((good.whole - good.part) * period.part, good.whole * period.whole);
}

/**
 * The burn rate: the share of bad events over the share that may be bad. At 1 the budget lasts exactly for the
 * period; at 14.4 2 % of a budget of 30 days are gone after an hour.
 *
 * @param good number of good events in some window, a whole number
 * @param bad number of bad events in it, a whole number
 * @param objective above 0 and below 1
 * @returns `undefined` without events: no data is neither good nor bad
 * @throws {InvalidOptionsError} naming everything that is wrong with the arguments
 */
export function burnRate(good: number, bad: number, objective: number): number | undefined {
  parseOptions(eventArguments, { good, bad, objective }, NO_POLICY, 'Arguments of burnRate()');
  return burnRateOf(good, bad, objective);
}

/**
 * The share of the error budget that is left, given the events of the period: 1 when none was bad, 0 when it is
 * used up, negative when it is overspent.
 *
 * @param good number of good events in the period, a whole number
 * @param bad number of bad events in it, a whole number
 * @param objective above 0 and below 1
 * @returns `undefined` without events
 * @throws {InvalidOptionsError} naming everything that is wrong with the arguments
 */
export function budgetRemaining(good: number, bad: number, objective: number): number | undefined {
  parseOptions(eventArguments, { good, bad, objective }, NO_POLICY, 'Arguments of budgetRemaining()');
  return remainingOf(good, bad, objective);
}

/**
 * How long the error budget lasts at a steady burn rate, in milliseconds: `remaining * periodMs / burnRate`.
 *
 * @param remaining share of the budget that is left, at most 1; 0 or less when it is spent
 * @param burnRate 0 or more
 * @param periodMs the budget's period in milliseconds, above 0
 * @returns 0 when the budget is spent, else `Infinity` when nothing burns
 * @throws {InvalidOptionsError} naming everything that is wrong with the arguments
 */
export function timeToExhaustionMs(remaining: number, burnRate: number, periodMs: number): number {
  const given = { remaining, burnRate, periodMs };
  parseOptions(exhaustionArguments, given, NO_POLICY, 'Arguments of timeToExhaustionMs()');
  return timeLeftMs(remaining, burnRate, periodMs);
}

const budgetArguments = options({ objective });
const timeArguments = options({ objective, periodMs: durationMs });
const eventArguments = options({ good: countOrZero, bad: countOrZero, objective });
const exhaustionArguments = options({
  remaining: numberThat((share) => share <= 1, 'a share of the budget, at most 1'),
  burnRate: numberThat((rate) => rate >= 0, 'a finite burn rate, 0 or more'),
  periodMs: durationMs,
});
