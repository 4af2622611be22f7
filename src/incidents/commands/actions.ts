import { actionMoves } from '../incident/action.ts';
import type { IncidentChange } from '../incident/changes/change.ts';
import type { ActionJson } from '../incident/document.ts';
import { type CommandOf, type Draft, isSamePerson } from './draft.ts';

type Changes = readonly IncidentChange[];

/** From a day's beginning in UTC until it has ended everywhere on earth. */
const END_OF_DAY_MS = 36 * 3_600_000;
/** Five years. */
const LATEST_DUE_MS = (5 * 365 + 2) * 86_400_000;

export function addAction(draft: Draft, command: CommandOf<'action'>): Changes {
  const { at, by, incident } = draft;
  draft.room(incident.actions, 'actions');
  const { kind, horizon, due, twoPeople = false } = command;
  const text = draft.text('text', command.text);
  const owner = draft.personIfAny('owner', command.owner);
  const checker = draft.personIfAny('checker', command.checker);
  checkDay(draft, due);
  if (twoPeople) checkTwoPeople(draft, owner, checker);
  const mitigation =
    command.mitigation === undefined
      ? undefined
      : draft.part('mitigation', command.mitigation, incident.mitigations, 'mitigation')?.id;
  const id = draft.newPartId('a');
  return [{ type: 'action', at, by, id, text, kind, horizon, owner, checker, due, twoPeople, mitigation }];
}

export function moveAction(draft: Draft, command: CommandOf<'move-action'>): Changes {
  const { at, by, incident } = draft;
  const { to, due } = command;
  const owner = draft.personIfAny('owner', command.owner);
  const checker = draft.personIfAny('checker', command.checker);
  const reason = draft.textIfAny('reason', command.reason);
  checkDay(draft, due);
  checkGiven(draft, command);
  if (to === 'dropped' && reason === undefined) {
    draft.object('reason', 'is missing: say why nobody needs to do it any more');
  }
  const action = draft.part('action', command.action, incident.actions, 'action');
  if (action === undefined) return [];
  const { id, state, twoPeople } = action;
  if (!actionMoves[state].includes(to)) draft.object('to', cannotMove(action, to));
  else if (to === 'checked') checkTheChecker(draft, action);
  else if (to === 'assigned' && twoPeople) {
    checkTwoPeople(draft, owner ?? action.owner, checker ?? action.checker);
    if (isSamePerson(checker, action.doneBy)) draft.object('checker', ofTwoPeople(`${checker} did it`));
  }
  return [{ type: 'action-moved', at, by, action: id, to, owner, checker, due, reason }];
}

function checkGiven(draft: Draft, { to, owner, checker, due }: CommandOf<'move-action'>): void {
  const given = Object.entries({ owner, checker, due }).filter(([, value]) => value !== undefined);
  if (to === 'assigned' && given.length === 0) {
    draft.object('to', `'assigned' needs at least one of owner, checker and due`);
  }
  if (to === 'assigned') return;
  for (const [path] of given) draft.object(path, `is set with 'assigned' only, not with '${to}'`);
}

function cannotMove({ id, state }: ActionJson, to: CommandOf<'move-action'>['to']): string {
  if (state === to) return `${id} is ${state} already`;
  if (to === 'checked' && state === 'open') return `${id} is open: it must be done before it is checked`;
  return `${id} is ${state}; from there it can be ${actionMoves[state].join(' or ')} only`;
}

function checkTheChecker(draft: Draft, { id, twoPeople, owner, doneBy }: ActionJson): void {
  if (!twoPeople) return;
  if (isSamePerson(draft.by, doneBy)) draft.object('by', ofTwoPeople(`${draft.by} did ${id}`));
  else if (isSamePerson(draft.by, owner)) draft.object('by', ofTwoPeople(`${draft.by} owns ${id}`));
}

function checkTwoPeople(
  draft: Draft,
  owner: string | null | undefined,
  checker: string | null | undefined,
): void {
  if (isSamePerson(owner, checker)) draft.object('checker', ofTwoPeople(`${owner} owns it`));
}

function ofTwoPeople(fact: string): string {
  return `${fact}, and it is marked for two people: somebody else must check it`;
}

/** A day of the calendar, 2026-02-30 is none, that a plan can mean. */
function checkDay(draft: Draft, due: string | undefined): void {
  if (due === undefined) return;
  const day = new Date(`${due}T00:00:00Z`);
  if (Number.isNaN(day.getTime()) || day.toISOString().slice(0, 10) !== due) {
    draft.object('due', `${due} is no day of the calendar: write one such as 2026-03-01`);
    return;
  }
  const { startedAt } = draft.incident;
  if (day.getTime() + END_OF_DAY_MS <= Date.parse(startedAt)) {
    draft.object('due', `${due} is before the incident, which began at ${startedAt}`);
  }
  if (day.getTime() > draft.at + LATEST_DUE_MS) draft.object('due', `${due} is more than five years away`);
}
