import { monotonicNow } from '../../core/clock.ts';
import { InnerPassage, type Passage } from '../../core/passage.ts';
import type { Outer } from '../../core/pipeline.ts';
import type { Admitted } from './limiter.ts';
import { loopDelay } from './loop-delay.ts';

/** Who gave a place, and hears what becomes of it. */
export interface Placer extends Outer {
  /** The caller has its answer from it, a stream, which is not over. */
  began(place: Place, now: number): void;
  /** An operation of it was given up and still runs. */
  left(place: Place): void;
  /** All that were given up have really ended. */
  ended(place: Place): void;
}

/** A passage under the limit. It has its place until its operations have really ended. */
export class Place extends InnerPassage implements Admitted {
  readonly #placer: Placer;
  readonly #enteredAt: number;
  readonly #blockedMs: number;
  phase = 0;
  /** How long it took until the caller had its answer, and how much of that the event loop may have added. */
  #tookMs: number | undefined = undefined;
  #delayMs = 0;
  #left = 0;
  /** Monotonic time at which an operation of it was given up. */
  leftAt = 0;
  /** Whether it gave a stream, whose beginning told how long it took. */
  hasBegun = false;
  /** Whether its outcome has gone outward. */
  isSettled = false;
  /** Whether it is in beyond the limit, as in shadow mode. */
  isExtra = false;
  /** Whether it counts as in flight no more. */
  isReleased = false;

  constructor(placer: Placer, outer: Passage, now: number) {
    super(placer, outer);
    this.#placer = placer;
    this.#enteredAt = now;
    this.#blockedMs = loopDelay.enter(now);
  }

  /** Whether an operation of it was given up and still runs. */
  get isOccupied(): boolean {
    return this.#left > 0;
  }

  /** How long it took, in milliseconds; of a stream, until it began. */
  get tookMs(): number {
    return this.#tookMs ?? 0;
  }

  /** How long the event loop was blocked meanwhile, in milliseconds. */
  get delayMs(): number {
    return this.#delayMs;
  }

  /** The time is taken, unless it was before. */
  stopClock(now: number): void {
    if (this.#tookMs !== undefined) return;
    this.#tookMs = Math.max(0, now - this.#enteredAt);
    this.#delayMs = loopDelay.blockedMs(now) - this.#blockedMs;
    loopDelay.leave();
  }

  override answered(within: Passage | undefined): void {
    if (!this.hasBegun) {
      this.hasBegun = true;
      const now = monotonicNow();
      this.stopClock(now);
      this.#placer.began(this, now);
    }
    super.answered(within);
  }

  override operationLeft(): void {
    this.#left += 1;
    this.leftAt = monotonicNow();
    this.#placer.left(this);
    super.operationLeft();
  }

  override operationEnded(): void {
    this.#left -= 1;
    super.operationEnded();
    if (this.#left === 0) this.#placer.ended(this);
  }
}
