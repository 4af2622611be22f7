import { policyEventsOf } from '../../promql/policy-events.ts';
import { DEFAULT_PERIOD_MS } from '../../windows.ts';
import { checkDocument, type SpecDocument } from '../document.ts';
import type { Indicator, RuleLabels, Slo, SloSpec } from '../model.ts';
import { sloNameOf } from '../own-format.ts';
import { SpecError, type SpecProblem } from '../problems.ts';
import { specDefaults } from '../schema.ts';
import { type ReadAlerting, readAlerting, type SharedLabels, shareLabels } from './alerting.ts';
import { isSlothNameOf } from './names.ts';
import { type GivenSlo, slothSchema } from './schema.ts';

/**
 * Reads a document of sloth's format, `version: prometheus/v1`. Its period is 30 days, sloth's default. What is not
 * carried, as the names of alerts, is in the spec's `notes`; what cannot be done without, as plugins, is an error.
 *
 * @throws {SpecError} with all that is wrong
 */
export function readSloth(document: SpecDocument): SloSpec {
  const { service, labels, slos: given } = checkDocument(slothSchema, document);
  const alertings = given.map(({ alerting }, at) =>
    readAlerting(alerting, ['slos', at, 'alerting'], document),
  );
  const shared = shareLabels(alertings, document);
  const read = given.map((slo, at) => readSlo(slo, alertings[at], shared.own[at] ?? {}));
  const selectors = read.flatMap(({ selector }) => (selector === undefined ? [] : [selector]));
  const problems = [
    ...(given.length === 0 ? [document.problem(['slos'], 'has no objectives')] : []),
    ...shared.problems,
    ...reservedNames(service, labels.names, given, document),
    ...sameNames(read, document),
    ...overriddenLabels(labels.labels, given, shared, document),
  ];
  if (problems.length > 0) throw new SpecError(problems);
  const [selector = {}] = selectors;
  // One selector serves all policies of a spec.
  const isOne = selectors.every((other) => JSON.stringify(other) === JSON.stringify(selector));
  const slos = read.map((slo) => (isOne ? slo.known : slo.asWritten));
  const notes = [...alertings.flatMap((alerting) => alerting.notes), ...tinyObjectives(given, document)];
  return {
    service: labels.names.service ?? service,
    labels: labels.labels,
    selector: isOne ? selector : {},
    slos,
    alerts: {
      minimumBadEvents: specDefaults.alerts.minimumBadEvents,
      atRiskRemaining: specDefaults.alerts.atRiskRemaining,
      missingDataMs: specDefaults.alerts.missingDataMs,
      pageLabels: { ...specDefaults.alerts.pageLabels, ...shared.page },
      ticketLabels: { ...specDefaults.alerts.ticketLabels, ...shared.ticket },
    },
    breakers: slos.some(({ indicator }) => indicator.kind === 'policy') ? specDefaults.breakers : false,
    periodEvaluationMs: specDefaults.periodEvaluationMs,
    ...(notes.length === 0 ? {} : { notes }),
  };
}

interface ReadSlo {
  /** With the policy that its queries are about, where they are those of a policy. */
  readonly known: Slo;
  /** With its queries. */
  readonly asWritten: Slo;
  /** Of the queries of a policy. */
  readonly selector: RuleLabels | undefined;
}

function readSlo(given: GivenSlo, alerting: ReadAlerting | undefined, ownLabels: RuleLabels): ReadSlo {
  const { names, labels } = given.labels;
  const name = names.slo ?? given.name;
  const slo = {
    name,
    policy: names.policy ?? name,
    sli: names.sli ?? 'availability',
    ...(given.description === undefined ? {} : { description: given.description }),
    objective: given.objective,
    periodMs: DEFAULT_PERIOD_MS,
    labels: { ...labels, ...ownLabels },
    ...(alerting?.runbook === undefined ? {} : { runbook: alerting.runbook }),
    silenced: alerting?.silenced ?? [],
  };
  const asWritten: Slo = { ...slo, indicator: given.sli };
  const events = policyEvents(given.sli);
  const thresholdMs = events?.sli === 'latency' ? alerting?.thresholdMs : undefined;
  if (events === undefined || (events.sli === 'latency' && thresholdMs === undefined)) {
    return { known: asWritten, asWritten, selector: undefined };
  }
  const { policy, sli, selector } = events;
  if (name !== sloNameOf(policy, sli)) return { known: asWritten, asWritten, selector: undefined };
  const known: Slo = {
    ...slo,
    policy,
    sli,
    indicator: { kind: 'policy', policy, sli },
    ...(thresholdMs === undefined ? {} : { thresholdMs }),
  };
  return { known, asWritten, selector };
}

function policyEvents(indicator: Indicator) {
  return indicator.kind === 'events' && 'bad' in indicator ? policyEventsOf(indicator) : undefined;
}

/** Labels with the names of what they stand with, and another value than `writeSloth` gives them. */
function reservedNames(
  service: string,
  names: { readonly service?: string },
  slos: readonly GivenSlo[],
  document: SpecDocument,
): SpecProblem[] {
  const message = 'is a label that the rules set themselves';
  return [
    ...(names.service === undefined || isSlothNameOf(service, names.service)
      ? []
      : [document.keyProblem(['labels', 'service'], message)]),
    ...slos.flatMap(({ name, labels: { names: own } }, at) =>
      own.slo === undefined || isSlothNameOf(name, own.slo)
        ? []
        : [document.keyProblem(['slos', at, 'labels', 'slo'], message)],
    ),
  ];
}

function sameNames(slos: readonly ReadSlo[], document: SpecDocument): SpecProblem[] {
  const taken = new Set<string>();
  return slos.flatMap(({ known: { name } }, at) => {
    if (!taken.has(name)) {
      taken.add(name);
      return [];
    }
    return [document.problem(['slos', at, 'name'], 'is the name of an objective before it; choose another')];
  });
}

/** Labels of alerts that have another value as labels of their objective or of all. */
function overriddenLabels(
  all: RuleLabels,
  slos: readonly GivenSlo[],
  { page, ticket, own }: SharedLabels,
  document: SpecDocument,
): SpecProblem[] {
  return slos.flatMap(({ labels }, at) => {
    const recorded = { ...all, ...labels.labels };
    return Object.entries({ ...page, ...ticket, ...own[at] })
      .filter(([name, value]) => Object.hasOwn(recorded, name) && recorded[name] !== value)
      .map(([name]) =>
        document.keyProblem(
          ['slos', at, 'alerting'],
          `gives its alerts another value of the label '${name}' than the objective has; use another name`,
        ),
      );
  });
}

function tinyObjectives(slos: readonly GivenSlo[], document: SpecDocument): SpecProblem[] {
  return slos.flatMap(({ objective }, at) =>
    objective < 0.01
      ? [document.problem(['slos', at, 'objective'], 'is less than 1 %: objectives are percentages here')]
      : [],
  );
}
