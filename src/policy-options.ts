import { z } from 'zod';
import { type AttemptBudgetOptions, attemptBudgetSchema } from './core/attempt-budget.ts';
import { type HazardCode, hazardCodes } from './core/hazards.ts';
import { copied, mergedOption } from './core/merged-options.ts';
import { callback, oneOf, options, policyName, shown, suggest } from './core/options.ts';
import type { Strategy } from './core/pipeline.ts';
import { type Policy as AnyPolicy, type Criticality, criticalities } from './core/policy.ts';
import type { Classify } from './core/verdict.ts';
import { type Runbook, runbookSchema } from './incidents/recovery/runbook.ts';
import { type SloOptions, sloOptions } from './slo/live/options.ts';
import { type StandardStrategies, standardKeys, standardShape } from './strategies/standard.ts';

/** Whether `/readyz` waits for a policy's dependency. */
export const readinessModes = ['optional', 'required'] as const;
/** Whether `/readyz` waits for a policy's dependency. */
export type Readiness = (typeof readinessModes)[number];

/**
 * Options of a policy. With none, it has a total timeout of 30 s, an attempt timeout of 10 s, the default circuit
 * breaker, and SLIs; retries are opt-in.
 *
 * @typeParam Target what the endpoints of `failover` have as `target`
 */
export interface PolicyOptions<Target = unknown> extends StandardStrategies<Target> {
  /** How much the dependency's failure hurts; decides the severity of incidents. Default `medium`. */
  readonly criticality?: Criticality | undefined;
  /**
   * Names of policies that this one depends on, at most 100; they may be made later. While an incident of one of them is
   * open, nobody is told of this policy's: it waits until it has outlasted that. Default: none.
   */
  readonly dependsOn?: readonly string[] | undefined;
  /** What uses the dependency, at most 100 features or teams: whom its incidents hurt. Default: nothing that is known. */
  readonly usedBy?: readonly string[] | undefined;
  /** Decides what an outcome means, for retry, breaker, fallback and SLI alike. Default: see `Verdict`. */
  readonly classify?: Classify | undefined;
  /**
   * How many extra attempts (retries, hedges and failovers together) calls may make in all, so that an outage does not
   * become a storm. Not to be given together with `retry.budget`, its older place. Default: a fifth of the calls of the
   * last 10 s, and at least 10 per 10 s.
   */
  readonly attemptBudget?: AttemptBudgetOptions | undefined;
  /** Service level objectives. Default: none; SLIs are measured all the same. */
  readonly slo?: SloOptions | undefined;
  /** Codes of hazards that are known and accepted: nobody is warned of them. Default: none. */
  readonly silenceHazards?: readonly HazardCode[] | undefined;
  /** With `required`, an open circuit makes `/readyz` fail. Default `optional`. */
  readonly readiness?: Readiness | undefined;
  /** What to do when the dependency is in trouble; incidents show it. Default: none. */
  readonly runbook?: Runbook | undefined;
  /**
   * Layers in your own order, the first outermost, instead of the standard keys. An instance belongs to one policy.
   */
  readonly strategies?: readonly Strategy[] | undefined;
}

/** Options of a policy with layers in the user's own order, whose types say nothing of a target. */
export type OwnOrder<Target> = PolicyOptions<Target> & Required<Pick<PolicyOptions, 'strategies'>>;

/** What may change of an option: nothing is taken out, and of an object what is left out stays as it is. */
type Change<Option> = Option extends false
  ? never
  : Option extends (...args: never[]) => unknown
    ? Option
    : Option extends object
      ? Partial<Option>
      : Option;

/** Options that `policy.update()` may change. */
export type PolicyChanges<Target = undefined> = {
  readonly [Key in keyof StandardStrategies<Target>]?: Change<StandardStrategies<Target>[Key]>;
} & { readonly attemptBudget?: AttemptBudgetOptions | undefined };

/** A policy, as a hub makes it. */
export type Policy<Target = unknown> = AnyPolicy<Target, PolicyChanges<Target>>;

