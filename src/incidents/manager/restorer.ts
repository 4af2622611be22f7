import { monotonicNow, wallNow } from '../../core/clock.ts';
import { IncidentRecord } from '../incident/record.ts';
import { isOpen } from '../incident/status.ts';
import type { Journal, JournalEntry } from '../journal/journal.ts';
import { messages } from '../messages.ts';
import type { IncidentSettings } from '../options.ts';
import type { PolicyReader } from '../policy-reader.ts';
import type { IncidentRegister } from '../register.ts';
import type { HubChange } from './hub-change.ts';
import type { Keeper } from './keeper.ts';
import type { Ledger } from './ledger.ts';
import type { People } from './people.ts';
import type { Sender } from './sender.ts';
import type { Teller } from './teller.ts';

/** What a `Restorer` works with. */
export interface RestorerParts {
  readonly settings: Pick<IncidentSettings, 'instance' | 'maxTimelineEntries' | 'maxResolvedIncidents'>;
  readonly journal: Journal;
  readonly register: IncidentRegister;
  readonly policies: PolicyReader;
  readonly ledger: Ledger;
  readonly keeper: Keeper;
  readonly teller: Teller;
  readonly sender: Sender;
  readonly people: People;
  /** Another process tends the incident now. */
  readonly onHandedOver: (record: IncidentRecord) => void;
  readonly onHub: (change: HubChange) => void;
  readonly schedule: () => void;
}

/** How often it is asked again whether whoever tends an incident is gone. */
const ASK_AGAIN_MS = 30_000;
/** Most incidents of others that are followed. */
const MAX_OTHERS = 1_000;

interface Other {
  readonly record: IncidentRecord;
  /** The writer that tends it. */
  tender: string;
}

/** Goes on with what the journal knows: incidents of processes that are no more, and what other processes write. */
export class Restorer {
  readonly #parts: RestorerParts;
  /** Incidents that this process does not tend. */
  readonly #others = new Map<string, Other>();
  #askAt = Number.POSITIVE_INFINITY;

  constructor(parts: RestorerParts) {
    this.#parts = parts;
  }

  /** Takes in what the journal held when it was opened. */
  restore(entries: readonly JournalEntry[]): void {
    for (const entry of entries) {
      if ('hub' in entry) this.#parts.onHub(entry.hub);
      else this.#follow(entry);
    }
    this.#adoptAll(true);
  }

  /** Takes in what another process wrote. */
  heard(entry: JournalEntry): void {
    if ('hub' in entry) {
      this.#parts.onHub(entry.hub);
      return;
    }
    const { incident: id, change, writer } = entry;
    const watch = this.#parts.register.watchOf(id);
    if (watch === undefined) {
      this.#follow(entry);
      this.#adoptAll(false);
    } else if (change.type === 'adopted') this.#handOver(id, writer);
    else {
      // What came too late, because somebody else was there first, is told nobody.
      if (this.#parts.ledger.takeIn(watch.record, change)) this.#parts.people.after(watch, change);
      this.#parts.schedule();
    }
  }

  /** When it is asked again who is gone, on the monotonic clock; infinite while nobody tends an open incident. */
  nextAt(): number {
    return this.#askAt;
  }

  look(now: number): void {
    if (this.#askAt <= now) this.#adoptAll(false);
  }

  #follow(entry: Extract<JournalEntry, { readonly incident: string }>): void {
    const { incident: id, change, writer } = entry;
    let other = this.#others.get(id);
    if (other === undefined) {
      const oldestOver = [...this.#others].find(([, { record }]) => !isOpen(record.status));
      if (this.#others.size >= MAX_OTHERS && oldestOver !== undefined) this.#others.delete(oldestOver[0]);
      other = { record: new IncidentRecord(id, this.#parts.settings.maxTimelineEntries), tender: writer };
      this.#others.set(id, other);
    }
    other.record.apply(change);
    if (change.type === 'detected' || change.type === 'adopted') other.tender = writer;
  }

  /** @param atStart whether those that are over are taken over too, to be listed and sent */
  #adoptAll(atStart: boolean): void {
    for (const [id, { record, tender }] of [...this.#others]) {
      if (!atStart && !isOpen(record.status)) continue;
      // What a command declared is for the process that has the policy.
      const isMine = !tender.startsWith('cli-') || this.#parts.policies.read(record.policy).exists || atStart;
      if (isMine && this.#parts.journal.adopt(tender)) {
        this.#others.delete(id);
        this.#adopt(record);
      }
    }
    const waits = [...this.#others.values()].some(({ record }) => isOpen(record.status));
    this.#askAt = waits ? monotonicNow() + ASK_AGAIN_MS : Number.POSITIVE_INFINITY;
    this.#parts.schedule();
  }

  #adopt(record: IncidentRecord): void {
    const { keeper, ledger, people, sender, teller, settings } = this.#parts;
    const watch = keeper.adopt(record);
    if (isOpen(record.status)) {
      const text = messages.adopted(settings.instance);
      ledger.record(record, { type: 'adopted', at: wallNow(), instance: settings.instance, text });
    }
    sender.resume(record);
    if (record.drill) people.finishDrill(watch, messages.drillLeft);
    if (isOpen(record.status)) teller.resume(watch);
    this.#parts.schedule();
  }

  /** Another process tends it now. */
  #handOver(id: string, writer: string): void {
    const record = this.#parts.register.get(id);
    if (record === undefined) return;
    this.#parts.register.drop(id);
    this.#parts.ledger.handOver(record);
    this.#parts.onHandedOver(record);
    this.#others.set(id, { record, tender: writer });
  }
}
