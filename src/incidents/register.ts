import type { IncidentRecord } from './incident/record.ts';
import type { Watch } from './watch.ts';

/** The incidents that are kept: one open one per policy, and the latest resolved ones. */
export class IncidentRegister {
  readonly #maxResolved: number;
  readonly #records = new Map<string, IncidentRecord>();
  readonly #open = new Map<string, Watch>();
  readonly #resolved: string[] = [];

  constructor(maxResolved: number) {
    this.#maxResolved = maxResolved;
  }

  add(watch: Watch): void {
    this.#records.set(watch.record.id, watch.record);
    this.#open.set(watch.record.policy, watch);
  }

  /** Moves a record that was resolved to the resolved ones, and forgets the oldest of those past the limit. */
  close({ record }: Watch): void {
    this.#open.delete(record.policy);
    this.#resolved.push(record.id);
    for (const id of this.#resolved.splice(0, this.#resolved.length - this.#maxResolved))
      this.#records.delete(id);
  }

  /** The open incident of `policy`. */
  openOf(policy: string): Watch | undefined {
    return this.#open.get(policy);
  }

  open(): readonly Watch[] {
    return [...this.#open.values()];
  }

  get(id: string): IncidentRecord | undefined {
    return this.#records.get(id);
  }

  /** All that are kept, oldest first. */
  all(): readonly IncidentRecord[] {
    return [...this.#records.values()];
  }
}
