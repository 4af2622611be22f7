import { durationText } from '../../../../incidents/duration-text.ts';
import type { IncidentJson } from '../../../../incidents/incident/document.ts';
import type { Severity } from '../../../../incidents/incident/severity.ts';
import { type IncidentStatus, isOpen } from '../../../../incidents/incident/status.ts';
import type { Style } from '../../../terminal.ts';
import { agoText, quoted, timeText } from '../print.ts';
import { commandStart, type Page, type PageOptions, type Span } from './layout.ts';
import { nextSteps } from './next.ts';

/** Of what was changed before, this much. */
const MOST_CHANGES = 3;

/** How severities are set off. */
export const severityStyles: Readonly<Record<Severity, Style>> = {
  Critical: 'red',
  High: 'red',
  Medium: 'yellow',
  Low: 'dim',
};

/** How statuses are set off. */
export const statusStyles: Readonly<Record<IncidentStatus, Style>> = {
  detected: 'yellow',
  declared: 'red',
  acknowledged: 'yellow',
  mitigated: 'yellow',
  resolved: 'green',
  closed: 'dim',
};

/** The line that says which incident this is. */
export function titleOf({
  id,
  severity,
  status,
  policy,
  service,
  drill,
  flapping,
}: IncidentJson): readonly Span[] {
  const gap: Span = { text: '  ' };
  return [
    { text: id, style: 'bold' },
    gap,
    { text: severity, style: severityStyles[severity] },
    gap,
    { text: status, style: statusStyles[status] },
    gap,
    { text: service === null ? policy : `${service}/${policy}` },
    ...(flapping ? [gap, { text: 'flapping', style: 'yellow' } as const] : []),
    ...(drill ? [gap, { text: 'DRILL', style: 'bold' } as const] : []),
  ];
}

/** What it is, since when, and who works on it. */
export function addHead(page: Page, incident: IncidentJson, { now }: PageOptions): void {
  page.line(...titleOf(incident));
  page.line({ text: incident.summary });
  page.blank();
  const { startedAt, resolvedAt, durationMs, why, roles, warRoom, updates, affected } = incident;
  const rows: [string, string | null][] = [
    ['Since', `${timeText(startedAt)} UTC${isOpen(incident.status) ? `, ${agoText(startedAt, now)}` : ''}`],
    [
      'Until',
      resolvedAt === null ? null : `${timeText(resolvedAt)} UTC, after ${durationText(durationMs ?? 0)}`,
    ],
    ...changesBefore(incident),
    ['Severity', `${incident.severity}: ${why}`],
    ['Steps', stepsText(incident)],
    ['People', peopleText(roles)],
    ['War room', warRoom],
    ['Users', affected.users],
    ['Scope', affected.scope],
    ['Held back', heldText(incident)],
    ['Update', updateText(updates.at(-1), now)],
  ];
  page.fields(
    rows.flatMap(([label, text]): [Span, Span][] =>
      text === null ? [] : [[{ text: label, style: 'dim' }, { text }]],
    ),
  );
}

/** What was changed last before it began: the first thing that whoever is paged asks. */
function changesBefore({ situation, startedAt }: IncidentJson): [string, string][] {
  return (situation?.changes ?? []).slice(0, MOST_CHANGES).map(({ at, version, what }) => {
    const beforeMs = Date.parse(startedAt) - Date.parse(at);
    const when = `${durationText(Math.abs(beforeMs))} ${beforeMs < 0 ? 'after' : 'before'} the first failure`;
    return [
      'Changed before',
      `${timeText(at)} UTC, ${when}: ${version === null ? '' : `${version}, `}${what}`,
    ];
  });
}

function stepsText({ steps }: IncidentJson): string {
  return steps
    .map(
      ({ at, status, by, reopening }) =>
        `${reopening ? 'reopened' : status} ${at.slice(11, 16)}${by === null ? '' : ` by ${by}`}`,
    )
    .join(', ');
}

function peopleText(roles: IncidentJson['roles']): string | null {
  const texts = Object.entries(roles).flatMap(([role, people]) =>
    people.length === 0 ? [] : [`${role} ${people.join(', ')}`],
  );
  return texts.length === 0 ? null : texts.join('; ');
}

function heldText({ heldBack, heldDependants }: IncidentJson): string | null {
  const texts = heldDependants.map(({ policy, incident }) => `${policy} waits for this one (${incident})`);
  if (heldBack !== null) {
    const { text, until } = heldBack;
    texts.unshift(until === null ? text : `${text}, until ${timeText(until)} UTC`);
  }
  return texts.length === 0 ? null : texts.join('; ');
}

function updateText(update: IncidentJson['updates'][number] | undefined, now: number): string | null {
  if (update === undefined) return null;
  const { at, text, expectedRecoveryAt, nextUpdateAt } = update;
  const parts = [`${text} (${agoText(at, now)}`];
  if (expectedRecoveryAt !== null) parts.push(`recovery expected ${timeText(expectedRecoveryAt)} UTC`);
  if (nextUpdateAt !== null) parts.push(`next ${timeText(nextUpdateAt)} UTC`);
  return `${parts.join('; ')})`;
}

/** What to do now, with commands to copy. */
export function addNext(page: Page, incident: IncidentJson, options: PageOptions, most = 12): void {
  const { now, suffix, postmortemWritten } = options;
  const start = commandStart(options);
  const steps = nextSteps(incident, now, postmortemWritten);
  if (steps.length === 0) return;
  page.heading('Next');
  for (const { text, urgent, command } of steps.slice(0, most)) {
    page.item(text, urgent ? 'red' : undefined);
    if (command !== undefined) page.command(`${start} ${command}${suffix}`);
  }
  if (steps.length > most) {
    page.item(`and ${steps.length - most} more:`);
    page.command(`${start} check ${quoted(incident.id)}${suffix}`);
  }
}
