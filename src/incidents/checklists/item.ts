import type { Authored, ChecklistJson, IncidentJson } from '../incident/document.ts';

/** What checklists are derived from. */
export type ChecklistFacts = Omit<IncidentJson, 'checklists'>;

/** An item of a checklist as it appears in the document. */
export type ChecklistItemJson = ChecklistJson['items'][number];

/** How the library knows that an item is done. */
export interface Proof {
  readonly at: string | null;
  readonly by: string | null;
  readonly reason: string;
}

/** Something that must not be left out. */
export interface ChecklistItem {
  readonly id: string;
  readonly text: string;
  readonly gates: ChecklistItemJson['gates'];
  /** Whether the library can see by itself that it is done. */
  readonly automatic: boolean;
  readonly proof?: Proof | undefined;
  /** What to do, where saying that it is done is not enough. */
  readonly instead?: string | undefined;
  /** What whoever says that it is done must say with it; without it nothing need be said. */
  readonly note?: string | undefined;
}

/** What proves an item, from the entry that does. */
export function provenBy(entry: Authored | undefined, reason: string): Proof | undefined {
  return entry && { at: entry.at, by: entry.by, reason };
}

/** The item as it stands: what the library sees counts, and else what people said last. */
export function settled(item: ChecklistItem, checks: ChecklistFacts['checks']): ChecklistItemJson {
  const { id, text, gates, automatic, proof, instead } = item;
  const base = { id, text, gates, automatic };
  const said = checks.find((check) => check.item === id);
  const reopened = said?.state === 'open' && instead === undefined;
  if (proof !== undefined && !reopened) return { ...base, state: 'done', ...proof };
  if (said === undefined || (said.state === 'done' && instead !== undefined)) {
    return { ...base, state: 'open', at: null, by: null, reason: null };
  }
  const { state, at, by, reason } = said;
  return { ...base, state, at, by, reason };
}