const strategy = z.custom<Strategy>(
  (value) =>
    typeof value === 'object' &&
    value !== null &&
    'kind' in value &&
    'bind' in value &&
    typeof value.bind === 'function',
  {
    error: (issue) =>
      `must be a strategy, such as retry() or timeout({ timeoutMs }), not ${shown(issue.input)}`,
  },
);

/** Names, each of them once. */
function namesOf(name: z.ZodType<string>, what: string) {
  return z
    .array(name, { error: (issue) => `must be an array of names of ${what}, not ${shown(issue.input)}` })
    .max(100, { error: `must be at most 100 names of ${what}` })
    .default([])
    .transform((names) => [...new Set(names)]);
}

const hazardCode = z.custom<HazardCode>((value) => hazardCodes.some((code) => code === value), {
  error: ({ input }) => {
    const meant = typeof input === 'string' ? suggest(input, hazardCodes) : undefined;
    const hint = meant === undefined ? `they are ${hazardCodes.join(', ')}` : `did you mean '${meant}'?`;
    return `is not the code of a hazard: ${shown(input)}; ${hint}`;
  },
});

const policyShape = {
  ...standardShape,
  criticality: oneOf(criticalities).default('medium'),
  dependsOn: namesOf(policyName, 'policies'),
  usedBy: namesOf(policyName, 'features or teams'),
  classify: callback<Classify>().optional(),
  attemptBudget: attemptBudgetSchema.optional(),
  slo: sloOptions.optional(),
  runbook: runbookSchema.optional(),
  silenceHazards: z
    .array(hazardCode, {
      error: (issue) => `must be an array of codes of hazards, not ${shown(issue.input)}`,
    })
    .default([]),
  readiness: oneOf(readinessModes).default('optional'),
};

/** Names of all options that a policy may have. */
export const optionNames: readonly string[] = [...Object.keys(policyShape), 'strategies'];

/** Options that policies may start from: all but `strategies`, whose instances belong to one policy. */
export const policyDefaultsSchema = options(policyShape);

/** All options of a policy. */
export const policySchema = options({
  ...policyShape,
  strategies: z
    .array(strategy, {
      error: (issue) => `must be an array of strategies, outermost first, not ${shown(issue.input)}`,
    })
    .optional(),
}).superRefine((given, context) => {
  if (given.attemptBudget !== undefined) {
    for (const path of ownBudgets(given)) {
      context.addIssue({
        code: 'custom',
        path,
        message:
          "must not be given together with 'attemptBudget'; leave it out, since that holds for retries as well",
      });
    }
  }
  if (given.strategies === undefined) return;
  for (const key of standardKeys) {
    if (Reflect.get(given, key) === undefined) continue;
    context.addIssue({
      code: 'custom',
      path: [key],
      message: "must not be given together with 'strategies'",
    });
  }
  for (const [at, instance] of given.strategies.entries()) {
    if (given.strategies.indexOf(instance) === at) continue;
    context.addIssue({
      code: 'custom',
      path: ['strategies', at],
      message: 'must not be the same instance twice',
    });
  }
});

/** Where a strategy is given a budget of its own. */
function ownBudgets({
  retry,
  strategies = [],
}: StandardStrategies & Pick<PolicyOptions, 'strategies'>): PropertyKey[][] {
  const ofRetry =
    retry !== undefined && retry !== false && retry.budget !== undefined ? [['retry', 'budget']] : [];
  const ofOthers = strategies.flatMap(({ setsBudget }, at) =>
    setsBudget === true ? [['strategies', at]] : [],
  );
  return [...ofRetry, ...ofOthers];
}

/**
 * `given` on top of the hub's `defaults`. Options of one strategy are merged key by key; a policy with layers in
 * its own order takes no standard ones from the defaults.
 */
export function withDefaults(defaults: PolicyOptions, given: PolicyOptions): PolicyOptions {
  const merged: Record<string, unknown> = {};
  const takesStandardKeys = given.strategies === undefined;
  for (const [key, value] of Object.entries(defaults)) {
    if (takesStandardKeys || !standardKeys.some((standard) => standard === key)) merged[key] = copied(value);
  }
  for (const [key, value] of Object.entries(given)) {
    if (value !== undefined) merged[key] = mergedOption(merged[key], value);
  }
  return merged;
}
