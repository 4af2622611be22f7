import type { IncidentJson } from '../incident/document.ts';
import { isOpen } from '../incident/status.ts';
import type { Watch } from '../watch.ts';

/** Entries of the timeline that say whether people were told, or why not. */
const about: ReadonlySet<string> = new Set([
  'detected',
  'declared',
  'held-back',
  'dependant-held',
  'notified',
  'escalated',
  'flapping',
  'acknowledged',
  'reminded',
  'resolved',
  'reopened',
  'adopted',
]);

/** Why people were or were not told of an incident, one sentence each, oldest first, and how that stands now. */
export function whyOf(incident: IncidentJson, watch: Watch | undefined): readonly string[] {
  const entries = incident.timeline.filter(({ kind }) => about.has(kind));
  const notifications = incident.notifications.map(({ at, kind, summary, sinks }) => ({
    at,
    text: `Telling ${sinks.map(({ sink }) => sink).join(', ')} (${kind}): ${summary}`,
  }));
  return [
    ...[...entries, ...notifications]
      .sort((a, b) => Date.parse(a.at) - Date.parse(b.at))
      .map(({ at, text }) => `${at} ${text}`),
    standing(incident, watch),
  ];
}

function standing(incident: IncidentJson, watch: Watch | undefined): string {
  const hold = watch?.telling.pending === undefined ? undefined : watch.telling.hold;
  if (hold !== undefined) return `Now nobody is told. ${hold.text}`;
  const underWay = incident.notifications.flatMap(({ sinks }) =>
    sinks.filter(({ result }) => result === null),
  );
  if (underWay.length > 0) return `Now ${underWay.map(({ sink }) => sink).join(', ')} is being told.`;
  if (!isOpen(incident.status)) return `Now it is ${incident.status}, and nothing more is told.`;
  if (incident.notifications.length === 0)
    return 'Now nothing holds it back; nobody was told, as no sink is for it.';
  return 'Now nothing holds it back.';
}
