import { checklistItems } from '../checklists/checklists.ts';
import type { IncidentChange } from '../incident/changes/change.ts';
import { mitigatedStep } from '../incident/reopening.ts';
import { isOverHereOnly } from '../incident/shared-alert.ts';
import { isBefore, isOpen } from '../incident/status.ts';
import type { CommandOf, Draft } from './draft.ts';
import { passGates } from './gates.ts';

type Changes = readonly IncidentChange[];

export function acknowledge(draft: Draft): Changes {
  const { incident, at, by } = draft;
  if (!isBefore(incident.status, 'acknowledged')) objectToStep(draft);
  return [{ type: 'acknowledged', at, by }];
}

export function mitigate(draft: Draft, command: CommandOf<'mitigated'>): Changes {
  const { incident, at, by } = draft;
  if (!isBefore(incident.status, 'mitigated')) {
    objectToStep(draft);
    return [];
  }
  const waived = passGates(draft, command, ['mitigated']);
  return [...waived, { type: 'mitigated', at, by, reason: draft.text('reason', command.reason) }];
}

/**
 * Whoever leaves out that it was mitigated passes that step's gates with this one. What resolved itself here is resolved
 * for all who share its alert, which nothing gates.
 */
export function resolve(draft: Draft, command: CommandOf<'resolve'>): Changes {
  const { incident, at, by } = draft;
  if (isOverHereOnly(incident)) {
    const waived = passGates(draft, command, []);
    const reason = draft.textIfAny('reason', command.reason) ?? 'it is over for all instances.';
    return [...waived, { type: 'resolved', at, by, reason, durationMs: incident.durationMs ?? 0 }];
  }
  if (!isOpen(incident.status)) {
    objectToStep(draft);
    return [];
  }
  const gates =
    mitigatedStep(incident.steps) === undefined
      ? (['mitigated', 'resolved'] as const)
      : (['resolved'] as const);
  const waived = passGates(draft, command, gates);
  const reason = draft.textIfAny('reason', command.reason) ?? 'resolved by hand.';
  const durationMs = Math.max(0, at - Date.parse(incident.startedAt));
  return [...waived, { type: 'resolved', at, by, reason, durationMs }];
}

/** Nobody is held up by what resolves itself: what it left out is asked for here, with all that is open. */
export function close(draft: Draft, command: CommandOf<'close'>): Changes {
  const { incident, at, by } = draft;
  if (incident.status === 'closed') {
    objectToStep(draft);
    return [];
  }
  if (incident.status !== 'resolved') {
    draft.object('', `it is ${incident.status}, not resolved: 'resolve' it first`);
    return [];
  }
  const waived = passGates(draft, command, ['mitigated', 'resolved', 'closed']);
  return [...waived, { type: 'closed', at, by, reason: draft.textIfAny('reason', command.reason) }];
}

export function reopen(draft: Draft, command: CommandOf<'reopen'>): Changes {
  const { incident, at, by } = draft;
  if (isOpen(incident.status)) draft.object('', `it is open: it is ${incident.status}`);
  return [{ type: 'reopened', at, by, reason: draft.text('reason', command.reason) }];
}

export function setSeverity(draft: Draft, command: CommandOf<'severity'>): Changes {
  const { incident, at, by } = draft;
  const { severity: from } = incident;
  const { severity: to } = command;
  if (from === to) draft.object('severity', `it is ${to} already: ${incident.why}`);
  return [{ type: 'severity', at, from, to, why: draft.text('why', command.why), by }];
}

/** Items that others prove are not checked off, only waived. */
export function check(draft: Draft, command: CommandOf<'check'>): Changes {
  const { incident, at, by } = draft;
  const { state } = command;
  const reason = draft.textIfAny('reason', command.reason);
  const items = incident.checklists.flatMap((list) => list.items);
  const item = draft.part('item', command.item, items, 'item of a checklist');
  if (state === 'waived' && reason === undefined) {
    draft.object('reason', 'is missing: an item is waived with a reason only');
  }
  if (item === undefined) return [];
  if (item.state === state) draft.object('state', `${item.id} is ${state} already`);
  const { instead, note } = checklistItems(incident).find(({ id }) => id === item.id) ?? {};
  if (instead !== undefined && (state === 'done' || item.state === 'done')) {
    draft.object('item', `${item.id} is not set by hand: ${instead}`);
  }
  if (note !== undefined && state === 'done' && reason === undefined) {
    draft.object('reason', `is missing: say ${note}`);
  }
  return [{ type: 'checked', at, item: item.id, state, reason, by }];
}

function objectToStep(draft: Draft): void {
  const { incident } = draft;
  const { status } = incident;
  const last = incident.steps.findLast((step) => step.status === status);
  const who = last === undefined || last.by === null ? '' : `, by ${last.by}`;
  const when = last === undefined ? '' : ` since ${last.at}`;
  const hint = isOpen(status) ? '' : `; 'reopen' it if the trouble is back`;
  draft.object('', `it is ${status} already${when}${who}${hint}`);
}
