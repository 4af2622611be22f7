import { checklistItems } from '../../../../incidents/checklists/checklists.ts';
import type { ChecklistItemJson } from '../../../../incidents/checklists/item.ts';
import { durationText } from '../../../../incidents/duration-text.ts';
import type { IncidentJson } from '../../../../incidents/incident/document.ts';
import { isOpen } from '../../../../incidents/incident/status.ts';
import { agoText, quoted } from '../print.ts';
import { onCommandLine } from '../wording.ts';

/** Something to do now: what, and the command that says it was done. */
export interface NextStep {
  readonly text: string;
  readonly urgent: boolean;
  /** After `breakwater incident`; capital words are to be filled in. */
  readonly command?: string | undefined;
}

/** The steps that a checklist's item may stand before, and the verb that takes each. */
const gated = [
  ['mitigated', "mitigated INC 'HOW'"],
  ['resolved', 'resolve INC'],
  ['closed', 'close INC'],
] as const;

/**
 * What is to be done next, the most pressing first.
 *
 * @param postmortemWritten whether there is a post-mortem already
 */
export function nextSteps(
  incident: IncidentJson,
  now: number,
  postmortemWritten = false,
): readonly NextStep[] {
  if (incident.status === 'closed') return [];
  const found = [
    ...unacknowledged(incident, now),
    ...halted(incident),
    ...overdueUpdate(incident, now),
    ...undecided(incident),
    ...gates(incident),
    ...afterwards(incident, postmortemWritten),
  ];
  return found.map((step) => ({ ...step, command: step.command?.replace('INC', () => quoted(incident.id)) }));
}

function unacknowledged(
  { acknowledgedAt, declaredAt, detectedAt, status, roles }: IncidentJson,
  now: number,
): readonly NextStep[] {
  if (!isOpen(status)) return [];
  if (acknowledgedAt === null) {
    const sinceMs = now - Date.parse(declaredAt ?? detectedAt);
    const lasting = sinceMs < 1_000 ? ' yet' : ` for ${durationText(sinceMs)}`;
    return [{ text: `Nobody has acknowledged it${lasting}.`, urgent: true, command: 'ack INC' }];
  }
  if (roles.commander.length > 0) return [];
  return [{ text: 'Nobody is its commander.', urgent: false, command: 'assign INC commander NAME' }];
}

/** Runbooks that a surprise has halted. */
function halted({ runbookSteps, status }: IncidentJson): readonly NextStep[] {
  if (!isOpen(status)) return [];
  const last = new Map(runbookSteps.map((step) => [step.runbook, step]));
  return [...last.values()]
    .filter(({ state }) => state === 'surprise')
    .map(({ runbook, step, text }) => ({
      text: `'${runbook}' is halted by a surprise at step ${step}${text === null ? '' : `: ${text}`}`,
      urgent: true,
      command: `runbook INC ${quoted(runbook)} ${step} resumed --text 'WHY IT IS SAFE'`,
    }));
}

function overdueUpdate({ updates, status }: IncidentJson, now: number): readonly NextStep[] {
  const due = updates.at(-1)?.nextUpdateAt ?? null;
  if (due === null || !isOpen(status) || Date.parse(due) > now) return [];
  return [
    {
      text: `A status update was due ${agoText(due, now)}.`,
      urgent: true,
      command: "update INC 'TEXT' --eta 30m --next 30m",
    },
  ];
}

function undecided({ decisions }: IncidentJson): readonly NextStep[] {
  return decisions
    .filter(({ answer }) => answer === null)
    .map(({ id, question, authority }) => ({
      text: `To be decided${authority === null ? '' : ` by ${authority}`}: ${question}`,
      urgent: false,
      command: `decision made INC ${quoted(id)} 'ANSWER' --knew 'WHAT WAS KNOWN'`,
    }));
}

/** The next step in its life, and what must be done before it. */
function gates(incident: IncidentJson): readonly NextStep[] {
  const { status, checklists } = incident;
  const ahead =
    status === 'resolved' ? gated.slice(2) : status === 'mitigated' ? gated.slice(1) : gated.slice(0);
  const [next] = ahead;
  if (next === undefined) return [];
  const [step, command] = next;
  const items = checklists
    .flatMap(({ items }) => items)
    .filter(({ state, gates }) => state === 'open' && isAsked(gates, step));
  if (items.length === 0) return [{ text: `Nothing stands before ${step}.`, urgent: false, command }];
  const known = new Map(checklistItems(incident).map((item) => [item.id, item]));
  return items.map(({ id, text }) => {
    const { instead, note } = known.get(id) ?? {};
    if (instead !== undefined) {
      return { text: `Before ${step}: ${text}; ${onCommandLine(instead)}`, urgent: false };
    }
    const command = `check INC ${quoted(id)}${note === undefined ? '' : " --note 'HOW'"}`;
    return { text: `Before ${step}: ${text}`, urgent: false, command };
  });
}

/** At the close everything is asked for that was left out. */
function isAsked(gates: ChecklistItemJson['gates'], step: (typeof gated)[number][0]): boolean {
  return gates === step || (step === 'closed' && gates !== null);
}

function afterwards(
  { status, dataToRepair, mitigations, actions }: IncidentJson,
  postmortemWritten: boolean,
): readonly NextStep[] {
  if (isOpen(status)) return [];
  const stopgaps = mitigations.filter(
    ({ id, stopgap, outcome }) =>
      stopgap && outcome !== 'undone' && !actions.some(({ mitigation }) => mitigation === id),
  );
  return [
    ...stopgaps.map(({ id, text }) => ({
      text: `A stopgap is still there: ${text}`,
      urgent: false,
      command: `outcome INC ${quoted(id)} undone 'HOW'`,
    })),
    ...dataToRepair
      .filter(({ doneAt }) => doneAt === null)
      .map(({ id, text }) => ({
        text: `Data to repair: ${text}`,
        urgent: false,
        command: `data repaired INC ${quoted(id)}`,
      })),
    ...(postmortemWritten
      ? []
      : [{ text: 'Write the post-mortem.', urgent: false, command: 'postmortem INC' }]),
  ];
}
