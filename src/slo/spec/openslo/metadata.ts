import { z } from 'zod';
import { options } from '../../../core/options.ts';
import type { SpecDocument, SpecPath } from '../document.ts';
import { parseDuration } from '../durations.ts';
import type { RuleLabels } from '../model.ts';
import type { SpecProblem } from '../problems.ts';
import { specRunbook } from '../runbook.ts';
import { isMapping, mappingOf, ruleLabelNames, specDescription, specLabels, specName } from '../shapes.ts';
import { notA } from '../wording.ts';
import { annotationNames, isOwnAnnotation } from './annotations.ts';

/** A mapping in which any key may be. */
const anything = z.unknown().transform((value, context) => {
  if (isMapping(value)) return value;
  context.addIssue({ code: 'custom', message: notA('a mapping', value) });
  return z.NEVER;
});

/** What each object says of itself. */
export const metadata = options({
  name: specName,
  displayName: specDescription.optional(),
  labels: anything.prefault({}),
  annotations: mappingOf(z.string(), z.string(), 'annotations').default([]),
});

/** What an object says of itself. */
export type Metadata = z.output<typeof metadata>;

const ownLabels = specLabels(ruleLabelNames);

/** The labels of an object that Prometheus can have, and notes on the others. */
export function carriedLabels(
  { labels }: Metadata,
  document: SpecDocument,
): { readonly labels: RuleLabels; readonly notes: readonly SpecProblem[] } {
  const carried: [string, string][] = [];
  const notes: SpecProblem[] = [];
  for (const [name, given] of Object.entries(labels)) {
    // OpenSLO allows several values of a label.
    const value = Array.isArray(given) && given.length === 1 ? given[0] : given;
    const checked = ownLabels.safeParse(Object.fromEntries([[name, value]]));
    if (checked.success) carried.push(...Object.entries(checked.data));
    else {
      const why = checked.error.issues[0]?.message ?? 'it is no label of Prometheus';
      notes.push(document.keyProblem(['metadata', 'labels', name], `is not carried: ${why}`));
    }
  }
  return { labels: Object.fromEntries(carried), notes };
}

/** What annotations of this library say of an objective. */
export interface OwnAnnotations {
  readonly slo?: string;
  readonly policy?: string;
  readonly sli?: string;
  readonly runbook?: string;
  readonly thresholdMs?: number;
  readonly silenced: readonly ('page' | 'ticket')[];
}

/** Reads the annotations of an SLO. */
export function readAnnotations(
  { annotations }: Metadata,
  document: SpecDocument,
): { readonly own: OwnAnnotations; readonly notes: SpecProblem[]; readonly problems: SpecProblem[] } {
  const given = new Map(annotations);
  const path = (name: string): SpecPath => ['metadata', 'annotations', name];
  const problems: SpecProblem[] = [];
  const checked = <Output>(name: string, schema: z.ZodType<Output>): Output | undefined => {
    const value = given.get(name);
    const result = value === undefined ? undefined : schema.safeParse(value);
    if (result?.success === false) {
      problems.push(document.problem(path(name), result.error.issues[0]?.message ?? 'cannot be used'));
    }
    return result?.data;
  };
  const runbook = checked(annotationNames.runbook, plainRunbook);
  const policy = checked(annotationNames.policy, specName);
  const sli = checked(annotationNames.sli, specName);
  const slo = checked(annotationNames.slo, longName);
  const thresholdMs = checked(annotationNames.threshold, threshold);
  const own: OwnAnnotations = {
    ...(slo === undefined ? {} : { slo }),
    ...(policy === undefined ? {} : { policy }),
    ...(sli === undefined ? {} : { sli }),
    ...(runbook === undefined ? {} : { runbook }),
    ...(thresholdMs === undefined ? {} : { thresholdMs }),
    silenced: checked(annotationNames.silence, silence) ?? [],
  };
  const known: readonly string[] = Object.values(annotationNames);
  const notes = annotations.flatMap(([name]) => {
    if (known.includes(name)) return [];
    const why = isOwnAnnotation(name) ? 'is no annotation that is known here' : 'is not carried';
    return [document.keyProblem(path(name), why)];
  });
  return { own, notes, problems };
}

const plainRunbook = z.unknown().transform((value, context) => {
  const result = specRunbook.safeParse(value);
  if (result.success && !result.data.includes('{')) return result.data;
  const message = result.error?.issues[0]?.message ?? 'must be a URL without placeholders';
  context.addIssue({ code: 'custom', message });
  return z.NEVER;
});

const longName = z
  .string()
  .refine((name) => name !== '' && name.length <= 160 && !/[\p{Cc}\p{Cs}]/u.test(name), {
    error: 'must be a name of 1 to 160 characters without control characters',
  });

const threshold = z.string().transform((text, context) => {
  const ms = parseDuration(text);
  if (ms !== undefined && ms > 0) return ms;
  context.addIssue({ code: 'custom', message: 'must be a duration such as 200ms' });
  return z.NEVER;
});

const silence = z.enum(['page', 'ticket', 'page,ticket']).transform((text): ('page' | 'ticket')[] => {
  return text === 'page,ticket' ? ['page', 'ticket'] : [text];
});
