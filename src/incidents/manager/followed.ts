import { IncidentRecord } from '../incident/record.ts';
import { isOpen } from '../incident/status.ts';
import type { JournalEntry } from '../journal/entry.ts';
import type { HubChange } from './hub-change.ts';

/** Most incidents of others that are followed while they are open, and that are kept when they are over. */
const MAX_OPEN = 5_000;
const MAX_OVER = 1_000;
/** Most of which only later changes are known. */
const MAX_STRAYS = 100;
/** Most changes of the hub that wait to be taken. */
const MAX_HUB_CHANGES = 2_000;

/** An incident that this process does not tend. */
export interface Other {
  readonly record: IncidentRecord;
  /** The writer that tends it. */
  tender: string;
  /** How many of its entries were taken in. */
  taken: number;
}

/** Limits of a `Followed`. */
export interface FollowedLimits {
  readonly maxTimelineEntries: number;
  readonly maxOpen?: number | undefined;
}

/**
 * The incidents that this process does not tend, as the journal tells of them, entry by entry: however long it is,
 * what is kept of it is bounded.
 */
export class Followed {
  readonly #maxTimelineEntries: number;
  readonly #maxOpen: number;
  readonly #open = new Map<string, Other>();
  readonly #over = new Map<string, Other>();
  readonly #strays = new Map<string, Other>();
  #hubChanges: HubChange[] = [];
  #leftOut = 0;

  constructor({ maxTimelineEntries, maxOpen = MAX_OPEN }: FollowedLimits) {
    this.#maxTimelineEntries = maxTimelineEntries;
    this.#maxOpen = maxOpen;
  }

  /** Those that are open. */
  get open(): Iterable<Other> {
    return this.#open.values();
  }

  /** Those that are over and kept. */
  get over(): Iterable<Other> {
    return this.#over.values();
  }

  /** Those whose beginning is not known. Nobody tends them: an id that was mistyped makes no incident. */
  get strays(): Iterable<Other> {
    return this.#strays.values();
  }

  get hasOpen(): boolean {
    return this.#open.size > 0;
  }

  /** How many open ones there was no room for since this was asked last. */
  takeLeftOut(): number {
    const leftOut = this.#leftOut;
    this.#leftOut = 0;
    return leftOut;
  }

  /** Takes an entry in. The incident that it is about; `undefined` where it is about the hub. */
  take(entry: JournalEntry): Other | undefined {
    if ('hub' in entry) {
      this.#hubChanges.push(entry.hub);
      if (this.#hubChanges.length > 2 * MAX_HUB_CHANGES)
        this.#hubChanges = this.#hubChanges.slice(-MAX_HUB_CHANGES);
      return undefined;
    }
    const { incident: id, change, writer } = entry;
    const other = this.find(id) ?? this.#make(id, writer);
    other.record.apply(change);
    other.taken += 1;
    if (change.type === 'detected' || change.type === 'adopted') other.tender = writer;
    this.#place(other);
    return other;
  }

  /** The changes of the hub that were taken in. */
  takeHubChanges(): readonly HubChange[] {
    const changes = this.#hubChanges.slice(-MAX_HUB_CHANGES);
    this.#hubChanges = [];
    return changes;
  }

  /** Follows one that another process tends now. */
  add(record: IncidentRecord, tender: string): void {
    this.#place({ record, tender, taken: 0 });
  }

  find(id: string): Other | undefined {
    return this.#open.get(id) ?? this.#over.get(id) ?? this.#strays.get(id);
  }

  drop(id: string): void {
    this.#open.delete(id);
    this.#over.delete(id);
    this.#strays.delete(id);
  }

  #make(id: string, tender: string): Other {
    return { record: new IncidentRecord(id, this.#maxTimelineEntries), tender, taken: 0 };
  }

  /** Puts it where it belongs by its status, the latest last. What there is no room for is forgotten. */
  #place(other: Other): void {
    const { id, begun, status } = other.record;
    const [place, limit] = !begun
      ? [this.#strays, MAX_STRAYS]
      : isOpen(status)
        ? [this.#open, this.#maxOpen]
        : [this.#over, MAX_OVER];
    if (place.get(id) === other) return;
    this.drop(id);
    place.set(id, other);
    if (place.size <= limit) return;
    for (const oldest of place.keys()) {
      place.delete(oldest);
      break;
    }
    if (place === this.#open) this.#leftOut += 1;
  }
}
