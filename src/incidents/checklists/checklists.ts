import { type ChecklistJson, type ChecklistName, checklistNames } from '../incident/document.ts';
import { contactItems } from './contact.ts';
import { impactItems } from './impact.ts';
import { type ChecklistFacts, type ChecklistItem, settled } from './item.ts';
import { verificationItems } from './verification.ts';
import { workItems } from './work.ts';

const itemsOf: Readonly<Record<ChecklistName, (facts: ChecklistFacts) => readonly ChecklistItem[]>> = {
  contact: contactItems,
  impact: impactItems,
  work: workItems,
  verification: verificationItems,
};

/**
 * The checklists against what is left out under stress, with what the incident shows by itself and what people said. Only
 * what applies is asked for.
 */
export function checklistsOf(facts: ChecklistFacts): readonly ChecklistJson[] {
  return checklistNames.map((name) => ({
    name,
    items: itemsOf[name](facts).map((item) => settled(item, facts.checks)),
  }));
}

/** Every item with what must be done for it, where saying that it is done is not enough. */
export function checklistItems(facts: ChecklistFacts): readonly ChecklistItem[] {
  return checklistNames.flatMap((name) => itemsOf[name](facts));
}
