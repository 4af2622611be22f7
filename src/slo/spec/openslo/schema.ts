import { z } from 'zod';
import { flag, oneOf, options, text } from '../../../core/options.ts';
import { duration } from '../durations.ts';
import { specObjective } from '../ratios.ts';
import { isMapping, specDescription, within } from '../shapes.ts';
import { percentObjective } from '../sloth/schema.ts';
import { notA } from '../wording.ts';
import { metadata } from './metadata.ts';

/** The version of OpenSLO that is read and written. */
export const OPENSLO_VERSION = 'openslo/v1';

/** The kinds of objects of OpenSLO v1. */
export const kinds = [
  'SLO',
  'SLI',
  'Service',
  'DataSource',
  'AlertPolicy',
  'AlertCondition',
  'AlertNotificationTarget',
] as const;

/** What cannot be done here, and why; an error wherever it stands. */
function refused(why: string) {
  return z
    .unknown()
    .transform((_value, context) => {
      context.addIssue({ code: 'custom', message: why, params: { ofKey: true } });
      return z.NEVER;
    })
    .optional();
}

/** What is passed over here; it may be anything, and is told of by being there. */
const passedOver = z
  .unknown()
  .transform(() => true)
  .optional();

const metric = options({
  metricSource: options({
    metricSourceRef: text.optional(),
    type: text.optional(),
    spec: options({ query: text }, 'a mapping with query'),
  }),
});

/** Where the numbers of one part of a ratio come from. */
export type GivenMetric = z.output<typeof metric>;

const ratioMetric = options({
  counter: flag.default(false),
  good: metric.optional(),
  bad: metric.optional(),
  total: metric.optional(),
  rawType: oneOf(['success', 'failure']).optional(),
  raw: metric.optional(),
});

/** What a ratio is made of. */
export type GivenRatio = z.output<typeof ratioMetric>;

const sliSpec = options({
  description: specDescription.optional(),
  thresholdMetric: refused(
    'compares a value with a threshold, and has no good and bad events; write a ratioMetric',
  ),
  ratioMetric,
});

/** How an SLI is measured. */
export type GivenSli = z.output<typeof sliSpec>;

const COMPOSITE = 'is part of a composite SLO; write an SLO for each of its indicators';

const target = z.unknown().transform((value, context) => {
  if (typeof value === 'number') return within(specObjective, value, context)?.output ?? z.NEVER;
  context.addIssue({
    code: 'custom',
    message: notA('a ratio as a number, above 0 and below 1, such as 0.999', value),
  });
  return z.NEVER;
});

const objectiveShape = options({
  displayName: specDescription.optional(),
  target: target.optional(),
  targetPercent: percentObjective.optional(),
  op: passedOver,
  value: passedOver,
  timeSliceTarget: passedOver,
  timeSliceWindow: passedOver,
  indicator: refused(COMPOSITE),
  indicatorRef: refused(COMPOSITE),
  compositeWeight: refused(COMPOSITE),
});

/** An objective of an SLO. */
export interface GivenObjective {
  readonly ratio: number;
  readonly displayName?: string | undefined;
  /** Keys that are passed over. */
  readonly passedOver: readonly string[];
}

const objective = z.unknown().transform((value, context): GivenObjective => {
  const given = within(objectiveShape, value, context)?.output;
  if (given === undefined) return z.NEVER;
  const { target: ratio, targetPercent: percent, displayName } = given;
  const keys = (['op', 'value', 'timeSliceTarget', 'timeSliceWindow'] as const).filter((key) => given[key]);
  if (ratio !== undefined && percent !== undefined) {
    const message = 'says again what target says; leave one of them out';
    context.addIssue({ code: 'custom', path: ['targetPercent'], message, params: { ofKey: true } });
    return z.NEVER;
  }
  const found = ratio ?? percent;
  if (found !== undefined) return { ratio: found, displayName, passedOver: keys };
  context.addIssue({ code: 'custom', message: 'has no target; write target: 0.999 or targetPercent: 99.9' });
  return z.NEVER;
});

const rollingDuration = z.unknown().transform((value, context) => {
  if (typeof value === 'string' && /^[0-9]+[MQY]$/.test(value)) {
    const message = `${value} has no fixed length; write a rolling window in days, such as 30d`;
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  }
  const period = duration({ min: 3_600_000, step: 60_000, example: '30d' });
  return within(period, value, context)?.output ?? z.NEVER;
});

const timeWindow = options({
  duration: rollingDuration,
  isRolling: z
    .unknown()
    .transform((value, context) => {
      const message =
        value === false
          ? 'is aligned with the calendar, which budgets here are not; write isRolling: true'
          : notA('true', value);
      if (value !== true) context.addIssue({ code: 'custom', message });
    })
    .optional(),
  calendar: refused('aligns the window with the calendar, which budgets here are not; write isRolling: true'),
});

const budgetingMethod = z.unknown().transform((value, context) => {
  if (value === 'Occurrences') return;
  const isKnown = value === 'Timeslices' || value === 'RatioTimeslices';
  const message = isKnown
    ? `${value} counts slices of time; here events are counted, as with Occurrences`
    : notA('Occurrences', value);
  context.addIssue({ code: 'custom', message });
});

function listOf<Schema extends z.ZodType>(schema: Schema, what: string) {
  return z.array(schema, { error: ({ input }) => notA(`a sequence of ${what}`, input) });
}

/** A single one in a sequence, as OpenSLO has it for what may be several some day. */
function oneIn<Schema extends z.ZodType>(schema: Schema, what: string) {
  return listOf(schema, what).refine((list) => list.length === 1, {
    error: `must be a sequence of one of ${what}`,
  });
}

const sloSpec = options({
  description: specDescription.optional(),
  service: text,
  indicator: options({ metadata, spec: sliSpec }).optional(),
  indicatorRef: text.optional(),
  timeWindow: oneIn(timeWindow, 'time windows').optional(),
  budgetingMethod,
  objectives: listOf(objective, 'objectives').refine((list) => list.length > 0, {
    error: 'has no objectives',
  }),
  alertPolicies: passedOver,
});

const header = { apiVersion: oneOf([OPENSLO_VERSION]), kind: oneOf(kinds), metadata };

/** Objects of OpenSLO by their kind. */
export const schemas = {
  SLO: options({ ...header, spec: sloSpec }),
  SLI: options({ ...header, spec: sliSpec }),
  Service: options({ ...header, spec: options({ description: specDescription.optional() }).prefault({}) }),
  DataSource: options({
    ...header,
    spec: options({ description: specDescription.optional(), type: text, connectionDetails: passedOver }),
  }),
  other: options({ ...header, spec: passedOver }),
} as const;

/** An SLO as a file has it. */
export type GivenSlo = z.output<typeof schemas.SLO>;

/** The kind of an object, where it is one of OpenSLO v1's. */
export function kindOf(value: unknown): (typeof kinds)[number] | undefined {
  const kind = isMapping(value) && Object.hasOwn(value, 'kind') ? value.kind : undefined;
  return kinds.find((known) => known === kind);
}
