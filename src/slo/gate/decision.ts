import { suggest } from '../../core/options.ts';
import type { ReleaseAnswer } from '../live/release.ts';
import { formatPercentage } from '../spec/ratios.ts';
import { MINIMUM_BAD_EVENTS } from './minimum.ts';
import { roundedPercentage } from './percentage.ts';
import { type BudgetReading, type BudgetReadings, budgetOf } from './reading.ts';

/** What a release is measured by. */
export interface GateCriteria {
  /** Share of each error budget that has to be left, from 0 to 1; a budget that is used up never suffices. */
  readonly minRemaining: number;
  /** Policies to look at; none for all. */
  readonly policies: readonly string[];
  /** Service to look at; `undefined` for all. */
  readonly service?: string | undefined;
}

/** The answer for one objective. */
export interface ObjectiveDecision {
  readonly reading: BudgetReading;
  readonly release: ReleaseAnswer;
  /** What stands in the way; empty when nothing does. */
  readonly why: readonly string[];
}

/** Whether to release, for all objectives together. */
export interface GateDecision {
  readonly release: ReleaseAnswer;
  readonly objectives: readonly ObjectiveDecision[];
  /** All that stands in the way, one sentence each; empty when nothing does. */
  readonly why: readonly string[];
}

/**
 * Decides whether a release may go out.
 *
 * One objective without budget, or with a page that fires, holds it back; what cannot be told holds it back too, as
 * `unknown`: a `no` counts before an `unknown`, and an `unknown` before a `yes`. Without any objective the answer is
 * `unknown`.
 */
export function decideRelease(
  { readings, problems }: BudgetReadings,
  { minRemaining, policies, service }: GateCriteria,
): GateDecision {
  const ofService = readings.filter((reading) => service === undefined || reading.service === service);
  const chosen = ofService.filter(({ policy }) => policies.length === 0 || policies.includes(policy));
  const objectives = chosen.map((reading) => decideOne(reading, minRemaining));
  // Without any reading, why there are none is all there is to say.
  const missing =
    readings.length === 0 && problems.length > 0 ? [] : whatIsMissing(readings, ofService, policies, service);

  const answers = objectives.map(({ release }) => release);
  const cannotKnow = problems.length > 0 || missing.length > 0 || objectives.length === 0;
  const release = answers.includes('no')
    ? 'no'
    : cannotKnow || answers.includes('unknown')
      ? 'unknown'
      : 'yes';
  return {
    release,
    objectives,
    why: [
      ...objectives.flatMap(({ reading, why }) => why.map((sentence) => `${nameOf(reading)}: ${sentence}`)),
      ...missing,
      ...problems,
    ],
  };
}

function decideOne(reading: BudgetReading, minRemaining: number): ObjectiveDecision {
  const budget = reading.budget.known ? budgetOf(reading.budget.remaining) : reading.budget;
  const pages = reading.pages.map((page) => `a page fires: ${page}`);
  const shortfall = budget.known ? shortfallOf(budget.remaining, minRemaining) : undefined;
  const luck = shortfall === undefined ? undefined : tooFew(reading);
  const why = [...[shortfall, luck].flatMap((sentence) => sentence ?? []), ...pages];
  if (!budget.known) why.push(budget.why);
  const isShort = shortfall !== undefined && luck === undefined;
  const isKnown = budget.known && luck === undefined;
  return { reading, release: pages.length > 0 || isShort ? 'no' : isKnown ? 'yes' : 'unknown', why };
}

/** Why a budget may be low by accident, as `canRelease()` has it; `undefined` where it is not, or nobody can count. */
function tooFew({ badEvents }: BudgetReading): string | undefined {
  // What Prometheus extrapolates is no whole number.
  const counted = Math.round(badEvents ?? MINIMUM_BAD_EVENTS);
  if (!(counted < MINIMUM_BAD_EVENTS)) return undefined;
  const events = counted === 1 ? 'event' : 'events';
  return `only ${counted} bad ${events}: too few to tell luck from trouble, ${MINIMUM_BAD_EVENTS} would be enough`;
}

function shortfallOf(remaining: number, minRemaining: number): string | undefined {
  if (remaining < 0) return `the error budget is overspent by ${roundedPercentage(-remaining, 'up')}`;
  if (remaining === 0) return 'the error budget is used up';
  if (remaining >= minRemaining) return undefined;
  return `${roundedPercentage(remaining, 'down')} of the error budget is left, less than ${formatPercentage(minRemaining)}`;
}

/** What was asked for and is not there. */
function whatIsMissing(
  readings: readonly BudgetReading[],
  ofService: readonly BudgetReading[],
  policies: readonly string[],
  service: string | undefined,
): readonly string[] {
  if (readings.length === 0) return ['there is no data on any objective'];
  if (service !== undefined && ofService.length === 0) {
    return [`there is no data on the service '${service}'; ${hint(service, names(readings, 'service'))}`];
  }
  const known = names(ofService, 'policy');
  return policies
    .filter((policy) => !known.includes(policy))
    .map((policy) => `there is no data on the policy '${policy}'; ${hint(policy, known)}`);
}

function names(readings: readonly BudgetReading[], label: 'service' | 'policy'): readonly string[] {
  return [...new Set(readings.map((reading) => reading[label]))].sort();
}

function hint(name: string, known: readonly string[]): string {
  const suggestion = suggest(name, known);
  if (suggestion !== undefined) return `did you mean '${suggestion}'?`;
  const shown = known.slice(0, 10).map((other) => `'${other}'`);
  return `there is data on ${shown.join(', ')}${known.length > shown.length ? ' and others' : ''}`;
}

function nameOf({ service, policy, sli }: BudgetReading): string {
  return [service, policy, sli].filter((part) => part !== '').join(' ');
}
