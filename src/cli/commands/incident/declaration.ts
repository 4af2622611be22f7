import { hostname } from 'node:os';
import { suggest } from '../../../core/options.ts';
import type { IncidentChange } from '../../../incidents/incident/changes/change.ts';
import type { IncidentJson } from '../../../incidents/incident/document.ts';
import { isWorse, type Severity } from '../../../incidents/incident/severity.ts';
import { redact } from '../../../incidents/redact.ts';

/** An incident that somebody declares from a terminal. */
export interface Declaration {
  readonly policy: string;
  readonly summary: string;
  readonly severity?: Severity | undefined;
  readonly by: string;
}

/** Where nobody says how bad it is, and no application that knows the policy is asked. */
const UNSAID: Severity = 'Medium';

/**
 * How a declared incident begins.
 *
 * @param known the latest incident of the policy, which has what its options say
 */
export function beginning(
  id: string,
  { policy, summary, severity, by }: Declaration,
  known: IncidentJson | undefined,
  at: number,
): readonly IncidentChange[] {
  const who = redact(by, 100);
  return [
    {
      type: 'detected',
      at,
      id,
      policy,
      service: known?.service ?? undefined,
      instance: hostname(),
      dedupKey: `breakwater/${id}`,
      drill: false,
      trigger: 'person',
      summary: redact(summary),
      severity: severity ?? UNSAID,
      why: severity === undefined ? `${who} declared it and said no severity.` : `Set by ${who}.`,
      by: who,
      startedAt: at,
      dependants: [...(known?.impact.dependants ?? [])],
      usedBy: [...(known?.impact.usedBy ?? [])],
    },
    { type: 'declared', at, by: who },
  ];
}

/** What a declaration adds to the incident that is open for its policy. */
export function joining(
  open: IncidentJson,
  { summary, severity, by }: Declaration,
  noteId: string,
  at: number,
): readonly IncidentChange[] {
  const who = redact(by, 100);
  const note: IncidentChange = {
    type: 'noted',
    at,
    id: noteId,
    text: `Declared by hand: ${redact(summary)}`,
    by: who,
    deadEnd: false,
  };
  if (severity === undefined || !isWorse(severity, open.severity)) return [note];
  return [note, { type: 'severity', at, from: open.severity, to: severity, why: `Set by ${who}.`, by: who }];
}

/** What is to be said of a policy that no incident was about before; nothing where it is like none that is known. */
export function policyHint(policy: string, incidents: readonly IncidentJson[]): string | undefined {
  const known = [...new Set(incidents.map((incident) => incident.policy))];
  if (known.includes(policy)) return undefined;
  const meant = suggest(policy, known);
  return meant === undefined
    ? undefined
    : `no incident was ever about the policy '${policy}'; did you mean '${meant}'?`;
}
