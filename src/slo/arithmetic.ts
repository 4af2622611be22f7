/*
 * Error budgets and burn rates as the Google SRE Workbook has them (chapter 5, "Alerting on SLOs"): the error
 * budget is the share of events that may be bad, 1 - objective; the burn rate is how fast it goes, relative to
 * the rate that would use it up exactly at the period's end.
 *
 * Decimals stay exact: an objective is taken for the decimal number that it prints as, so that the budget of 0.999
 * is 0.001 and not 0.0010000000000000009.
 */

/** A ratio of whole numbers. */
interface Fraction {
  readonly part: number;
  readonly whole: number;
}

/** 1 - objective as a fraction; exact for objectives of up to 15 decimals. */
function budgetFraction(objective: number): Fraction {
  const [mantissa = '', exponent = '0'] = String(objective).split('e');
  const decimals = (mantissa.split('.')[1]?.length ?? 0) - Number(exponent);
  // With more, floating point says all there is to say.
  if (decimals > 15) return { part: 1 - objective, whole: 1 };
  const whole = 10 ** decimals;
  return { part: whole - Math.round(objective * whole), whole };
}

/**
 * The error budget: the share of events that may be bad, such as 0.001 for an objective of 0.999.
 *
 * @param objective above 0 and below 1
 */
export function errorBudget(objective: number): number {
  const { part, whole } = budgetFraction(objective);
  return part / whole;
}

/**
 * The error budget as time of total outage, in milliseconds: 43.2 minutes for 0.999 over 30 days.
 *
 * @param objective above 0 and below 1
 * @param periodMs the budget's period
 */
export function errorBudgetMs(objective: number, periodMs: number): number {
  const { part, whole } = budgetFraction(objective);
  return (part * periodMs) / whole;
}

/**
 * The burn rate: the share of bad events over the share that may be bad. At 1 the budget lasts exactly for the
 * period; at 14.4 2 % of a budget of 30 days are gone after an hour.
 *
 * @returns `undefined` without events: no data is neither good nor bad
 */
export function burnRate(good: number, bad: number, objective: number): number | undefined {
  const total = good + bad;
  if (!(total > 0)) return undefined;
  const { part, whole } = budgetFraction(objective);
  return (bad * whole) / (total * part);
}

/**
 * The share of the error budget that is left, given the events of the period: 1 when none was bad or there were
 * none, 0 when it is used up, negative when it is overspent.
 */
export function budgetRemaining(good: number, bad: number, objective: number): number {
  const total = good + bad;
  if (!(total > 0)) return 1;
  const { part, whole } = budgetFraction(objective);
  return (total * part - bad * whole) / (total * part);
}
