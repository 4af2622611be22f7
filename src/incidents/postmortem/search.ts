import type { IncidentJson } from '../incident/document.ts';
import { truncate } from '../redact.ts';
import { type Fields, fieldsOf } from './search/fields.ts';
import { parseQuery, type SearchQuery } from './search/query.ts';

/** An incident that was found. */
export interface SearchHit {
  readonly incident: string;
  readonly policy: string;
  readonly status: IncidentJson['status'];
  readonly severity: IncidentJson['severity'];
  readonly drill: boolean;
  readonly startedAt: string;
  readonly summary: string;
  /** Higher is nearer; only to be compared within one answer. */
  readonly score: number;
  /** Where it was found, such as `summary`, `hypotheses` or `postmortem`; empty where only filters were given. */
  readonly where: string;
  /** Text around what was found, at most 160 characters; the summary where only filters were given. */
  readonly snippet: string;
}

/** What is searched beside the incidents, and how much is given. */
export interface SearchOptions {
  /** Texts of post-mortems by the incident's id. Default none. */
  readonly postmortems?: ReadonlyMap<string, string> | undefined;
  /** Hits at most, the best ones. Default 50. */
  readonly limit?: number | undefined;
}

/** Characters of a snippet. */
const SNIPPET_LENGTH = 160;
const WEIGHTS: Readonly<Partial<Record<string, number>>> = {
  id: 8,
  summary: 5,
  cause: 5,
  policy: 4,
  postmortem: 1,
};

/**
 * Incidents that have every word of `query`, the best first and of equally good ones the latest. Words are parts of
 * words too, in any script and case, full-width or half-width, so that Japanese needs no spaces; `"..."` is a phrase;
 * `-word` must not occur. `policy:`, `severity:`, `status:`, `drill:`, `since:` and `until:` filter; days are in UTC, as
 * in `since:2026-03-01`, or a time back from now, as in `since:30d`.
 *
 * @throws InvalidOptionsError when a filter has a value that cannot be
 */
export function search(
  incidents: readonly IncidentJson[],
  query: string,
  { postmortems, limit = 50 }: SearchOptions = {},
  now: number = Date.now(),
): readonly SearchHit[] {
  const parsed = parseQuery(query, now);
  return incidents
    .filter((incident) => passes(incident, parsed))
    .flatMap((incident) => hitOf(incident, parsed, postmortems?.get(incident.id)) ?? [])
    .sort((a, b) => b.score - a.score || (a.startedAt < b.startedAt ? 1 : a.startedAt > b.startedAt ? -1 : 0))
    .slice(0, limit);
}

function passes(
  incident: IncidentJson,
  { policies, severities, statuses, drill, since, until }: SearchQuery,
): boolean {
  const startedAt = Date.parse(incident.startedAt);
  return (
    (policies.length === 0 || policies.includes(incident.policy.toLowerCase())) &&
    (severities.length === 0 || severities.includes(incident.severity)) &&
    (statuses.length === 0 || statuses.includes(incident.status)) &&
    (drill === undefined || drill === incident.drill) &&
    (since === undefined || startedAt >= since) &&
    (until === undefined || startedAt < until)
  );
}

function hitOf(
  incident: IncidentJson,
  { terms, without }: SearchQuery,
  text?: string,
): SearchHit | undefined {
  const fields = fieldsOf(incident, text);
  if (without.some((term) => fields.some(({ folded }) => folded.includes(term)))) return undefined;
  let score = 0;
  let best: { readonly field: Fields; readonly at: number; readonly weight: number } | undefined;
  for (const term of terms) {
    let found = false;
    for (const field of fields) {
      const at = field.folded.indexOf(term);
      if (at < 0) continue;
      found = true;
      const whole = isWhole(field.folded, at, term.length) ? 1.5 : 1;
      const weight = (WEIGHTS[field.name] ?? 2) * whole;
      // Found again it says a little more, with less and less effect.
      score += weight * (1 + Math.log2(Math.min(16, field.folded.split(term).length - 1)) / 4);
      if (best === undefined || weight > best.weight) best = { field, at, weight };
    }
    if (!found) return undefined;
  }
  const { id, policy, status, severity, drill, startedAt, summary } = incident;
  return {
    incident: id,
    policy,
    status,
    severity,
    drill,
    startedAt,
    summary,
    score: Number(score.toFixed(3)),
    where: best?.field.name ?? '',
    snippet: best === undefined ? truncate(summary, SNIPPET_LENGTH) : snippetOf(best.field.text, best.at),
  };
}

/** Whether what was found is a word, not a part of one. */
function isWhole(text: string, at: number, length: number): boolean {
  const isPart = (character: string | undefined): boolean =>
    character !== undefined && /[\p{L}\p{N}_]/u.test(character);
  return !isPart(text[at - 1]) && !isPart(text[at + length]);
}

function snippetOf(text: string, at: number): string {
  const from = Math.max(0, Math.min(at - 40, text.length - SNIPPET_LENGTH + 3));
  if (from <= 3) return truncate(text, SNIPPET_LENGTH);
  // Half a surrogate pair is no character.
  const rest = text.slice(from).replace(/^[\udc00-\udfff]/, '');
  return truncate(`...${rest}`, SNIPPET_LENGTH);
}
