import type { IncidentChange } from '../incident/changes/change.ts';
import type { IncidentRecord } from '../incident/record.ts';
import type { Severity } from '../incident/severity.ts';
import type { IncidentStatus } from '../incident/status.ts';
import type { Journal, JournalBody } from '../journal/journal.ts';
import type { IncidentObserver } from '../ports.ts';
import type { HubChange } from './hub-change.ts';

interface Counted {
  readonly severity: Severity;
  readonly status: IncidentStatus;
}

/**
 * The only way in which incidents change: each change is applied, counted and appended to the journal, in this order
 * and in one turn. Without a journal nothing is written.
 */
export class Ledger {
  readonly journal: Journal | undefined;
  readonly #counters: IncidentObserver;
  /** What the gauge holds of an incident, while it is kept. */
  readonly #counted = new WeakMap<IncidentRecord, Counted>();

  constructor(counters: IncidentObserver, journal: Journal | undefined) {
    this.#counters = counters;
    this.journal = journal;
  }

  /**
   * Changes an incident. The promise resolves once the changes are on disk; there is none without a journal. It never
   * rejects, so that nobody need wait for it.
   */
  record(record: IncidentRecord, ...changes: readonly IncidentChange[]): Promise<void> | undefined {
    for (const change of changes) record.apply(change);
    this.count(record);
    return this.#append(changes.map((change) => ({ incident: record.id, change })));
  }

  /** Like `record`, and gives the changes that had an effect. */
  enact(record: IncidentRecord, changes: readonly IncidentChange[]): readonly IncidentChange[] {
    const effective = changes.filter((change) => record.apply(change));
    this.count(record);
    void this.#append(changes.map((change) => ({ incident: record.id, change })));
    return effective;
  }

  /** Takes in a change that is in the journal already, because another process wrote it. Whether it had an effect. */
  takeIn(record: IncidentRecord, change: IncidentChange): boolean {
    const effective = record.apply(change);
    this.count(record);
    return effective;
  }

  recordHub(change: HubChange): void {
    void this.#append([{ hub: change }]);
  }

  /** Has the gauge say what the incident is now. */
  count(record: IncidentRecord): void {
    if (record.drill) return;
    const { severity, status } = record;
    const before = this.#counted.get(record);
    if (before?.severity === severity && before.status === status) return;
    if (before !== undefined) this.#counters.incidentsChanged(before.severity, before.status, -1);
    this.#counters.incidentsChanged(severity, status, 1);
    this.#counted.set(record, { severity, status });
  }

  /** Another process tends it now: it is no part of this one's gauge. */
  handOver(record: IncidentRecord): void {
    const counted = this.#counted.get(record);
    if (counted !== undefined) this.#counters.incidentsChanged(counted.severity, counted.status, -1);
    this.#counted.delete(record);
  }

  #append(bodies: readonly JournalBody[]): Promise<void> | undefined {
    return bodies.length === 0 ? undefined : this.journal?.append(bodies);
  }
}
