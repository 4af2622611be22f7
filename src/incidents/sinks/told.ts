import { durationText } from '../duration-text.ts';
import type { IncidentJson } from '../incident/document.ts';
import { isOpen } from '../incident/status.ts';
import type { DigestEntry, Notification } from '../notification.ts';
import type { SinkContext } from '../sink.ts';
import { type RunbookUrl, runbookOf } from './link-options.ts';
import { plain, safeLink } from './safe-text.ts';

/** Something about an incident that people are told, safe to show and at most 500 characters. */
export interface Fact {
  /** Such as `started_at`. */
  readonly key: string;
  /** Such as `Started`. */
  readonly label: string;
  readonly text: string;
  /** Whether it is a few words rather than sentences. */
  readonly short: boolean;
}

/** What is told of a notification, the same at each vendor. */
export interface Told {
  /** Key of the alert: the incident's, and of a drill one that no real alert has. */
  readonly key: string;
  /** What to tell, marked as a drill where it is one, at most 1 000 characters. */
  readonly summary: string;
  /** The most important first. */
  readonly facts: readonly Fact[];
  readonly links: readonly { readonly key: string; readonly label: string; readonly href: string }[];
}

export function toldOf(
  { summary, dedupKey, incident, kind, id, digest = [] }: Notification,
  { merged = 0 }: Pick<SinkContext, 'merged'>,
  runbookUrl: RunbookUrl | undefined,
): Told {
  const more = merged === 0 ? '' : ` (and ${merged} earlier ${merged === 1 ? 'update' : 'updates'})`;
  const room = incident.warRoom === null ? undefined : safeLink(incident.warRoom);
  const runbook = runbookOf(runbookUrl, incident.policy);
  return {
    key: alertKey({ dedupKey, incident }),
    summary: `${plain(markedSummary({ summary, incident }), 900) || 'No summary'}${more}`,
    facts: [
      ...statusFacts(incident),
      ...sentences([['digest', 'Other incidents at the same time', digestText(digest)]]),
      ...impactFacts(incident),
      ...peopleFacts(incident),
      ...facts([
        ['war_room', 'War room', room === undefined ? incident.warRoom : null],
        ['incident', 'Incident', incident.id],
        ['dedup_key', 'Dedup key', alertKey({ dedupKey, incident })],
        ['kind', 'Kind', kind],
        ['notification', 'Notification', id],
      ]),
    ],
    links: [
      ...(room === undefined ? [] : [{ key: 'war_room_url', label: 'War room', href: room }]),
      ...(runbook === undefined ? [] : [{ key: 'runbook_url', label: 'Runbook', href: runbook }]),
    ],
  };
}

function digestText(digest: readonly DigestEntry[]): string {
  const shown = digest.slice(0, 20).map(({ policy, severity }) => `${plain(policy, 40)} (${severity})`);
  const left = digest.length - shown.length;
  return [...shown, ...(left > 0 ? [`${left} more`] : [])].join(', ');
}

/** The incident's dedup key; of a drill, one that no real alert has. */
export function alertKey({ dedupKey, incident }: Pick<Notification, 'dedupKey' | 'incident'>): string {
  return incident.drill && !dedupKey.startsWith('drill/') ? `drill/${dedupKey}` : dedupKey;
}

/** What a notification tells, marked as a drill where it is one and does not say so itself. */
export function markedSummary({ summary, incident }: Pick<Notification, 'summary' | 'incident'>): string {
  return incident.drill && !summary.startsWith('DRILL') ? `DRILL: ${summary}` : summary;
}

/** Whether somebody has said that they work on it, and it lasts. */
export function isTendedTo({ incident: { status } }: Notification): boolean {
  return status === 'acknowledged' || status === 'mitigated';
}

/** Whether people must be told of it as of something new. One that is over is no beginning, whatever is said of it. */
export function isBeginning({ kind, incident }: Notification): boolean {
  return kind === 'opened' && isOpen(incident.status);
}

function statusFacts(incident: IncidentJson): readonly Fact[] {
  const { durationMs } = incident;
  return [
    ...facts([
      ['drill', 'Drill', incident.drill ? 'This is a DRILL: nothing is broken.' : null],
      ['severity', 'Severity', incident.severity],
      ['status', 'Status', incident.status],
      ['policy', 'Policy', incident.policy],
      ['service', 'Service', incident.service],
      ['instance', 'Instance', incident.instance],
      ['started_at', 'Started', incident.startedAt],
      ['duration', 'Duration', durationMs === null ? null : durationText(durationMs)],
      ['resolved_by', 'Resolved by', incident.resolvedBy],
      ['trigger', 'Trigger', incident.trigger],
    ]),
    ...sentences([['why', 'Why this severity', incident.why]]),
  ];
}

function impactFacts({ impact, affected, heldDependants }: IncidentJson): readonly Fact[] {
  const { during } = impact;
  const [error] = impact.errors;
  const hurt = during === null ? 0 : during.failed + during.timedOut + during.rejected;
  const held = [...new Set(heldDependants.map(({ policy }) => policy))];
  return [
    ...facts([['calls_hurt', 'Calls hurt', during === null ? null : `${hurt} of ${during.calls}`]]),
    ...sentences([
      ['users', 'Users', affected.users],
      ['scope', 'Scope', affected.scope],
      ['used_by', 'Used by', impact.usedBy.slice(0, 20).join(', ')],
      ['held_back', 'Held back for it', held.slice(0, 20).join(', ')],
      ['top_error', 'Most frequent error', error && `${error.kind} (${error.count}): ${error.sample}`],
    ]),
  ];
}

function peopleFacts({ roles, updates }: IncidentJson): readonly Fact[] {
  const latest = updates.at(-1);
  return [
    ...facts([
      ['commander', 'Commander', roles.commander.slice(0, 5).join(', ')],
      ['expected_recovery', 'Expected recovery', latest?.expectedRecoveryAt],
    ]),
    ...sentences([['update', 'Latest update', latest?.text]]),
  ];
}

type Given = readonly (readonly [key: string, label: string, text: string | null | undefined])[];

function facts(given: Given, short = true): readonly Fact[] {
  return given.flatMap(([key, label, text]) => {
    const safe = plain(text ?? '');
    return safe === '' ? [] : [{ key, label, text: safe, short }];
  });
}

function sentences(given: Given): readonly Fact[] {
  return facts(given, false);
}
