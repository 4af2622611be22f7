import { monotonicNow } from '../../core/clock.ts';
import { withoutStack } from '../../core/errors.ts';
import type { PolicyRuntime } from '../../core/runtime.ts';
import { afterDelay } from '../../core/timers.ts';
import type { Lease } from './lease.ts';
import { type BulkheadSettings, DEFAULT_LEASE_MS } from './options.ts';
import type { Places } from './places.ts';

/** What is watched, and who hears of it. */
export interface Watched {
  readonly places: Places<Lease>;
  readonly runtime: PolicyRuntime;
  readonly settings: () => BulkheadSettings;
  /** Places were taken back. */
  readonly onTakenBack: () => void;
}

/**
 * Takes places back from operations that do not end. Whoever finds no place asks it to; by itself it looks, on one timer
 * that does not keep the process alive, only while somebody waits, or an operation still runs whose caller has gone.
 */
export class LeaseWatch {
  readonly #watched: Watched;
  /** How many are in whose callers have been answered. */
  #answered = 0;
  #cancel: (() => void) | undefined = undefined;
  #looksAt = Number.POSITIVE_INFINITY;
  /** How many places it has taken back. */
  takenBack = 0;

  constructor(watched: Watched) {
    this.#watched = watched;
  }

  /** The caller of one who is in has been answered. */
  keepAnswered(): void {
    this.#answered += 1;
    this.look();
  }

  /** One whose caller had been answered is out. */
  letAnsweredGo(): void {
    this.#answered -= 1;
  }

  /** Sees to it that there is a timer as long as there is something to look after, and none otherwise. */
  look(): void {
    const { places, runtime } = this.#watched;
    const { oldest, queued } = places;
    if (oldest === undefined || (queued === 0 && this.#answered === 0)) {
      this.#clear();
      return;
    }
    const dueAt = oldest.leasedAt + this.#maxLeaseMs;
    // One that looks too soon looks again.
    if (runtime.isClosed || this.#looksAt <= dueAt) return;
    this.#clear();
    this.#looksAt = dueAt;
    this.#cancel = afterDelay(dueAt - monotonicNow(), () => {
      this.#clear();
      this.takeBackOverdue(monotonicNow());
      this.look();
    });
  }

  /** Takes the places of all that are overdue, and reports them. */
  takeBackOverdue(now: number): void {
    const { places, runtime, settings, onTakenBack } = this.#watched;
    const maxLeaseMs = this.#maxLeaseMs;
    const before = this.takenBack;
    for (let lease = places.overdue(now, maxLeaseMs); lease !== undefined; ) {
      if (lease.isUnderWay && settings().maxLeaseMs === undefined) {
        places.renew(lease, now);
      } else {
        if (lease.stage === 'answered') this.letAnsweredGo();
        lease.stage = 'outside';
        places.giveBack(lease);
        this.takenBack += 1;
        runtime.report(
          'bulkhead',
          withoutStack(() => new Error(overdueText(runtime.name, maxLeaseMs))),
        );
      }
      lease = places.overdue(now, maxLeaseMs);
    }
    if (this.takenBack > before) onTakenBack();
  }

  /** The policy is closed: it takes no timer any more. */
  stop(): void {
    this.#clear();
  }

  get #maxLeaseMs(): number {
    return this.#watched.settings().maxLeaseMs ?? DEFAULT_LEASE_MS;
  }

  #clear(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#looksAt = Number.POSITIVE_INFINITY;
  }
}

function overdueText(policy: string, maxLeaseMs: number): string {
  return (
    `An operation of policy '${policy}' did not end within the ${maxLeaseMs} ms that it may keep its place of the ` +
    'bulkhead; the place is free for another, and the operation may still run. Have operations end when their signal ' +
    'aborts, or raise bulkhead.maxLeaseMs above what they may take.'
  );
}
