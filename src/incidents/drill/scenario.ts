import { z } from 'zod';
import type { OptionsProblem } from '../../core/errors.ts';
import { flag, numberThat, oneOf, options, policyName, textUpTo } from '../../core/options.ts';

/**
 * What a drill scores, in order, each timed from its beginning.
 *
 * - `detect`: something other than the drill's own declaration saw it: an SLI that burned, calls that were rejected. It
 *   is scored only where something did.
 * - `notify`: every sink had taken it.
 * - `acknowledge`: somebody said that they work on it, by whatever way.
 * - `mitigate`: somebody said that it is mitigated, or closed the circuits by hand.
 * - `verify`: the repair is proven, and somebody checked that nothing else broke. It has failed where either was waived.
 *   Where the drill only observes, there is no repair to prove.
 */
export const drillSteps = ['detect', 'notify', 'acknowledge', 'mitigate', 'verify'] as const;
/** A step that a drill scores. */
export type DrillStep = (typeof drillSteps)[number];

/** What a drill does to the policies: opens their circuits, which real calls feel, or nothing. */
export const drillEffects = ['open', 'observe'] as const;
/** What a drill does to the policies. */
export type DrillEffect = (typeof drillEffects)[number];

/** No game day is longer, in milliseconds. */
export const LONGEST_DRILL_MS = 4 * 3_600_000;

/** How long each step may take where a scenario does not say, in milliseconds. */
const usualTargetsMs: Readonly<Record<DrillStep, number>> = {
  detect: 2 * 60_000,
  notify: 60_000,
  acknowledge: 5 * 60_000,
  mitigate: 15 * 60_000,
  verify: 20 * 60_000,
};

/** How long a drill lasts at most where a scenario does not say, in milliseconds. */
export const USUAL_DURATION_MS = 30 * 60_000;

/** A scenario's or an instruction's words. */
export const drillTitle = textUpTo(200);
/** An instruction's words. */
export const drillText = textUpTo(1_000);

const elapsedMs = numberThat(
  (ms) => ms >= 0 && ms <= LONGEST_DRILL_MS,
  'a number of milliseconds up to four hours',
);
const target = z.union([elapsedMs, z.literal(false)]);

/** Checks a scenario that comes from a command. What it says as a whole is checked by `scenarioProblems`. */
export const drillScenario = options({
  title: drillTitle,
  policies: z.array(policyName).min(1).max(20),
  effect: oneOf(drillEffects),
  durationMs: elapsedMs,
  notify: flag,
  targetsMs: options({
    detect: target,
    notify: target,
    acknowledge: target,
    mitigate: target,
    verify: target,
  }),
  instructions: z.array(options({ afterMs: elapsedMs, text: drillText })).max(100),
}).superRefine((scenario, context) => {
  for (const { path, message } of scenarioProblems(scenario)) {
    context.addIssue({ code: 'custom', path: [...path], message });
  }
});

/** A game day: what is played on which policies, for how long, and how fast each step should be. */
export interface DrillScenario {
  readonly title: string;
  /** The first is the one that the incident is filed under. */
  readonly policies: readonly string[];
  readonly effect: DrillEffect;
  /** When it ends at the latest. */
  readonly durationMs: number;
  /** Whether the sinks are told, marked DRILL. */
  readonly notify: boolean;
  /** From the drill's beginning; `false` where a step is not scored. */
  readonly targetsMs: Readonly<Record<DrillStep, number | false>>;
  /** What people are told to do, and when. */
  readonly instructions: readonly { readonly afterMs: number; readonly text: string }[];
}

/** What a scenario may leave unsaid. */
export interface ScenarioDraft extends Pick<DrillScenario, 'policies'> {
  readonly title?: string | undefined;
  readonly effect?: DrillEffect | undefined;
  readonly durationMs?: number | undefined;
  readonly notify?: boolean | undefined;
  readonly targetsMs?: { readonly [Step in DrillStep]?: number | false | undefined } | undefined;
  readonly instructions?: DrillScenario['instructions'] | undefined;
}

/** The scenario with what it leaves unsaid. */
export function completeScenario(draft: ScenarioDraft): DrillScenario {
  const { policies, durationMs = USUAL_DURATION_MS, notify = true, effect = 'open' } = draft;
  const usual = (step: DrillStep): number | false =>
    step === 'notify' && !notify ? false : Math.min(usualTargetsMs[step], durationMs);
  const targetOf = (step: DrillStep) => draft.targetsMs?.[step] ?? usual(step);
  return {
    title: draft.title ?? `Game day of ${policies.join(', ')}`,
    policies,
    effect,
    durationMs,
    notify,
    targetsMs: {
      detect: targetOf('detect'),
      notify: targetOf('notify'),
      acknowledge: targetOf('acknowledge'),
      mitigate: targetOf('mitigate'),
      verify: targetOf('verify'),
    },
    instructions: draft.instructions ?? [],
  };
}

/** A problem of a scenario as a whole, with its path in the names of `DrillScenario`. */
export interface ScenarioProblem extends Pick<OptionsProblem, 'message'> {
  readonly path: readonly (string | number)[];
}

/** What does not go together in a scenario. */
export function scenarioProblems({
  policies,
  durationMs,
  targetsMs,
  notify,
  instructions,
}: DrillScenario): readonly ScenarioProblem[] {
  const problems: ScenarioProblem[] = [];
  for (const [at, policy] of policies.entries()) {
    if (policies.indexOf(policy) !== at) problems.push({ path: ['policies', at], message: 'is there twice' });
  }
  for (const step of drillSteps) {
    const ms = targetsMs[step];
    if (ms !== false && ms > durationMs) {
      problems.push({ path: ['targetsMs', step], message: 'must not be longer than the duration' });
    }
  }
  if (!notify && targetsMs.notify !== false) {
    problems.push({ path: ['targetsMs', 'notify'], message: 'must be false where notify is false' });
  }
  if (drillSteps.every((step) => step === 'detect' || targetsMs[step] === false)) {
    problems.push({ path: ['targetsMs'], message: 'must have a step other than detect that is scored' });
  }
  for (const [at, { afterMs }] of instructions.entries()) {
    if (afterMs > durationMs) {
      problems.push({ path: ['instructions', at, 'afterMs'], message: 'must not be after the end' });
    }
  }
  return problems;
}
