import { suggest } from '../../../core/options.ts';
import type { IncidentJson } from '../../../incidents/incident/document.ts';
import { isOpen } from '../../../incidents/incident/status.ts';
import { printable } from '../../../slo/spec/problems.ts';
import { CommandFailure } from '../../context.ts';

/** Which incidents are meant where none is named: the open ones, or those that wait to be closed. */
export type Unnamed = 'open' | 'resolved';

/** What is done to the incident: where a part of an id may mean several, what writes prefers those that are open. */
export type Use = 'read' | 'write';

/** What an incident is chosen by. */
export type Choosable = Pick<IncidentJson, 'id' | 'status' | 'severity' | 'policy'>;

/** Shorter parts of ids name nothing: a slip must not hit an incident. */
const SHORTEST_PART = 3;

/** More candidates are not listed. */
const MOST_LISTED = 8;

/**
 * The incident that `reference` means: its id, or what a part of it begins with, where only one does; or else its policy,
 * where only one that is open is of it. Without a reference the only one that is open; where none is open, the only one
 * that is not closed. `unnamed: 'resolved'` looks for those two the other way round.
 *
 * @throws {CommandFailure} with exit code 1 when there is none, 2 when there are several
 */
export function chooseIncident<Incident extends Choosable>(
  incidents: readonly Incident[],
  reference: string | undefined,
  unnamed: Unnamed = 'open',
  use: Use = 'read',
): Incident {
  if (reference === undefined) return chooseUnnamed(incidents, unnamed);
  const all = matching(incidents, reference);
  const byId = use === 'write' ? liveliest(all, unnamed) : all;
  const found = byId.length > 0 ? byId : ofPolicy(incidents, reference, unnamed);
  const [only, ...others] = found;
  if (only !== undefined && others.length === 0) return only;
  if (only !== undefined) {
    throw new CommandFailure(`'${reference}' may be any of ${found.length} incidents:\n${listed(found)}`);
  }
  const meant = meantBy(incidents, reference);
  const tooShort = reference.trim().length < SHORTEST_PART;
  const hint = tooShort
    ? `: a part of an id has ${SHORTEST_PART} characters or more`
    : meant === undefined
      ? '; "breakwater incident list --all" has them'
      : `; did you mean ${meant}?`;
  throw new CommandFailure(`there is no incident '${reference}'${hint}`, 1);
}

/** Whether somebody who writes this means an incident. */
export function looksLikeId(word: string): boolean {
  return /^inc-/i.test(word) || /^(\d{8}-)?\d{3,}-[\da-f]+$/i.test(word);
}

/** The incidents whose id is `reference`, or else begins with it at one of its parts. */
export function matching<Incident extends Choosable>(
  incidents: readonly Incident[],
  reference: string,
): readonly Incident[] {
  const wanted = reference.trim().toLowerCase();
  if (wanted.length < SHORTEST_PART) return [];
  const same = incidents.filter(({ id }) => id.toLowerCase() === wanted);
  // Between hyphens, `-9f3a` can only be the beginning of a part.
  return same.length > 0
    ? same
    : incidents.filter(({ id }) => `-${id.toLowerCase()}`.includes(`-${wanted.replace(/^-/, '')}`));
}

/** The incidents of the policy of that name that people work on. */
function ofPolicy<Incident extends Choosable>(
  incidents: readonly Incident[],
  reference: string,
  unnamed: Unnamed,
): readonly Incident[] {
  const policy = reference.trim();
  const all = incidents.filter((incident) => incident.policy === policy && incident.status !== 'closed');
  return liveliest(all, unnamed);
}

/** Of several, those that people work on: the open ones, then those that wait to be closed. */
function liveliest<Incident extends Choosable>(
  found: readonly Incident[],
  unnamed: Unnamed,
): readonly Incident[] {
  const open = found.filter(({ status }) =>
    unnamed === 'open' ? isOpen(status) : isOpen(status) || status === 'resolved',
  );
  if (open.length > 0) return open;
  const resolved = found.filter(({ status }) => status === 'resolved');
  return resolved.length > 0 ? resolved : found;
}

function chooseUnnamed<Incident extends Choosable>(
  incidents: readonly Incident[],
  unnamed: Unnamed,
): Incident {
  const open = incidents.filter(({ status }) => isOpen(status));
  const resolved = incidents.filter(({ status }) => status === 'resolved');
  const [first, second] = unnamed === 'open' ? [open, resolved] : [resolved, open];
  const candidates = first.length > 0 ? first : second;
  const [only, ...others] = candidates;
  if (only === undefined) {
    throw new CommandFailure('no incident is open; say which one: "breakwater incident list --all"', 1);
  }
  if (others.length > 0) {
    const what = only.status === 'resolved' ? 'wait to be closed' : 'are open';
    throw new CommandFailure(
      `${candidates.length} incidents ${what}; say which one is meant:\n${listed(candidates)}`,
    );
  }
  return only;
}

/** The id that a mistyped one is nearest to: whole, or from where the typed part may begin. */
function meantBy(incidents: readonly Choosable[], reference: string): string | undefined {
  const parts = new Map<string, string>();
  for (const { id } of incidents) {
    parts.set(id, id);
    for (const part of [/^INC-/, /^INC-\d{8}-/, /^.*-/].map((start) => id.replace(start, ''))) {
      parts.set(part.slice(0, Math.max(reference.length, 4)), id);
    }
  }
  const nearest = suggest(reference, [...parts.keys()]);
  return nearest === undefined ? undefined : parts.get(nearest);
}

function listed(incidents: readonly Choosable[]): string {
  return incidents
    .slice(-MOST_LISTED)
    .map(({ id, severity, status, policy }) => printable(`  ${id}  ${severity}  ${status}  ${policy}`))
    .join('\n');
}
