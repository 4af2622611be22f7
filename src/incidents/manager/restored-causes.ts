import type { IncidentJson } from '../incident/document.ts';
import type { IncidentSettings } from '../options.ts';
import type { Cause } from '../watch.ts';

/**
 * For how long an alert of an error budget holds an incident open that another process saw begin: the long window of
 * the alert that fires first. Until then this process knows by itself whether the budget still burns.
 */
const BURNS_MS = 3_600_000;

/** As long as calls have to eject an endpoint again that another process saw ejected. */
const EJECTED_AGAIN_MS = 60_000;

const burning: Readonly<Record<string, Cause>> = {
  availability: 'slo availability',
  latency: 'slo latency',
  correctness: 'slo correctness',
};

/** Something that keeps an incident open, and for how long unless it is seen again. */
export interface RestoredCause {
  readonly cause: Cause;
  readonly forMs: number;
}

/** What keeps an incident open beside its circuits, as far as its document tells. */
export function restoredCauses(
  { trigger, drill, steps, condition }: IncidentJson,
  { rejections }: Pick<IncidentSettings, 'rejections'>,
): readonly RestoredCause[] {
  const forMs = Number.POSITIVE_INFINITY;
  if (drill) return [{ cause: 'drill', forMs }];
  const causes: RestoredCause[] = [];
  const reopenedBy = steps.findLast(({ reopening }) => reopening)?.by ?? null;
  if (trigger === 'person' || reopenedBy !== null) causes.push({ cause: 'person', forMs });
  for (const { sli } of condition.burning) {
    const cause = burning[sli];
    if (cause !== undefined) causes.push({ cause, forMs: BURNS_MS });
  }
  // Which endpoint, this process does not know: it sees by itself whether one is ejected.
  if (trigger === 'endpoint') causes.push({ cause: 'endpoint ', forMs: EJECTED_AGAIN_MS });
  // As long as it takes to see that calls are turned away again.
  if (trigger === 'rejections' && rejections !== false)
    causes.push({ cause: 'rejections', forMs: rejections.windowMs * (rejections.windows + 1) });
  return causes;
}
