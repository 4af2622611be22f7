import type { IncidentJson } from '../incident/document.ts';
import { isOpen } from '../incident/status.ts';
import type { Watch } from '../watch.ts';

/** Entries of the timeline that are about whether people were told. */
const about: ReadonlySet<string> = new Set([
  'detected',
  'declared',
  'held-back',
  'dependant-held',
  'notifying',
  'escalated',
  'flapping',
  'acknowledged',
  'reminded',
  'resolved',
  'reopened',
  'adopted',
]);

/** Why people were or were not told of an incident, one sentence each, and how that stands now. */
export function whyOf(incident: IncidentJson, watch: Watch | undefined): readonly string[] {
  const entries = incident.timeline
    .filter(({ kind }) => about.has(kind))
    .map(({ at, text }) => `${at}: ${text}`);
  return [...entries, ...receipts(incident), standing(incident, watch)];
}

function receipts({ notifications }: IncidentJson): readonly string[] {
  return notifications.flatMap(({ kind, sinks }) =>
    sinks.map(({ sink, result, tries, detail }) =>
      result === null
        ? `'${sink}' was not reached yet (${kind}).`
        : `'${sink}': ${kind} was ${result} after ${tries} ${tries === 1 ? 'try' : 'tries'} (${detail ?? ''}).`,
    ),
  );
}

function standing(incident: IncidentJson, watch: Watch | undefined): string {
  const hold = watch?.telling.pending === undefined ? undefined : watch.telling.hold;
  if (hold !== undefined) return `Now: nobody is told. ${hold.text}`;
  if (!isOpen(incident.status)) return `Now: it is ${incident.status}; nothing more is told.`;
  if (incident.notifications.length === 0) return 'Now: nobody was told, as no sink is configured for it.';
  return 'Now: nothing holds notifications back.';
}
