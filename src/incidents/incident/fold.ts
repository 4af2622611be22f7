import type { JournalEntry } from '../journal/entry.ts';
import { IncidentRecord } from './record.ts';

/** An entry about an incident. */
type IncidentEntry = Extract<JournalEntry, { readonly incident: string }>;

/**
 * The incidents that a journal's entries tell of, in the order in which it first names them.
 *
 * @param onIneffective is told of each entry that moved nothing, because somebody else was there first
 */
export function foldEntries(
  entries: readonly JournalEntry[],
  onIneffective: (entry: IncidentEntry) => void = () => {},
): readonly IncidentRecord[] {
  const records = new Map<string, IncidentRecord>();
  for (const entry of entries) {
    if (!('incident' in entry)) continue;
    const record = records.get(entry.incident) ?? new IncidentRecord(entry.incident);
    records.set(entry.incident, record);
    if (!record.apply(entry.change)) onIneffective(entry);
  }
  return [...records.values()];
}
