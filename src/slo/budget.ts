import { decimal, nearest } from './rational.ts';

/*
 * The arithmetic of `arithmetic.ts` without its checks, for those who read counts all day: objectives are known to
 * be above 0 and below 1, counts not to be negative. Counts that Prometheus extrapolated may have decimals.
 *
 * Where the products of whole numbers fit a double, which is nearly always, a reading costs two of them and a
 * division; where they do not, it is done in BigInt.
 */

/** 1 - objective as a fraction in its lowest terms; NaN where those do not fit a double. */
interface BudgetFraction {
  readonly part: number;
  readonly whole: number;
}

/** Most services have few objectives; those that have many compute them again. */
const MAX_REMEMBERED = 256;
const remembered = new Map<number, BudgetFraction>();

function fractionOf(objective: number): BudgetFraction {
  let fraction = remembered.get(objective);
  if (fraction === undefined) {
    fraction = lowestTerms(objective);
    if (remembered.size >= MAX_REMEMBERED) remembered.clear();
    remembered.set(objective, fraction);
  }
  return fraction;
}

function lowestTerms(objective: number): BudgetFraction {
  const good = decimal(objective);
  const bad = good.whole - good.part;
  const divisor = greatestCommonDivisor(bad, good.whole);
  const whole = Number(good.whole / divisor);
  return Number.isSafeInteger(whole)
    ? { part: Number(bad / divisor), whole }
    : { part: Number.NaN, whole: Number.NaN };
}

function greatestCommonDivisor(a: bigint, b: bigint): bigint {
  return b === 0n ? a : greatestCommonDivisor(b, a % b);
}

/** See `errorBudget()`. */
export function shareOf(objective: number): number {
  const { part, whole } = decimal(objective);
  return nearest(whole - part, whole);
}

/** See `burnRate()`. */
export function burnRateOf(good: number, bad: number, objective: number): number | undefined {
  const total = good + bad;
  if (total === 0) return undefined;
  const { part, whole } = fractionOf(objective);
  const used = bad * whole;
  const allowed = total * part;
  // NaN is not either.
  if (used <= Number.MAX_SAFE_INTEGER && allowed <= Number.MAX_SAFE_INTEGER) return used / allowed;
  const exact = exactly(good, bad, objective);
  return nearest(exact.used, exact.allowed);
}

/** See `budgetRemaining()`. */
export function remainingOf(good: number, bad: number, objective: number): number | undefined {
  const total = good + bad;
  if (total === 0) return undefined;
  const { part, whole } = fractionOf(objective);
  const used = bad * whole;
  const allowed = total * part;
  if (used <= Number.MAX_SAFE_INTEGER && allowed <= Number.MAX_SAFE_INTEGER)
    return (allowed - used) / allowed;
  const exact = exactly(good, bad, objective);
  return nearest(exact.allowed - exact.used, exact.allowed);
}

/** See `timeToExhaustionMs()`. */
export function timeLeftMs(remaining: number, burnRate: number, periodMs: number): number {
  if (remaining <= 0) return 0;
  if (burnRate === 0) return Number.POSITIVE_INFINITY;
  const [left, rate, period] = [decimal(remaining), decimal(burnRate), decimal(periodMs)];
  return nearest(left.part * rate.whole * period.part, left.whole * rate.part * period.whole);
}

/** Bad events, and how many there may be, in a common unit. */
function exactly(good: number, bad: number, objective: number) {
  const { part, whole } = decimal(objective);
  const [goods, bads] = [decimal(good), decimal(bad)];
  const used = bads.part * goods.whole;
  const total = goods.part * bads.whole + used;
  return { used: used * whole, allowed: total * (whole - part) };
}
