import { policyEventsOf } from '../../promql/policy-events.ts';
import { DEFAULT_PERIOD_MS } from '../../windows.ts';
import type { SpecDocument } from '../document.ts';
import type { Indicator, RuleLabels, Slo, SloSpec } from '../model.ts';
import { sloNameOf } from '../own-format.ts';
import { SpecError, type SpecProblem } from '../problems.ts';
import { specDefaults } from '../schema.ts';
import { annotationNames } from './annotations.ts';
import { type ReadIndicator, readIndicator } from './indicator.ts';
import { carriedLabels, type OwnAnnotations, readAnnotations } from './metadata.ts';
import { openSloName } from './names.ts';
import { OpenSloObjects, type Placed } from './objects.ts';
import type { GivenSlo } from './schema.ts';

/**
 * Reads the documents of an OpenSLO v1 file: its SLOs, and the SLIs, Services and DataSources that they refer to. An SLO
 * of several objectives becomes several, told apart by their names. What is not carried, as alert policies, is in the
 * spec's `notes`; what cannot be done without, as a calendar-aligned window, is an error.
 *
 * @throws {SpecError} with all that is wrong
 */
export function readOpenSlo(documents: readonly SpecDocument[]): SloSpec {
  const objects = new OpenSloObjects(documents);
  const problems = [...objects.problems];
  const notes: SpecProblem[] = [];
  const read = objects.slos.flatMap((slo) => {
    const result = readSlo(slo, objects);
    problems.push(...result.problems);
    notes.push(...result.notes);
    return result.slos;
  });
  problems.push(...sameNames(read));
  const [first] = objects.slos;
  const service = first && readService(first, objects);
  problems.push(...(service?.problems ?? []));
  if (first === undefined && problems.length === 0) {
    problems.push(
      ...documents.slice(0, 1).map((document) => document.problem([], 'has no SLO in any document')),
    );
  }
  if (problems.length > 0 || service === undefined) throw new SpecError(problems);
  notes.push(...service.notes, ...unused(objects));
  const selectors = read.flatMap(({ selector }) => (selector === undefined ? [] : [selector]));
  const [selector = {}] = selectors;
  // One selector serves all policies of a spec.
  const isOne = selectors.every((other) => JSON.stringify(other) === JSON.stringify(selector));
  const slos = read.map((slo) => (isOne ? slo.known : slo.asWritten));
  const { alerts, breakers, periodEvaluationMs } = specDefaults;
  return {
    service: service.name,
    labels: service.labels,
    selector: isOne ? selector : {},
    slos,
    alerts,
    breakers: slos.some(({ indicator }) => indicator.kind === 'policy') ? breakers : false,
    periodEvaluationMs,
    ...(notes.length === 0 ? {} : { notes }),
  };
}

interface ReadSlo {
  /** With the policy that its queries are about, where they are those of a policy. */
  readonly known: Slo;
  /** With its queries. */
  readonly asWritten: Slo;
  readonly selector: RuleLabels | undefined;
  readonly document: SpecDocument;
}

interface ReadResult {
  readonly slos: readonly ReadSlo[];
  readonly problems: readonly SpecProblem[];
  readonly notes: readonly SpecProblem[];
}

function readSlo({ given, document }: Placed<GivenSlo>, objects: OpenSloObjects): ReadResult {
  const { metadata, spec } = given;
  const measured = measure(spec, document, objects);
  const annotations = readAnnotations(metadata, document);
  const labels = carriedLabels(metadata, document);
  const description = spec.description ?? metadata.displayName;
  const common = {
    ...(description === undefined ? {} : { description }),
    periodMs: spec.timeWindow?.[0]?.duration ?? DEFAULT_PERIOD_MS,
    labels: labels.labels,
  };
  const { indicator } = measured;
  const names = objectiveNames(annotations.own.slo ?? metadata.name, spec.objectives);
  const slos =
    indicator === undefined
      ? []
      : spec.objectives.map(({ ratio }, at) => ({
          ...withAnnotations(
            { ...common, name: names[at] ?? metadata.name, objective: ratio },
            annotations.own,
            indicator,
          ),
          document,
        }));
  return {
    slos,
    problems: [...measured.problems, ...annotations.problems],
    notes: [...labels.notes, ...annotations.notes, ...passedOver(given, document)],
  };
}

function measure(
  { indicator, indicatorRef }: GivenSlo['spec'],
  document: SpecDocument,
  objects: OpenSloObjects,
): ReadIndicator {
  const problem = (key: string, message: string) => ({
    problems: [document.problem(['spec', key], message)],
  });
  if (indicator !== undefined && indicatorRef !== undefined) {
    return problem('indicatorRef', 'says again what indicator says; leave one of them out');
  }
  if (indicator !== undefined)
    return readIndicator(indicator.spec, document, ['spec', 'indicator', 'spec'], objects);
  if (indicatorRef === undefined)
    return problem('indicator', 'is missing; it needs indicator or indicatorRef');
  const sli = objects.slis.get(indicatorRef);
  if (sli === undefined)
    return problem('indicatorRef', `refers to the SLI '${indicatorRef}', which is not in this file`);
  return readIndicator(sli.given.spec, sli.document, ['spec'], objects);
}

