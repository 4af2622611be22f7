import { checklistItems } from '../checklists/checklists.ts';
import type { ChecklistItemJson } from '../checklists/item.ts';
import type { ChangeOf } from '../incident/changes/change.ts';
import { checklistNames, type IncidentJson } from '../incident/document.ts';
import type { CommandOf, Draft } from './draft.ts';

type Step = CommandOf<'mitigated' | 'resolve' | 'close'>;
type Gate = NonNullable<ChecklistItemJson['gates']>;

/** Waives every item that is open and gates the step. */
const ALL = '*';

/**
 * Holds a step against the checklists: every open item that gates it must be waived with it, or it is not taken. Gives
 * what was waived.
 */
export function passGates(draft: Draft, step: Step, gates: readonly Gate[]): readonly ChangeOf<'checked'>[] {
  const open = openItems(draft.incident);
  const gating = open.filter(({ gates: gate }) => gate !== null && gates.includes(gate));
  const waived = waivedItems(draft, step.waive ?? [], open, gating);
  const instead = new Map(checklistItems(draft.incident).map((item) => [item.id, item.instead]));
  for (const { id, text } of gating.filter((item) => !waived.has(item.id))) {
    const how = instead.get(id) ?? `do it, then 'check' it`;
    draft.object('', `${id} is open (${text}): ${how}, or waive it with a reason`);
  }
  const reason = reasonOf(draft, step);
  const { at, by } = draft;
  return [...waived].map((item) => ({ type: 'checked', at, item, state: 'waived', reason, by }));
}

function openItems({ checklists }: IncidentJson): readonly ChecklistItemJson[] {
  return checklists.flatMap(({ items }) => items).filter(({ state }) => state === 'open');
}

function waivedItems(
  draft: Draft,
  names: readonly string[],
  open: readonly ChecklistItemJson[],
  gating: readonly ChecklistItemJson[],
): ReadonlySet<string> {
  const waived = new Set<string>();
  for (const name of names) {
    const list = checklistNames.find((known) => known === name || `${known}.*` === name);
    if (name === ALL) for (const { id } of gating) waived.add(id);
    else if (list !== undefined) {
      for (const { id } of gating) if (id.startsWith(`${list}.`)) waived.add(id);
    } else {
      const all = draft.incident.checklists.flatMap(({ items }) => items.map(({ id }) => id));
      const item = draft.id('waive', name, all, 'item of a checklist');
      if (item !== undefined && open.some(({ id }) => id === item)) waived.add(item);
    }
  }
  return waived;
}

function reasonOf(draft: Draft, { waive = [], waiveReason }: Step): string | undefined {
  if (waiveReason !== undefined && waive.length === 0) {
    draft.object('waive', `is missing: name the items that the reason is for, or '${ALL}' for all`);
  }
  if (waiveReason === undefined && waive.length > 0) {
    draft.object('waiveReason', 'is missing: an item is waived with a reason only');
  }
  return draft.textIfAny('waiveReason', waiveReason);
}
