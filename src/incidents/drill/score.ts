import type { IncidentJson } from '../incident/document.ts';
import type { IncidentStatus } from '../incident/status.ts';
import { type DrillScenario, type DrillStep, drillSteps } from './scenario.ts';

/** How a step of a drill came out. */
export interface DrillMark {
  /** From the drill's beginning. */
  readonly atMs: number;
  /** Who did it; `null` where the library did it or nobody said. */
  readonly by: string | null;
  readonly text: string;
  /** Whether it went wrong, and so will not be done any more. */
  readonly failed: boolean;
}

/** What is known of the steps. */
export type DrillMarks = ReadonlyMap<DrillStep, DrillMark>;

/** A step against its target. */
export interface DrillStepScore {
  readonly step: DrillStep;
  /** `null` where the scenario does not score it. */
  readonly targetMs: number | null;
  /** `null` where it was not done. */
  readonly tookMs: number | null;
  /** `late`: done after its target; `missed`: not done; `failed`: went wrong; `not-scored`: there is no target. */
  readonly result: 'passed' | 'late' | 'missed' | 'failed' | 'not-scored';
  readonly by: string | null;
  readonly text: string;
}

/** A drill's score. */
export interface DrillScore {
  readonly steps: readonly DrillStepScore[];
  readonly passedSteps: number;
  readonly scoredSteps: number;
  /** From the beginning until the last step that was done; `null` where none was. */
  readonly totalMs: number | null;
  /** Whether every scored step was done in time. */
  readonly passed: boolean;
}

/** What people did to a drill's effect by other ways than the incident. */
export interface DrillFacts {
  /** When the drill began, in milliseconds since the epoch. */
  readonly startedAt: number;
  /** How long ago that was, on the monotonic clock. */
  readonly elapsedMs: number;
  /** When somebody had closed all circuits that the drill opened, from its beginning; `undefined` before. */
  readonly liftedAfterMs: number | undefined;
}

/** Reads from the drill's incident which steps were done. Whatever a wall clock says lies within the drill. */
export function marksOf(
  incident: IncidentJson,
  { startedAt, elapsedMs, liftedAfterMs }: DrillFacts,
): DrillMarks {
  const since = (at: string): number => Math.min(elapsedMs, Math.max(0, Date.parse(at) - startedAt));
  const marks = new Map<DrillStep, DrillMark>();
  const done = (step: DrillStep, at: string, by: string | null, text: string): void => {
    marks.set(step, { atMs: since(at), by, text, failed: false });
  };
  done('detect', incident.detectedAt, null, `incident ${incident.id}`);
  const notified = notificationMark(incident, since);
  if (notified !== undefined) marks.set('notify', notified);
  const stepTaken = (status: IncidentStatus) =>
    incident.steps.find((step) => step.status === status && !step.reopening);
  const acknowledged = stepTaken('acknowledged');
  if (acknowledged !== undefined) {
    done('acknowledge', acknowledged.at, acknowledged.by, 'somebody works on it');
  }
  const mitigated = stepTaken('mitigated') ?? resolvedByPerson(incident);
  if (mitigated !== undefined && (liftedAfterMs === undefined || since(mitigated.at) <= liftedAfterMs)) {
    done('mitigate', mitigated.at, mitigated.by, mitigated.reason ?? 'said to be mitigated');
  } else if (liftedAfterMs !== undefined) {
    const text = 'the circuits were closed by hand';
    marks.set('mitigate', { atMs: liftedAfterMs, by: null, text, failed: false });
  }
  const verified = verificationOf(incident);
  const mitigate = marks.get('mitigate');
  if (verified !== undefined && mitigate !== undefined && since(verified.at) >= mitigate.atMs) {
    done('verify', verified.at, verified.by, verified.text);
  }
  return marks;
}

function notificationMark(incident: IncidentJson, since: (at: string) => number): DrillMark | undefined {
  const opened = incident.notifications.find(({ kind }) => kind === 'opened');
  if (opened === undefined) return undefined;
  const { sinks } = opened;
  const ended = sinks.filter(({ result }) => result !== null);
  const atMs = Math.max(since(opened.at), ...ended.map(({ at }) => (at === null ? 0 : since(at))));
  if (sinks.length === 0) return { atMs, by: null, text: 'there is no sink', failed: true };
  const failures = ended.filter(({ result }) => result !== 'delivered');
  if (failures.length > 0) {
    const list = failures.map(({ sink, result, detail }) => `${sink} ${result}: ${detail ?? 'unknown'}`);
    return { atMs, by: null, text: list.join('; '), failed: true };
  }
  if (ended.length < sinks.length) return undefined;
  return { atMs, by: null, text: `taken by ${sinks.map(({ sink }) => sink).join(', ')}`, failed: false };
}

/**
 * By whom and when it was verified. That the circuits closed is the drill's own doing and proves nothing, so somebody
 * must have looked whether anything else broke, or have resolved it.
 */
function verificationOf(incident: IncidentJson) {
  const done = (id: string) =>
    incident.checklists.flatMap(({ items }) => items).find((item) => item.id === id && item.state === 'done');
  const proven = done('verification.repair-proven');
  const checked = done('verification.nothing-else-broken');
  if (proven?.at != null && checked?.at != null && checked.by !== null) {
    const at = Date.parse(proven.at) > Date.parse(checked.at) ? proven.at : checked.at;
    return { at, by: checked.by, text: 'the repair is proven, and nothing else broke' };
  }
  const resolved = resolvedByPerson(incident);
  return resolved && { at: resolved.at, by: resolved.by, text: 'resolved by a person' };
}

function resolvedByPerson({ steps }: IncidentJson) {
  return steps.find(({ status, by, reopening }) => status === 'resolved' && by !== null && !reopening);
}

/** Holds what was done against the scenario's targets. A target is met by what took exactly as long. */
export function scoreOf(scenario: Pick<DrillScenario, 'targetsMs'>, marks: DrillMarks): DrillScore {
  const steps = drillSteps.map((step): DrillStepScore => {
    const target = scenario.targetsMs[step];
    const targetMs = target === false ? null : target;
    const mark = marks.get(step);
    const tookMs = mark === undefined || mark.failed ? null : Math.round(mark.atMs);
    return {
      step,
      targetMs,
      tookMs,
      result: resultOf(targetMs, tookMs, mark?.failed === true),
      by: mark?.by ?? null,
      text: mark?.text ?? 'not done',
    };
  });
  const scored = steps.filter(({ targetMs }) => targetMs !== null);
  const passedSteps = scored.filter(({ result }) => result === 'passed').length;
  const times = steps.flatMap(({ tookMs }) => tookMs ?? []);
  return {
    steps,
    passedSteps,
    scoredSteps: scored.length,
    totalMs: times.length === 0 ? null : Math.max(...times),
    passed: passedSteps === scored.length,
  };
}

function resultOf(targetMs: number | null, tookMs: number | null, failed: boolean): DrillStepScore['result'] {
  if (targetMs === null) return 'not-scored';
  if (failed) return 'failed';
  if (tookMs === null) return 'missed';
  return tookMs <= targetMs ? 'passed' : 'late';
}

/** Whether nothing is left that could still be done: each scored step was done or has failed. */
export function isOver(scenario: Pick<DrillScenario, 'targetsMs'>, marks: DrillMarks): boolean {
  return drillSteps.every((step) => scenario.targetsMs[step] === false || marks.has(step));
}
