import type { JournalEntry } from '../journal/entry.ts';
import { IncidentRecord } from './record.ts';

/** The incidents that a journal's entries tell of, in the order in which it first names them. */
export function foldEntries(entries: readonly JournalEntry[]): readonly IncidentRecord[] {
  const records = new Map<string, IncidentRecord>();
  for (const entry of entries) {
    if (!('incident' in entry)) continue;
    const record = records.get(entry.incident) ?? new IncidentRecord(entry.incident);
    records.set(entry.incident, record);
    record.apply(entry.change);
  }
  return [...records.values()];
}
