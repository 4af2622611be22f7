import type { JournalEntry } from '../journal/entry.ts';
import { IncidentRecord } from './record.ts';

/** An entry about an incident. */
type IncidentEntry = Extract<JournalEntry, { readonly incident: string }>;

/**
 * The incidents that a journal's entries tell of, in the order in which it first names them. One whose beginning is not
 * known is none: it may be an id that somebody mistyped.
 *
 * @param onIneffective is told of each entry that moved nothing, because somebody else was there first
 * @param onStray is told of each whose beginning is not known
 */
export function foldEntries(
  entries: readonly JournalEntry[],
  onIneffective: (entry: IncidentEntry) => void = () => {},
  onStray: (record: IncidentRecord) => void = () => {},
): readonly IncidentRecord[] {
  const records = new Map<string, IncidentRecord>();
  for (const entry of entries) {
    if (!('incident' in entry)) continue;
    const record = records.get(entry.incident) ?? new IncidentRecord(entry.incident);
    records.set(entry.incident, record);
    if (!record.apply(entry.change)) onIneffective(entry);
  }
  for (const record of records.values()) if (!record.begun) onStray(record);
  return [...records.values()].filter(({ begun }) => begun);
}
