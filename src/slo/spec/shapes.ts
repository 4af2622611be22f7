import { z } from 'zod';
import { locatedProblemsOf } from '../../core/options.ts';
import { checkQuery, normalQuery } from '../promql/check.ts';
import type { RuleLabels } from './model.ts';
import { notA } from './wording.ts';

/** Checks `value` inside a transform; what is wrong becomes the problems of `context`, below `path`. */
export function within<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  context: z.core.$RefinementCtx,
  path: readonly PropertyKey[] = [],
): { readonly output: z.output<Schema> } | undefined {
  const result = schema.safeParse(value);
  if (result.success) return { output: result.data };
  for (const { path: inner, message, ofKey, offset } of locatedProblemsOf(result.error, schema)) {
    const issue = { code: 'custom' as const, message, params: { ofKey, offset } };
    context.addIssue({ ...issue, path: [...path, ...inner], input: value });
  }
  return undefined;
}

/** Whether `value` is a mapping. */
export function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether `value` is a mapping that has `key`, whatever its value. */
export function hasKey(value: unknown, key: string): boolean {
  return isMapping(value) && Object.hasOwn(value, key);
}

/**
 * A mapping with names of the user's own, any name at all, as a list of names and values.
 *
 * @param what what it maps, for the message, as in `policies by name`
 */
export function mappingOf<Schema extends z.ZodType>(name: z.ZodType<string>, schema: Schema, what: string) {
  return z.unknown().transform((value, context): readonly (readonly [string, z.output<Schema>])[] => {
    if (!isMapping(value)) {
      context.addIssue({ code: 'custom', message: notA(`a mapping of ${what}`, value) });
      return z.NEVER;
    }
    return Object.entries(value).flatMap(([key, inner]) => {
      const wrongName = name.safeParse(key).error?.issues[0]?.message;
      if (wrongName !== undefined) {
        context.addIssue({ code: 'custom', message: wrongName, path: [key], params: { ofKey: true } });
      }
      const checked = within(schema, inner, context, [key]);
      return checked === undefined ? [] : [[key, checked.output] as const];
    });
  });
}

function textThat(holds: (text: string) => boolean, expectation: string) {
  return z.custom<string>((value) => typeof value === 'string' && holds(value), {
    error: ({ input }) => {
      const advice = ['number', 'boolean'].includes(typeof input) ? `; write it in quotes: '${input}'` : '';
      return `${notA(expectation, input)}${advice}`;
    },
  });
}

const UNPRINTABLE = /[\p{Cc}\p{Cs}]/u;
const UNPRINTABLE_IN_LINES = /(?![\n\t])[\p{Cc}\p{Cs}]/u;

/** A name of a service, a policy, an objective: what policies of this library may have, in well-formed Unicode. */
export const specName = textThat(
  (text) => text.length >= 1 && text.length <= 128 && !UNPRINTABLE.test(text),
  'a name of 1 to 128 characters without control characters',
);

/** A text for people, of one or more lines. */
export const specDescription = textThat(
  (text) => text.length >= 1 && text.length <= 2_000 && !UNPRINTABLE_IN_LINES.test(text),
  'a text of 1 to 2000 characters',
);

const labelValue = textThat(
  (text) => text.length >= 1 && text.length <= 1_000 && !UNPRINTABLE.test(text),
  'a text of 1 to 1000 characters without control characters',
);

/** Labels by which the rules tell their series and alerts apart. */
export const ruleLabelNames: readonly string[] = [
  'service',
  'slo',
  'policy',
  'sli',
  'window',
  'severity',
  'alertname',
];

/** Labels that the series of this library have of their own. */
export const seriesLabelNames: readonly string[] = [
  'policy',
  'sli',
  'result',
  'window',
  'outcome',
  'reason',
  'state',
  'from',
  'to',
  'source',
  'le',
];

function labelNameProblem(
  name: string,
  reserved: readonly string[],
  forSelector: boolean,
): string | undefined {
  if (!/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name)) {
    return 'is no label name: letters, digits and underscores, and no digit at its start';
  }
  if (name.startsWith('__')) return 'is no label name to use: those that start with __ belong to Prometheus';
  if (name === 'severity' && reserved.includes(name))
    return 'belongs to the alerts; set it in alerts.page or alerts.ticket';
  if (!reserved.includes(name)) return undefined;
  return forSelector
    ? "is a label that tells this library's series apart"
    : 'is a label that the rules set themselves';
}

/**
 * Labels: names and values as Prometheus has them.
 *
 * @param reserved names that are taken
 * @param use whether they are added to rules or select series
 */
export function specLabels(reserved: readonly string[], use: 'rules' | 'selector' = 'rules') {
  const name = z.custom<string>(
    (value) => labelNameProblem(String(value), reserved, use === 'selector') === undefined,
    {
      error: ({ input }) => labelNameProblem(String(input), reserved, use === 'selector'),
    },
  );
  return mappingOf(name, labelValue, 'labels').transform(
    (entries): RuleLabels => Object.fromEntries(entries),
  );
}

/** A PromQL query over `{{.window}}`, without its comments. */
export const specQuery = z.unknown().transform((value, context) => {
  if (typeof value !== 'string') {
    context.addIssue({ code: 'custom', message: notA('a PromQL query over {{.window}}', value) });
    return z.NEVER;
  }
  const problem = checkQuery(value);
  if (problem === undefined) return normalQuery(value);
  context.addIssue({ code: 'custom', message: problem.message, params: { offset: problem.offset } });
  return z.NEVER;
});
