import { z } from 'zod';
import { flag, oneOf, options, text } from '../../../core/options.ts';
import { shiftedDecimal } from '../decimals.ts';
import type { Indicator, RuleLabels } from '../model.ts';
import {
  isMapping,
  mappingOf,
  ruleLabelNames,
  specDescription,
  specLabels,
  specName,
  specQuery,
  within,
} from '../shapes.ts';
import { notA } from '../wording.ts';
import { hasActions, templateText } from './templates.ts';

/** The first line of sloth's format. */
export const SLOTH_VERSION = 'prometheus/v1';

/** What is not carried, and why; an error wherever it stands. */
function refused(why: string) {
  return z.unknown().transform((_value, context) => {
    context.addIssue({ code: 'custom', message: why, params: { ofKey: true } });
    return z.NEVER;
  });
}

const plugins = refused('names plugins, which only sloth can run');

/** An objective as a percentage that is a plain number: 99.9. */
export const percentObjective = z.unknown().transform((value, context) => {
  // Moving the point in the text keeps 99.9 from becoming 0.9990000000000001.
  const ratio = typeof value === 'number' && value > 0 ? Number(shiftedDecimal(value, -2)) : Number.NaN;
  if (ratio > 0 && ratio < 1) return ratio;
  const isFull = value === 100;
  context.addIssue({
    code: 'custom',
    message: isFull
      ? 'must be below 100: without an error budget the first failure misses it for good'
      : notA('a percentage as a plain number, above 0 and below 100, such as 99.9', value),
  });
  return z.NEVER;
});

const query = z.unknown().transform((value, context) => {
  const given = typeof value === 'string' ? templateText(value) : value;
  return within(specQuery, given, context)?.output ?? z.NEVER;
});

/** Labels of alerts, which are templates to Prometheus. */
const alertLabels = z.unknown().transform((value, context): RuleLabels => {
  const given = within(
    specLabels(ruleLabelNames.filter((name) => name !== 'severity')),
    value,
    context,
  )?.output;
  if (given === undefined) return z.NEVER;
  return Object.fromEntries(
    Object.entries(given).map(([name, template]) => {
      if (hasActions(template)) {
        const message = 'is a template; labels of alerts are plain text here';
        context.addIssue({ code: 'custom', path: [name], message });
      }
      return [name, templateText(template)];
    }),
  );
});

/** A name of an objective: that of a policy's is longer than the policy's own by its indicator. */
const objectiveName = z.unknown().transform((value, context) => {
  const isLonger = typeof value === 'string' && value.length > 128 && value.length <= 160;
  if (isLonger) return within(specName, value.slice(-128), context) === undefined ? z.NEVER : value;
  return within(specName, value, context)?.output ?? z.NEVER;
});

/**
 * Labels of which some are the names of what they stand with.
 *
 * @param identity those that are; `writeSloth` puts them there
 */
function labelsWith<const Names extends readonly string[]>(identity: Names) {
  return z.unknown().transform((value, context) => {
    const names: Partial<Record<Names[number], string>> = {};
    const others: Record<string, unknown> = {};
    if (!isMapping(value))
      return { labels: within(specLabels([]), value, context)?.output ?? z.NEVER, names };
    for (const [key, inner] of Object.entries(value)) {
      const known: Names[number] | undefined = identity.find((name) => name === key);
      if (known === undefined) {
        Object.defineProperty(others, key, { value: inner, enumerable: true });
      } else {
        const name = within(key === 'slo' ? objectiveName : specName, inner, context, [key]);
        if (name !== undefined) names[known] = name.output;
      }
    }
    const labels = within(specLabels(ruleLabelNames), others, context)?.output;
    return labels === undefined ? z.NEVER : { labels, names };
  });
}

const annotations = mappingOf(z.string(), text, 'annotations').default([]);

const alert = options({
  disable: flag.default(false),
  labels: alertLabels.default({}),
  annotations,
}).prefault({});

const alerting = options({
  name: specName.optional(),
  labels: alertLabels.default({}),
  annotations,
  page_alert: alert,
  ticket_alert: alert,
}).prefault({});

/** What a file says of the alerts of an objective. */
export type GivenAlerting = z.output<typeof alerting>;

const sliShape = options(
  {
    events: options({ error_query: query, total_query: query }).optional(),
    raw: options({ error_ratio_query: query }).optional(),
    plugin: refused(
      'names a plugin, which only sloth can run; write the query that it gives into raw.error_ratio_query',
    ).optional(),
  },
  'a mapping with events or raw',
);

const sli = z.unknown().transform((value, context): Indicator => {
  const given = within(sliShape, value, context)?.output;
  if (given === undefined) return z.NEVER;
  const { events, raw } = given;
  if (events !== undefined && raw !== undefined) {
    const message = 'says again what events says; leave one of them out';
    context.addIssue({ code: 'custom', path: ['raw'], message, params: { ofKey: true } });
  } else if (raw !== undefined) {
    return { kind: 'ratio', badRatio: raw.error_ratio_query };
  } else if (events === undefined) {
    context.addIssue({ code: 'custom', message: 'has no indicator; it needs events or raw' });
  } else if (events.error_query === events.total_query) {
    context.addIssue({
      code: 'custom',
      path: ['events', 'error_query'],
      message: 'is the same as total_query',
    });
  } else {
    return { kind: 'events', total: events.total_query, bad: events.error_query };
  }
  return z.NEVER;
});

const slo = options(
  {
    name: objectiveName,
    description: specDescription.optional(),
    objective: percentObjective,
    labels: labelsWith(['slo', 'policy', 'sli']).prefault({}),
    sli,
    alerting,
    plugins: plugins.optional(),
  },
  'a mapping with name, objective, sli and alerting',
);

/** What a file says of an objective. */
export type GivenSlo = z.output<typeof slo>;

/** sloth's format, `version: prometheus/v1`. */
export const slothSchema = options(
  {
    version: oneOf([SLOTH_VERSION]),
    service: specName,
    labels: labelsWith(['service']).prefault({}),
    slos: z.array(slo, { error: ({ input }) => notA('a sequence of objectives', input) }),
    slo_plugins: plugins.optional(),
  },
  `a mapping that starts with version: ${SLOTH_VERSION}`,
);
