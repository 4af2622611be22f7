import type { IncidentJson } from '../incident/document.ts';
import type { IncidentStatus } from '../incident/status.ts';
import { type DrillEffect, type DrillScenario, type DrillStep, drillSteps } from './scenario.ts';

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
  /**
   * `late`: done after its target; `missed`: not done; `failed`: went wrong; `not-scored`: there is no target, or, of
   * `detect`, only the drill itself said that there is an incident, which proves nothing of those who should have seen it.
   */
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

/** An incident that began by itself because of the drill: an SLI that burned, or calls that were rejected. */
export interface Detection {
  readonly atMs: number;
  readonly incident: string;
}

/** What a look at a drill's incident starts from. Times are from the drill's beginning, on the monotonic clock. */
export interface DrillFacts {
  /** What earlier looks saw, which stands. */
  readonly before: DrillMarks;
  readonly effect: DrillEffect;
  /** When this look is. What it is the first to see is done at this time, whatever a wall clock says. */
  readonly elapsedMs: number;
  /** When somebody had closed all circuits that the drill opened; `undefined` before. */
  readonly liftedAfterMs: number | undefined;
  readonly detection: Detection | undefined;
}

/** Reads from the drill's incident which steps were done. */
export function marksOf(
  incident: IncidentJson,
  { before, effect, elapsedMs, liftedAfterMs, detection }: DrillFacts,
): DrillMarks {
  const marks = new Map(before);
  const mark = (step: DrillStep, seen: Seen | undefined, atMs = elapsedMs): void => {
    if (seen !== undefined && !marks.has(step)) marks.set(step, { ...seen, atMs });
  };
  const detected = detection && { by: null, text: `${detection.incident} began by itself`, failed: false };
  mark('detect', detected, detection?.atMs);
  mark('detect', alertHeldBack(incident));
  mark('notify', notification(incident));
  const acknowledged = stepTaken(incident, 'acknowledged');
  mark('acknowledge', acknowledged && { by: acknowledged.by, text: 'somebody works on it', failed: false });
  const mitigated = stepTaken(incident, 'mitigated') ?? resolvedByPerson(incident);
  const said = mitigated?.reason ?? 'said to be mitigated';
  mark('mitigate', mitigated && { by: mitigated.by, text: said, failed: false });
  const lifted = { by: null, text: 'the circuits were closed by hand', failed: false };
  if (liftedAfterMs !== undefined) mark('mitigate', lifted, liftedAfterMs);
  const isMitigated = (at: string): boolean =>
    marks.has('mitigate') && (mitigated === undefined || Date.parse(at) >= Date.parse(mitigated.at));
  mark('verify', verification(incident, effect, isMitigated));
  return marks;
}

/** An alert or a limit saw what the drill does, and nobody is paged for it. */
function alertHeldBack({ heldBack }: IncidentJson): Seen | undefined {
  return heldBack?.because === 'drill'
    ? { by: null, text: heldBack.text.replace(/\.$/, ''), failed: false }
    : undefined;
}

/** What is seen of a step. */
type Seen = Omit<DrillMark, 'atMs'>;

function stepTaken({ steps }: IncidentJson, status: IncidentStatus) {
  return steps.find((step) => step.status === status && !step.reopening);
}

function notification(incident: IncidentJson): Seen | undefined {
  const opened = incident.notifications.find(({ kind }) => kind === 'opened');
  if (opened === undefined) return undefined;
  const { sinks } = opened;
  const ended = sinks.filter(({ result }) => result !== null);
  if (sinks.length === 0) return { by: null, text: 'there is no sink', failed: true };
  const failures = ended.filter(({ result }) => result !== 'delivered');
  if (failures.length > 0) {
    const list = failures.map(({ sink, result, detail }) => `${sink} ${result}: ${detail ?? 'unknown'}`);
    return { by: null, text: list.join('; '), failed: true };
  }
  if (ended.length < sinks.length) return undefined;
  return { by: null, text: `taken by ${sinks.map(({ sink }) => sink).join(', ')}`, failed: false };
}

/**
 * Whether it was verified: the repair is proven, and somebody looked whether anything else broke. What is waived was not
 * verified. A drill that touches no circuit has no repair that anything could prove.
 */
function verification(
  { checklists }: IncidentJson,
  effect: DrillEffect,
  isMitigated: (at: string) => boolean,
): Seen | undefined {
  const items = checklists.flatMap((list) => list.items);
  const item = (id: string) => items.find((one) => one.id === id);
  const checked = item('verification.nothing-else-broken');
  const proven = effect === 'observe' ? checked : item('verification.repair-proven');
  const waived = [proven, checked].find((one) => one?.state === 'waived');
  if (waived !== undefined) return { by: waived.by, text: `${waived.id} was waived`, failed: true };
  if (proven?.state !== 'done' || checked?.state !== 'done' || checked.by === null) return undefined;
  if (proven.at === null || checked.at === null) return undefined;
  const at = Date.parse(proven.at) > Date.parse(checked.at) ? proven.at : checked.at;
  if (!isMitigated(at)) return undefined;
  const text = effect === 'observe' ? 'nothing else broke' : 'the repair is proven, and nothing else broke';
  return { by: checked.by, text, failed: false };
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
      result:
        step === 'detect' && mark === undefined
          ? 'not-scored'
          : resultOf(targetMs, tookMs, mark?.failed === true),
      by: mark?.by ?? null,
      text: mark?.text ?? (step === 'detect' ? 'only the drill itself declared it' : 'not done'),
    };
  });
  const scored = steps.filter(({ result }) => result !== 'not-scored');
  const passedSteps = scored.filter(({ result }) => result === 'passed').length;
  const times = steps.flatMap(({ tookMs }) => tookMs ?? []);
  return {
    steps,
    passedSteps,
    scoredSteps: scored.length,
    totalMs: times.length === 0 ? null : Math.max(...times),
    passed: scored.length > 0 && passedSteps === scored.length,
  };
}

function resultOf(targetMs: number | null, tookMs: number | null, failed: boolean): DrillStepScore['result'] {
  if (targetMs === null) return 'not-scored';
  if (failed) return 'failed';
  if (tookMs === null) return 'missed';
  return tookMs <= targetMs ? 'passed' : 'late';
}

/**
 * Whether nothing is left that could still be done: each scored step was done or has failed. Nobody can do anything for
 * `detect`, so it is not waited for.
 */
export function isOver(scenario: Pick<DrillScenario, 'targetsMs'>, marks: DrillMarks): boolean {
  return drillSteps.every(
    (step) => step === 'detect' || scenario.targetsMs[step] === false || marks.has(step),
  );
}
