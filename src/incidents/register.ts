import type { IncidentRecord } from './incident/record.ts';
import type { Watch } from './watch.ts';

/** Most incidents over the limit that are kept because something of them is to be told yet. */
const MAX_PENDING = 1_000;

/** The incidents that are kept: the open ones, and the latest of those that are over. */
export class IncidentRegister {
  readonly #maxResolved: number;
  readonly #records = new Map<string, IncidentRecord>();
  readonly #open = new Map<string, Watch>();
  /** The open ones of each policy, drills included, oldest first. */
  readonly #openByPolicy = new Map<string, Set<Watch>>();
  /** Of those that are over and may be reopened, by id, oldest first. */
  readonly #over = new Map<string, Watch>();

  constructor(maxResolved: number) {
    this.#maxResolved = maxResolved;
  }

  add(watch: Watch): void {
    const { id } = watch.record;
    this.#records.set(id, watch.record);
    this.#over.delete(id);
    this.#open.set(id, watch);
    const { policy } = watch.record;
    this.#openByPolicy.set(policy, (this.#openByPolicy.get(policy) ?? new Set()).add(watch));
  }

  /** Moves one that is over to those that are, and forgets the oldest of them past the limit. */
  close(watch: Watch): void {
    const { id } = watch.record;
    this.#records.set(id, watch.record);
    this.#endOpen(id);
    this.#over.delete(id);
    this.#over.set(id, watch);
    let tooMany = this.#over.size - this.#maxResolved;
    for (const [oldest, { telling }] of this.#over) {
      if (tooMany <= 0) return;
      if (telling.pending !== undefined && tooMany <= MAX_PENDING) continue;
      this.#over.delete(oldest);
      this.#records.delete(oldest);
      tooMany -= 1;
    }
  }

  /** Forgets one that another process tends. */
  drop(id: string): void {
    this.#records.delete(id);
    this.#endOpen(id);
    this.#over.delete(id);
  }

  /** The open incident of `policy` that is no drill. */
  openOf(policy: string): Watch | undefined {
    for (const watch of this.#openByPolicy.get(policy) ?? []) if (!watch.record.drill) return watch;
    return undefined;
  }

  /** All open incidents of `policy`, a drill included. */
  allOpenOf(policy: string): readonly Watch[] {
    return [...(this.#openByPolicy.get(policy) ?? [])];
  }

  /** The latest of the policy's incidents that are over, drills aside. */
  latestOver(policy: string): Watch | undefined {
    return [...this.#over.values()].findLast(({ record }) => record.policy === policy && !record.drill);
  }

  open(): readonly Watch[] {
    return [...this.#open.values()];
  }

  /** Of all that are kept. */
  watches(): readonly Watch[] {
    return [...this.#open.values(), ...this.#over.values()];
  }

  /** The incident's watch, whether it is open or over. */
  watchOf(id: string): Watch | undefined {
    return this.#open.get(id) ?? this.#over.get(id);
  }

  isOpen(id: string): boolean {
    return this.#open.has(id);
  }

  get(id: string): IncidentRecord | undefined {
    return this.#records.get(id);
  }

  /** Those that are over, oldest first. */
  *over(): Generator<IncidentRecord> {
    for (const { record } of this.#over.values()) yield record;
  }

  /** All that are kept, oldest first. */
  all(): readonly IncidentRecord[] {
    return [...this.#records.values()];
  }

  #endOpen(id: string): void {
    const watch = this.#open.get(id);
    if (watch === undefined) return;
    this.#open.delete(id);
    const { policy } = watch.record;
    const ofPolicy = this.#openByPolicy.get(policy);
    ofPolicy?.delete(watch);
    if (ofPolicy?.size === 0) this.#openByPolicy.delete(policy);
  }
}
