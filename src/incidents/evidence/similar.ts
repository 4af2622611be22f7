import { durationText } from '../duration-text.ts';
import type { IncidentTrigger } from '../incident/changes/change.ts';
import type { IncidentJson } from '../incident/document.ts';

/** What an incident is compared by. */
export interface Likeness {
  readonly id: string;
  readonly policy: string;
  readonly trigger?: IncidentTrigger | undefined;
  /** Kinds of its errors, the most frequent first. */
  readonly errors: readonly string[];
}

/** A past incident that may say something about one that begins. */
export interface SimilarIncident {
  readonly incident: string;
  readonly summary: string;
  readonly resolvedAt?: number | undefined;
  readonly why: string;
}

/** What of a past incident is compared. */
export interface PastIncident
  extends Pick<
    IncidentJson,
    'id' | 'drill' | 'policy' | 'trigger' | 'summary' | 'detectedAt' | 'resolvedAt' | 'durationMs'
  > {
  readonly impact: Pick<IncidentJson['impact'], 'errors'>;
  readonly hypotheses: readonly Pick<IncidentJson['hypotheses'][number], 'status' | 'text'>[];
}

const MAX_SIMILAR = 5;
/** What a shared policy counts, a shared kind of error, a shared trigger; less than the first tells nothing. */
const SAME_POLICY = 4;
const SAME_ERROR = 3;
const SAME_TRIGGER = 1;
const LEAST_SCORE = 3;

/**
 * Past incidents like this one, the likest first and then the latest: of the same policy, or with an error of the
 * same kind elsewhere. Drills and those that are still open are none.
 */
export function similarIncidents(to: Likeness, past: Iterable<PastIncident>): readonly SimilarIncident[] {
  const found: { readonly score: number; readonly at: string; readonly similar: SimilarIncident }[] = [];
  for (const other of past) {
    if (other.id === to.id || other.drill || other.resolvedAt === null) continue;
    const error = other.impact.errors.find(({ kind }) => to.errors.includes(kind))?.kind;
    const shared = [
      other.policy === to.policy ? { score: SAME_POLICY, text: 'the same policy' } : [],
      error === undefined ? [] : { score: SAME_ERROR, text: `the same error (${error})` },
      other.trigger === to.trigger ? { score: SAME_TRIGGER, text: 'begun in the same way' } : [],
    ].flat();
    const score = shared.reduce((sum, { score: one }) => sum + one, 0);
    if (score < LEAST_SCORE) continue;
    const similar = {
      incident: other.id,
      summary: other.summary,
      resolvedAt: Date.parse(other.resolvedAt),
      why: `${whole(shared.map(({ text }) => text).join(', '))}${outcomeOf(other)}`,
    };
    found.push({ score, at: other.detectedAt, similar });
  }
  return found
    .sort((a, b) => b.score - a.score || b.at.localeCompare(a.at))
    .slice(0, MAX_SIMILAR)
    .map(({ similar }) => similar);
}

/** How it ended, and what people found to be its cause. */
function outcomeOf({ durationMs, hypotheses }: PastIncident): string {
  const cause = hypotheses.find(({ status }) => status === 'confirmed')?.text;
  const lasted = durationMs === null ? '' : `; it lasted ${durationText(durationMs)}`;
  return `${lasted}${cause === undefined ? '' : `; its cause: ${cause}`}.`;
}

function whole(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}
