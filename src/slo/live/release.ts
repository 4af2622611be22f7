import type { Sli } from '../../metrics/sli.ts';
import { amount, span } from './amount.ts';
import { type Standing, severityOf } from './standing.ts';

/** Whether to release: `unknown` where there is too little data to say. */
export type ReleaseAnswer = 'yes' | 'no' | 'unknown';

/** What one objective says about a release. */
export interface ObjectiveRelease {
  readonly policy: string;
  readonly sli: Sli;
  readonly answer: ReleaseAnswer;
  /** The reason, one sentence. */
  readonly why: string;
  /** Share of the error budget that is left, negative when it is overspent; `undefined` without data. */
  readonly budgetRemaining: number | undefined;
}

/** Whether to release, and why. */
export interface Release {
  /** `no` where one objective says so, else `unknown` where one does or there is none, else `yes`. */
  readonly answer: ReleaseAnswer;
  /** The reason: those of the objectives that decide. */
  readonly why: string;
  readonly objectives: readonly ObjectiveRelease[];
}

/** When a release is unsafe. */
export interface ReleaseLimits {
  /** Share of the error budget that must be left. */
  readonly minRemaining: number;
  /** With fewer bad events than this a budget that is low is an accident. */
  readonly minimumBadEvents: number;
}

/**
 * What an objective says about a release: `no` while a page fires, when less of the budget is left than there must
 * be, or when nothing is left; `unknown` without data, or with too few events to tell luck from trouble.
 */
export function releaseOf(
  standing: Standing,
  { minRemaining, minimumBadEvents }: ReleaseLimits,
): Pick<ObjectiveRelease, 'answer' | 'why'> {
  const { sli, good, bad, budgetRemaining } = standing;
  if (severityOf(standing) === 'page') return { answer: 'no', why: `a page on its ${sli} fires` };
  if (budgetRemaining === undefined) return { answer: 'unknown', why: `there is no data on its ${sli}` };
  const left = `${amount(100 * budgetRemaining)} % of its ${sli} budget is left`;
  const isLow = budgetRemaining < minRemaining;
  if (isLow || budgetRemaining <= 0) {
    const limit = isLow ? `less than ${Number((100 * minRemaining).toPrecision(12))} %` : 'it is spent';
    return bad >= minimumBadEvents
      ? { answer: 'no', why: `${left}, ${limit}${reach(standing)}` }
      : { answer: 'unknown', why: `${left}, but after only ${bad} bad events${reach(standing)}` };
  }
  if (good + bad < minimumBadEvents)
    return {
      answer: 'unknown',
      why: `there are only ${good + bad} events of its ${sli}${reach(standing)}`,
    };
  return { answer: 'yes', why: `${left}${reach(standing)}` };
}

/** How far back the figures of an objective reach, to follow them in a sentence; empty where they fill the period. */
export function reach({ observedMs }: Standing): string {
  return observedMs === undefined ? '' : `, over the ${span(observedMs)} since it began to count`;
}

/**
 * What all objectives together say.
 *
 * @param without names of policies that were asked for and have no objectives
 */
export function together(objectives: readonly ObjectiveRelease[], without: readonly string[]): Release {
  const answer = strongest(objectives, without);
  const reasons = objectives
    .filter((objective) => objective.answer === answer)
    .map(({ policy, why }) => `'${policy}': ${why}`);
  if (answer === 'unknown') reasons.push(...without.map((policy) => `'${policy}': it has no objectives`));
  if (reasons.length === 0) reasons.push('there are no objectives');
  return { answer, why: `${reasons.join('; ')}.`, objectives };
}

function strongest(objectives: readonly ObjectiveRelease[], without: readonly string[]): ReleaseAnswer {
  if (objectives.some(({ answer }) => answer === 'no')) return 'no';
  const isUnknown = objectives.length === 0 || objectives.some(({ answer }) => answer === 'unknown');
  return isUnknown || without.length > 0 ? 'unknown' : 'yes';
}
