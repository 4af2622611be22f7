import { monotonicNow, wallNow } from '../../core/clock.ts';
import type { IncidentRecord } from '../incident/record.ts';
import { isOpen } from '../incident/status.ts';
import type { Journal, JournalEntry } from '../journal/journal.ts';
import { messages } from '../messages.ts';
import type { IncidentSettings } from '../options.ts';
import type { PolicyReader } from '../policy-reader.ts';
import type { IncidentRegister } from '../register.ts';
import { Followed, type Other } from './followed.ts';
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
  /** What was read of the journal. Default: nothing. */
  readonly followed?: Followed | undefined;
  readonly report: (error: unknown) => void;
  readonly schedule: () => void;
}

/** How often it is asked again whether whoever tends an incident is gone. */
const ASK_AGAIN_MS = 30_000;
/** How often an incident's past is read again because more of it came meanwhile. */
const MAX_READINGS = 3;

/** Goes on with what the journal knows: incidents of processes that are no more, and what other processes write. */
export class Restorer {
  readonly #parts: RestorerParts;
  /** Incidents that this process does not tend. */
  readonly #followed: Followed;
  /** Writers that were asked for since all were, and live. */
  readonly #asked = new Set<string>();
  readonly #reported = new WeakSet<IncidentRecord>();
  readonly #recalling = new Set<string>();
  #askAt = Number.POSITIVE_INFINITY;

  constructor(parts: RestorerParts) {
    this.#parts = parts;
    this.#followed = parts.followed ?? new Followed(parts.settings);
  }

  /** Takes in what the journal held when it was opened, beside what is followed already. */
  restore(entries: Iterable<JournalEntry>): void {
    for (const entry of entries) this.#followed.take(entry);
    for (const change of this.#followed.takeHubChanges()) this.#parts.onHub(change);
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
      const other = this.#followed.take(entry);
      if (other !== undefined) this.#consider(other);
      if (change.type === 'reopened' && other?.record.begun === false) void this.#recall(id);
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

  /** Something is new of an incident of others: whether its tender is gone is asked at once of one that was not yet. */
  #consider(other: Other): void {
    const { record, tender } = other;
    const isNews = record.begun ? needsTender(record) : !this.#reported.has(record);
    if (!isNews) return;
    if (record.begun && !this.#asked.has(tender)) {
      this.#asked.add(tender);
      if (this.#isGone(other)) this.#adopt(record);
    }
    if (this.#askAt !== Number.POSITIVE_INFINITY) return;
    this.#askAt = monotonicNow() + ASK_AGAIN_MS;
    this.#parts.schedule();
  }

  /** @param atStart whether those that are over are taken over too, to be listed and sent */
  #adoptAll(atStart: boolean): void {
    const { report, schedule, settings } = this.#parts;
    this.#asked.clear();
    const gone = new Map<string, boolean>();
    const over = [...this.#followed.over];
    // Of what is over and done, no more than is kept: each writer that is taken over costs a claim on disk.
    const kept = new Set(atStart ? over.slice(Math.max(0, over.length - settings.maxResolvedIncidents)) : []);
    const wanted = over.filter((other) => kept.has(other) || needsTender(other.record));
    const all = [...wanted, ...this.#followed.open];
    for (const other of all.sort((a, b) => a.record.startedAt - b.record.startedAt)) {
      const isGone = gone.get(other.tender) ?? this.#isGone(other, atStart);
      // What a command declared depends on the policy, too.
      if (!isCommand(other.tender)) gone.set(other.tender, isGone);
      if (isGone) this.#adopt(other.record);
      else this.#asked.add(other.tender);
    }
    this.#reportStrays();
    const leftOut = this.#followed.takeLeftOut();
    if (leftOut > 0)
      report(new Error(`${leftOut} open incidents of other processes are too many to follow.`));
    const waits =
      this.#followed.hasOpen || [...this.#followed.over].some(({ record }) => needsTender(record));
    this.#askAt = waits ? monotonicNow() + ASK_AGAIN_MS : Number.POSITIVE_INFINITY;
    schedule();
  }

  #isGone({ record, tender }: Other, atStart = false): boolean {
    // What a command declared is for the process that has the policy.
    const isMine = !isCommand(tender) || atStart || this.#parts.policies.read(record.policy).exists;
    return isMine && this.#parts.journal.adopt(tender);
  }

  #reportStrays(): void {
    for (const { record, tender } of this.#followed.strays) {
      if (this.#reported.has(record) || this.#recalling.has(record.id)) continue;
      this.#reported.add(record);
      const text = `The journal has changes of incident ${record.id}, by ${tender}, but not its beginning; nobody tends it.`;
      this.#parts.report(new Error(text));
    }
  }

  /** An incident that is not kept any more is reopened: its past is in the journal. Never rejects. */
  async #recall(id: string): Promise<void> {
    if (this.#recalling.has(id)) return;
    this.#recalling.add(id);
    try {
      for (let readings = 1; readings <= MAX_READINGS; readings += 1) {
        const stray = this.#followed.find(id);
        const known = stray?.taken;
        const past = new Followed(this.#parts.settings);
        for (const entry of await this.#parts.journal.history(id)) past.take(entry);
        const recalled = past.find(id);
        if (stray === undefined || recalled?.record.begun !== true) return;
        // What came while it was read may be missing.
        if (stray.taken !== known && readings < MAX_READINGS) continue;
        this.#followed.add(recalled.record, recalled.tender);
        this.#asked.delete(recalled.tender);
        this.#consider(recalled);
        return;
      }
    } catch (error) {
      this.#parts.report(error);
    } finally {
      this.#recalling.delete(id);
    }
  }

  #adopt(record: IncidentRecord): void {
    this.#followed.drop(record.id);
    const { keeper, ledger, people, sender, teller, settings } = this.#parts;
    const watch = keeper.adopt(record);
    if (isOpen(record.status)) {
      const text = messages.adopted(settings.instance);
      ledger.record(record, { type: 'adopted', at: wallNow(), instance: settings.instance, text });
    }
    for (const { control, text } of record.controlsInForce) {
      const change = { control, text: messages.controlLeft(text), ended: true };
      ledger.record(record, { type: 'steered', at: wallNow(), ...change });
    }
    sender.resume(record);
    if (record.drill) people.finishDrill(watch, messages.drillLeft);
    teller.resume(watch);
    this.#parts.schedule();
  }

  /** Another process tends it now. */
  #handOver(id: string, writer: string): void {
    const record = this.#parts.register.get(id);
    if (record === undefined) return;
    this.#parts.register.drop(id);
    this.#parts.ledger.handOver(record);
    this.#parts.onHandedOver(record);
    this.#followed.add(record, writer);
  }
}

/** Whether a process must go on with it: it is open, or something that was begun for it has no end. */
function needsTender({ status, unsent, controlsInForce }: IncidentRecord): boolean {
  return isOpen(status) || unsent || controlsInForce.length > 0;
}

function isCommand(writer: string): boolean {
  return writer.startsWith('cli-');
}
