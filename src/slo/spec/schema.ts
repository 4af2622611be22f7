import { z } from 'zod';
import { numberThat, oneOf, options } from '../../core/options.ts';
import { type Sli, slis } from '../../metrics/sli.ts';
import { alertSeverities } from '../burn-alerts.ts';
import { DEFAULT_PERIOD_MS } from '../windows.ts';
import { duration } from './durations.ts';
import type { Indicator, RuleLabels } from './model.ts';
import { specObjective, specShare } from './ratios.ts';
import { specRunbook } from './runbook.ts';
import {
  hasKey,
  isMapping,
  mappingOf,
  ruleLabelNames,
  seriesLabelNames,
  specDescription,
  specLabels,
  specName,
  specQuery,
  within,
} from './shapes.ts';
import { notA } from './wording.ts';

const MINUTE_MS = 60_000;

/** The first line of the own format. */
export const OWN_VERSION = 'breakwater/v1';

/** What the own format takes for granted where a file says nothing, as the file would say it. */
export const specDefaults = {
  periodMs: DEFAULT_PERIOD_MS,
  alerts: {
    minimumBadEvents: 5,
    atRiskRemaining: 0.1,
    missingDataMs: 10 * MINUTE_MS,
    pageLabels: { severity: 'page' },
    ticketLabels: { severity: 'ticket' },
  },
  breakers: {
    openForMs: 5 * MINUTE_MS,
    flappingOpenings: 5,
    flappingWindowMs: 15 * MINUTE_MS,
    budgetSpentForMs: 5 * MINUTE_MS,
    fallbackShare: 0.5,
    fallbackForMs: 5 * MINUTE_MS,
  },
  periodEvaluationMs: 5 * MINUTE_MS,
} as const;

const ruleDuration = (example: string, min = 1_000) => duration({ min, step: 1_000, example });

/** The shortest period of a budget, in milliseconds: rules cannot follow a shorter one well. */
export const MIN_PERIOD_MS = 60 * MINUTE_MS;
/** What a period is a multiple of, in milliseconds. */
export const PERIOD_STEP_MS = MINUTE_MS;

const period = duration({ min: MIN_PERIOD_MS, step: PERIOD_STEP_MS, example: '30d' });
const labels = specLabels(ruleLabelNames);
const severities = specLabels(ruleLabelNames.filter((name) => name !== 'severity'));

/** What may be said of a policy as a whole and of each objective. */
const details = {
  period: period.optional(),
  labels: labels.default({}),
  runbook: specRunbook.optional(),
};

const objectiveDetails = {
  ...details,
  description: specDescription.optional(),
  silence: z
    .array(oneOf(alertSeverities), {
      error: ({ input }) => notA("a sequence of 'page' and 'ticket'", input),
    })
    .transform((given) => alertSeverities.filter((severity) => given.includes(severity)))
    .default([]),
};

/** An objective with all that may be said of it. */
export interface GivenObjective {
  readonly objective: number;
  readonly thresholdMs?: number | undefined;
  readonly periodMs?: number | undefined;
  readonly labels: RuleLabels;
  readonly runbook?: string | undefined;
  readonly description?: string | undefined;
  readonly silenced: readonly ('page' | 'ticket')[];
}

const plainObjective = options({ objective: specObjective, ...objectiveDetails });

const eventObjective = z.unknown().transform((value, context): GivenObjective => {
  if (isMapping(value)) {
    const given = within(plainObjective, value, context)?.output;
    return given === undefined ? z.NEVER : renamed(given);
  }
  const objective = within(specObjective, value, context)?.output;
  return objective === undefined ? z.NEVER : { objective, labels: {}, silenced: [] };
});

const slowObjective = options({
  objective: specObjective,
  threshold: duration({ example: '200ms' }),
  ...objectiveDetails,
});

const latencyObjective = z.unknown().transform((value, context): GivenObjective => {
  if (isMapping(value)) {
    const given = within(slowObjective, value, context)?.output;
    return given === undefined ? z.NEVER : { ...renamed(given), thresholdMs: given.threshold };
  }
  const message = `needs to know from where on a call is too slow: { objective: 99%, threshold: 200ms }`;
  context.addIssue({ code: 'custom', message });
  return z.NEVER;
});

function renamed(given: z.output<typeof plainObjective>): GivenObjective {
  const { objective, period: periodMs, silence: silenced, labels, runbook, description } = given;
  return { objective, periodMs, silenced, labels, runbook, description };
}

const policyShape = options(
  {
    availability: eventObjective.optional(),
    latency: latencyObjective.optional(),
    correctness: eventObjective.optional(),
    ...details,
  },
  'a mapping with availability, latency or correctness',
);

/** What is said of a policy. */
export interface GivenPolicy {
  readonly objectives: readonly (readonly [Sli, GivenObjective])[];
  readonly periodMs?: number | undefined;
  readonly labels: RuleLabels;
  readonly runbook?: string | undefined;
}