/** The names of an SLO's objectives: its own, or with what each is called. */
function objectiveNames(name: string, objectives: GivenSlo['spec']['objectives']): string[] {
  if (objectives.length === 1) return [name];
  const taken = new Set<string>();
  return objectives.map(({ displayName }, at) => {
    const word = displayName === undefined ? String(at + 1) : openSloName(displayName);
    const whole = taken.has(word) ? `${word}-${at + 1}` : word;
    taken.add(whole);
    return `${name}-${whole}`;
  });
}

type Details = Pick<Slo, 'name' | 'description' | 'objective' | 'periodMs' | 'labels'>;

function withAnnotations(
  details: Details,
  own: OwnAnnotations,
  indicator: Indicator,
): Omit<ReadSlo, 'document'> {
  const { policy = details.name, sli = 'availability', runbook, thresholdMs, silenced } = own;
  const slo = { ...details, ...(runbook === undefined ? {} : { runbook }), silenced };
  const asWritten: Slo = { ...slo, policy, sli, indicator };
  const events = indicator.kind === 'events' && 'bad' in indicator ? policyEventsOf(indicator) : undefined;
  const isLatency = events?.sli === 'latency';
  if (
    events === undefined ||
    details.name !== sloNameOf(events.policy, events.sli) ||
    (isLatency && thresholdMs === undefined)
  ) {
    return { known: asWritten, asWritten, selector: undefined };
  }
  const known: Slo = {
    ...slo,
    policy: events.policy,
    sli: events.sli,
    indicator: { kind: 'policy', policy: events.policy, sli: events.sli },
    ...(isLatency ? { thresholdMs } : {}),
  };
  return { known, asWritten, selector: events.selector };
}

/** Fields of an SLO that say nothing here. */
function passedOver({ metadata, spec }: GivenSlo, document: SpecDocument): SpecProblem[] {
  const notes: SpecProblem[] = [];
  if (metadata.displayName !== undefined && spec.description !== undefined) {
    notes.push(document.keyProblem(['metadata', 'displayName'], 'is not carried'));
  }
  if (spec.alertPolicies) {
    const message = 'is not carried: what is alerted on follows from the objective';
    notes.push(document.keyProblem(['spec', 'alertPolicies'], message));
  }
  spec.objectives.forEach((objective, at) => {
    for (const key of objective.passedOver) {
      const message = 'is not carried: it has no meaning for a ratio of occurrences';
      notes.push(document.keyProblem(['spec', 'objectives', at, key], message));
    }
  });
  return notes;
}

function readService(first: Placed<GivenSlo>, objects: OpenSloObjects) {
  const { service: reference } = first.given.spec;
  const problems = objects.slos.flatMap(({ given, document }) => {
    const { service } = given.spec;
    if (service === reference) return [];
    const message = `is not '${reference}', as of the SLO before it: a spec is of one service; put this one into a file of its own`;
    return [document.problem(['spec', 'service'], message)];
  });
  const object = objects.services.get(reference);
  if (object === undefined) return { name: reference, labels: {}, problems, notes: [] };
  const { given, document } = object;
  const name = new Map(given.metadata.annotations).get(annotationNames.service);
  const { labels, notes } = carriedLabels(given.metadata, document);
  const isOwn = name !== undefined && openSloName(name) === reference;
  return { name: isOwn ? name : reference, labels, problems, notes };
}

function sameNames(slos: readonly ReadSlo[]): SpecProblem[] {
  const taken = new Set<string>();
  return slos.flatMap(({ known: { name }, document }) => {
    if (!taken.has(name)) {
      taken.add(name);
      return [];
    }
    return [document.problem(['metadata', 'name'], `gives '${name}', the name of an objective before it`)];
  });
}

/** Objects that nothing here needs. */
function unused({ slos, slis, services, others }: OpenSloObjects): SpecProblem[] {
  const indicators = new Set(slos.map(({ given }) => given.spec.indicatorRef));
  const ofSlos = new Set(slos.map(({ given }) => given.spec.service));
  const note = ({ document }: Placed<unknown>, why: string) =>
    document.keyProblem(['kind'], `the object is not carried: ${why}`);
  return [
    ...[...slis].flatMap(([name, sli]) => (indicators.has(name) ? [] : [note(sli, 'no SLO refers to it')])),
    ...[...services].flatMap(([name, service]) =>
      ofSlos.has(name) ? [] : [note(service, 'no SLO refers to it')],
    ),
    ...others.map((other) => note(other, 'what is alerted on follows from the objectives')),
  ];
}
