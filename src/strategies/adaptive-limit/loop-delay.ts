import { monotonicNow } from '../../core/clock.ts';

/** How often it looks whether it is late. */
const TICK_MS = 10;
/** So much later than asked for is usual for a timer. */
const USUAL_LATENESS_MS = 5;

/**
 * For how long this process kept its event loop from turning, while somebody wants to know. A call that ended meanwhile
 * seems to have taken longer than it did, and the dependency is not to blame.
 *
 * It ticks only while calls are in flight, one timer for all of the process. The time until the next tick is read from
 * the clock, so that a block shows before its late tick comes.
 */
export class LoopDelay {
  #users = 0;
  #timer: NodeJS.Timeout | undefined = undefined;
  #timerMadeBy: typeof setTimeout | undefined = undefined;
  #dueAt = Number.POSITIVE_INFINITY;
  #blockedMs = 0;
  readonly #onTimer = (): void => this.#tick(monotonicNow());

  /** Whether a timer exists. */
  get hasTimer(): boolean {
    return this.#timer !== undefined;
  }

  /** Starts to look, and says how long the loop had been blocked until now, in milliseconds. */
  enter(now: number): number {
    this.#users += 1;
    // Fake timers have come or gone since: what the other clock showed says nothing.
    if (this.#timerMadeBy !== undefined && this.#timerMadeBy !== setTimeout) this.#forgetTimer();
    if (this.#timer === undefined) this.#arm(now);
    return this.blockedMs(now);
  }

  /** One fewer wants to know; with the last of them the ticks end. */
  leave(): void {
    this.#users -= 1;
  }

  /** How long the loop has been blocked since the process started, as far as anybody looked; it never falls. */
  blockedMs(now: number): number {
    return this.#blockedMs + this.#lateness(now);
  }

  #tick(now: number): void {
    this.#blockedMs += this.#lateness(now);
    this.#forgetTimer();
    if (this.#users > 0) this.#arm(now);
  }

  #lateness(now: number): number {
    const lateMs = now - this.#dueAt;
    return lateMs > USUAL_LATENESS_MS ? lateMs : 0;
  }

  #arm(now: number): void {
    this.#dueAt = now + TICK_MS;
    this.#timerMadeBy = setTimeout;
    this.#timer = setTimeout(this.#onTimer, TICK_MS);
    this.#timer.unref();
  }

  #forgetTimer(): void {
    this.#timer = undefined;
    this.#timerMadeBy = undefined;
    this.#dueAt = Number.POSITIVE_INFINITY;
  }
}

/** That of this process. */
export const loopDelay = new LoopDelay();

/**
 * A latency without what the event loop's delay may have added to it: never more than that is taken off, and never so
 * much that the call would have been faster than usual. `undefined` where that cannot be said.
 */
export function withoutDelay(
  latencyMs: number,
  blockedMs: number,
  usualMs: number | undefined,
): number | undefined {
  if (blockedMs <= 0) return latencyMs;
  if (usualMs === undefined) return undefined;
  return Math.max(latencyMs - blockedMs, Math.min(latencyMs, usualMs));
}