const policy = z.unknown().transform((value, context): GivenPolicy => {
  if (isMapping(value) && !slis.some((sli) => hasKey(value, sli))) {
    context.addIssue({
      code: 'custom',
      message: `has no objective; it needs ${slis.join(', ')}, or some of them`,
      params: { ofKey: true },
    });
  }
  const given = within(policyShape, value, context)?.output;
  if (given === undefined) return z.NEVER;
  const objectives = slis.flatMap((sli) => {
    const objective = given[sli];
    return objective === undefined ? [] : [[sli, objective] as const];
  });
  return { objectives, periodMs: given.period, labels: given.labels, runbook: given.runbook };
});

const sloShape = options(
  {
    policy: specName.optional(),
    sli: specName.default('availability'),
    objective: specObjective,
    good: specQuery.optional(),
    bad: specQuery.optional(),
    total: specQuery.optional(),
    badRatio: specQuery.optional(),
    ...objectiveDetails,
  },
  'a mapping with objective, total, and good or bad',
);

/** An objective of what is no policy. */
export interface GivenSlo extends GivenObjective {
  readonly policy?: string | undefined;
  readonly sli: string;
  readonly indicator: Indicator;
}

const slo = z.unknown().transform((value, context): GivenSlo => {
  const wrong = isMapping(value) ? indicatorProblem(value) : undefined;
  if (wrong !== undefined) context.addIssue({ code: 'custom', params: { ofKey: true }, ...wrong });
  const given = within(sloShape, value, context)?.output;
  const indicator = given === undefined ? undefined : indicatorOf(given);
  if (given === undefined || indicator === undefined) return z.NEVER;
  return { ...renamed(given), policy: given.policy, sli: given.sli, indicator };
});

function indicatorProblem(value: unknown): { readonly message: string; readonly path: string[] } | undefined {
  const [good, bad, total, badRatio] = ['good', 'bad', 'total', 'badRatio'].map((key) => hasKey(value, key));
  if (badRatio) {
    const other = good ? 'good' : bad ? 'bad' : total ? 'total' : undefined;
    if (other === undefined) return undefined;
    return { path: [other], message: 'says again what badRatio says; leave one of them out' };
  }
  if (good && bad) return { path: ['bad'], message: 'says again what good says; leave one of them out' };
  if (!good && !bad) {
    return { path: [], message: 'has no indicator; it needs total, and good or bad; or badRatio' };
  }
  return total
    ? undefined
    : { path: [], message: `has ${good ? 'good' : 'bad'} without total: a query for all events` };
}

function indicatorOf(given: z.output<typeof sloShape>): Indicator | undefined {
  const { good, bad, total, badRatio } = given;
  if (badRatio !== undefined) return { kind: 'ratio', badRatio };
  if (total === undefined) return undefined;
  if (good !== undefined) return { kind: 'events', total, good };
  return bad === undefined ? undefined : { kind: 'events', total, bad };
}

const wholeFrom = (least: number) =>
  numberThat((n) => Number.isSafeInteger(n) && n >= least, `a whole number, ${least} or more`);

const alerts = options(
  {
    minimumBadEvents: wholeFrom(1).default(specDefaults.alerts.minimumBadEvents),
    atRisk: specShare('below 100%').default(specDefaults.alerts.atRiskRemaining),
    missingData: ruleDuration('10m').default(specDefaults.alerts.missingDataMs),
    page: severities.default({}),
    ticket: severities.default({}),
  },
  'a mapping',
).prefault({});

const breakers = options(
  {
    openFor: ruleDuration('5m').default(specDefaults.breakers.openForMs),
    flapping: options(
      {
        openings: wholeFrom(2).default(specDefaults.breakers.flappingOpenings),
        within: ruleDuration('15m', MINUTE_MS).default(specDefaults.breakers.flappingWindowMs),
      },
      'a mapping',
    ).prefault({}),
    budgetSpentFor: ruleDuration('5m').default(specDefaults.breakers.budgetSpentForMs),
    fallback: options(
      {
        share: specShare('100%').default(specDefaults.breakers.fallbackShare),
        for: ruleDuration('5m').default(specDefaults.breakers.fallbackForMs),
      },
      'a mapping',
    ).prefault({}),
  },
  'a mapping, or false for no such alerts',
);

const breakersOrNone = z
  .unknown()
  .transform((value, context) =>
    value === false ? false : (within(breakers, value, context)?.output ?? z.NEVER),
  )
  .prefault({});

/** The own format. Each default is in `specDefaults`. */
export const ownSchema = options(
  {
    version: oneOf([OWN_VERSION]),
    service: specName,
    ...details,
    period: period.default(specDefaults.periodMs),
    selector: specLabels(seriesLabelNames, 'selector').default({}),
    policies: mappingOf(specName, policy, 'policies by name').default([]),
    slos: mappingOf(specName, slo, 'objectives by name').default([]),
    alerts,
    breakers: breakersOrNone,
    periodEvaluation: ruleDuration('5m').default(specDefaults.periodEvaluationMs),
  },
  'a mapping that starts with version: breakwater/v1',
);

/** What a file of the own format says, checked, with the defaults filled in. */
export type OwnSpec = z.output<typeof ownSchema>;
