import { InnerPassage, type Passage } from '../../core/passage.ts';
import type { Outer } from '../../core/pipeline.ts';
import type { EndCause } from '../../core/scope.ts';
import type { Occupant } from './places.ts';

/** What a lease tells the bulkhead that gave it. */
export interface Lessor extends Outer {
  /** It has waited for as long as it may. */
  waitedTooLong(lease: Lease, now: number): void;
  /** Nobody waits for it any more, so it need not wait for its place either. */
  leftQueue(lease: Lease, cause: EndCause, reason: unknown): void;
  /** All of its operations have really ended, after its outcome. */
  emptied(lease: Lease): void;
}

/**
 * How far a passage through a bulkhead has come: it waits; it is in; its outcome has gone outward while an operation of
 * it still runs; it has no place any more.
 */
export type Stage = 'waiting' | 'inside' | 'answered' | 'outside';

/** A passage that waits for a place of a bulkhead, or has one until its operation has really ended. */
export class Lease extends InnerPassage implements Occupant<Lease> {
  readonly #lessor: Lessor;
  stage: Stage = 'outside';
  /** Whether its outcome is still to come. */
  isUnderWay = true;
  ahead: Lease | undefined = undefined;
  behind: Lease | undefined = undefined;
  /** How long it may wait, where that is bounded. */
  mayWaitMs = Number.POSITIVE_INFINITY;
  leasedAt = 0;
  isExtra = false;
  /** How many operations were given up and still run. */
  #left = 0;

  constructor(lessor: Lessor, outer: Passage) {
    super(lessor, outer);
    this.#lessor = lessor;
  }

  get rank(): number {
    return this.call.settings.priority;
  }

  get isWaiting(): boolean {
    return this.stage === 'waiting';
  }

  /** Whether an operation that was given up still runs. */
  get isOccupied(): boolean {
    return this.#left > 0;
  }

  override operationLeft(): void {
    this.#left += 1;
    super.operationLeft();
  }

  override operationEnded(): void {
    this.#left -= 1;
    super.operationEnded();
    if (this.#left === 0 && this.stage === 'answered') this.#lessor.emptied(this);
  }

  override expire(now: number): void {
    this.#lessor.waitedTooLong(this, now);
  }

  protected override stopped(cause: EndCause, reason: unknown): void {
    // Where an operation runs, it has settled before this.
    if (this.isWaiting) this.#lessor.leftQueue(this, cause, reason);
  }
}
