import type { IncidentJson } from './document.ts';
import { isOpen } from './status.ts';

type Steps = IncidentJson['steps'];

/** The steps since an incident was last reopened, that one first; all of them where it never was. */
export function stepsSinceReopening(steps: Steps): Steps {
  return steps.slice(
    Math.max(
      0,
      steps.findLastIndex(({ reopening }) => reopening),
    ),
  );
}

/** What came since an incident was last reopened; all of it where it never was. */
export function sinceReopening<Entry extends { readonly at: string }>(
  entries: readonly Entry[],
  steps: Steps,
): readonly Entry[] {
  const reopened = steps.findLast(({ reopening }) => reopening);
  return reopened === undefined ? entries : entries.filter(({ at }) => at >= reopened.at);
}

/** When an incident was mitigated, since it was last reopened. */
export function mitigatedStep(steps: Steps): Steps[number] | undefined {
  return stepsSinceReopening(steps).find(({ status, reopening }) => status === 'mitigated' && !reopening);
}

/** Where an incident that was over was reopened; a relapse of one that was mitigated is none. */
export function isReopeningAt(steps: Steps, at: number): boolean {
  return steps[at]?.reopening === true && !isOpen(steps[at - 1]?.status ?? 'resolved');
}

/** How often an incident that was over was back by itself. */
export function selfReopenings(steps: Steps): number {
  return steps.filter(({ by }, at) => by === null && isReopeningAt(steps, at)).length;
}
