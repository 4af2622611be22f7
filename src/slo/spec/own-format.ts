import type { Sli } from '../../metrics/sli.ts';
import { checkDocument, type SpecDocument, type SpecPath } from './document.ts';
import { formatDuration } from './durations.ts';
import type { BreakerAlertSettings, Slo, SloSpec } from './model.ts';
import { SpecError, type SpecProblem } from './problems.ts';
import { type RunbookNames, runbookAddress } from './runbook.ts';
import { type GivenObjective, type OwnSpec, ownSchema, specDefaults } from './schema.ts';

/** The name of a policy's objective: `database-availability`. */
export function sloNameOf(policy: string, sli: Sli): string {
  return `${policy}-${sli}`;
}

/**
 * Reads a document of the own format, `version: breakwater/v1`.
 *
 * @throws {SpecError} with all that is wrong
 */
export function readOwn(document: SpecDocument): SloSpec {
  const given = checkDocument(ownSchema, document);
  const { service, labels, selector, alerts, breakers, periodEvaluation } = given;
  const placed = [...policySlos(given), ...eventSlos(given)];
  const spec: SloSpec = {
    service,
    labels,
    selector,
    slos: placed.map(({ slo }) => slo),
    alerts: {
      minimumBadEvents: alerts.minimumBadEvents,
      atRiskRemaining: alerts.atRisk,
      missingDataMs: alerts.missingData,
      pageLabels: { ...specDefaults.alerts.pageLabels, ...alerts.page },
      ticketLabels: { ...specDefaults.alerts.ticketLabels, ...alerts.ticket },
    },
    breakers: breakers === false ? false : breakerSettings(breakers),
    periodEvaluationMs: periodEvaluation,
  };
  const problems = [
    ...(placed.length === 0 ? [document.problem([], 'has no objectives; add policies or slos')] : []),
    ...takenNames(placed, document),
    ...longerThanPeriods(spec, document),
  ];
  if (problems.length > 0) throw new SpecError(problems);
  return spec;
}

interface PlacedSlo {
  readonly slo: Slo;
  readonly path: SpecPath;
}

function policySlos(given: OwnSpec): PlacedSlo[] {
  return given.policies.flatMap(([policy, ofPolicy]) =>
    ofPolicy.objectives.map(([sli, objective]) => {
      const name = sloNameOf(policy, sli);
      const inherited = {
        periodMs: ofPolicy.periodMs ?? given.period,
        runbook: ofPolicy.runbook ?? given.runbook,
      };
      const slo: Slo = {
        name,
        policy,
        sli,
        indicator: { kind: 'policy', policy, sli },
        ...detailsOf(objective, inherited, { policy, sli, slo: name }),
        labels: { ...ofPolicy.labels, ...objective.labels },
      };
      return { slo, path: ['policies', policy, sli] };
    }),
  );
}

function eventSlos(given: OwnSpec): PlacedSlo[] {
  const inherited = { periodMs: given.period, runbook: given.runbook };
  return given.slos.map(([name, ofSlo]) => {
    const { sli, indicator, policy = name, labels } = ofSlo;
    const details = detailsOf(ofSlo, inherited, { policy, sli, slo: name });
    return { slo: { name, policy, sli, indicator, ...details, labels }, path: ['slos', name] };
  });
}

/** What an objective says itself, or inherits. */
function detailsOf(
  { objective, periodMs, thresholdMs, description, runbook, silenced }: GivenObjective,
  inherited: { readonly periodMs: number; readonly runbook: string | undefined },
  names: RunbookNames,
) {
  const template = runbook ?? inherited.runbook;
  return {
    ...(description === undefined ? {} : { description }),
    objective,
    periodMs: periodMs ?? inherited.periodMs,
    ...(thresholdMs === undefined ? {} : { thresholdMs }),
    ...(template === undefined ? {} : { runbook: runbookAddress(template, names) }),
    silenced,
  };
}

function breakerSettings(given: Exclude<OwnSpec['breakers'], false>): BreakerAlertSettings {
  return {
    openForMs: given.openFor,
    flappingOpenings: given.flapping.openings,
    flappingWindowMs: given.flapping.within,
    budgetSpentForMs: given.budgetSpentFor,
    fallbackShare: given.fallback.share,
    fallbackForMs: given.fallback.for,
  };
}

/** Objectives of no policy with the name of a policy's. */
function takenNames(placed: readonly PlacedSlo[], document: SpecDocument): SpecProblem[] {
  const taken = new Map<string, SpecPath>();
  return placed.flatMap(({ slo: { name }, path }) => {
    const before = taken.get(name);
    if (before === undefined) {
      taken.set(name, path);
      return [];
    }
    const { line } = document.keyPosition(before);
    return [document.keyProblem(path, `is also the name of the objective in line ${line}; choose another`)];
  });
}

/** Settings that leave nothing of the shortest period. */
function longerThanPeriods(
  { slos, alerts, periodEvaluationMs }: SloSpec,
  document: SpecDocument,
): SpecProblem[] {
  const shortestMs = Math.min(...slos.map(({ periodMs }) => periodMs));
  const settings = [
    { path: ['alerts', 'missingData'], ms: alerts.missingDataMs },
    { path: ['periodEvaluation'], ms: periodEvaluationMs },
  ];
  return settings
    .filter(({ ms }) => ms >= shortestMs)
    .map(({ path, ms }) =>
      document.problem(
        path,
        `${formatDuration(ms)} must be shorter than the shortest period, ${formatDuration(shortestMs)}`,
      ),
    );
}
