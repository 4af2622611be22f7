import { monotonicNow } from './clock.ts';
import type { Scope } from './scope.ts';

/** The longest delay that Node's timers take; a longer one fires at once. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** How soon a timer armed out of idleness looks again, and so how long an unneeded one may linger. */
const TICK_MS = 10;

/** Scopes that have one duration, in the order in which they were armed and so in which they are due. */
export interface Lane {
  head: Scope | undefined;
  tail: Scope | undefined;
}

/**
 * All deadlines of the process on one timer.
 *
 * Deadlines of equal duration queue in one lane, as in Node's own timers (lib/internal/timers.js) and the
 * timing wheels of Varghese and Lauck (1987): arming appends, clearing unlinks, both O(1), and only the heads
 * of the lanes are looked at when the timer fires.
 *
 * The timer exists while something waits. Armed out of idleness it first looks again after a tick, since most
 * calls are over by then; so a busy process makes one timer a tick, not one a call, and one that has nothing left to
 * do waits for no longer than that. Once it sleeps for longer, the last deadline to be cleared takes it down.
 */
export class Deadlines {
  readonly #lanes = new Map<number, Lane>();
  #waiting = 0;
  #timer: NodeJS.Timeout | undefined;
  #timerMadeBy: typeof setTimeout | undefined;
  #fireAt = Number.POSITIVE_INFINITY;
  #sleepsLong = false;
  #lastNow = 0;
  readonly #onTimer = (): void => this.#fire();

  /** How many deadlines wait. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Whether a timer exists. */
  get hasTimer(): boolean {
    return this.#timer !== undefined;
  }

  /**
   * Lets `scope` expire `durationMs` from `now`. Any finite duration works; it is rounded up to whole
   * milliseconds. One that is armed already is moved.
   */
  arm(scope: Scope, durationMs: number, now: number): void {
    this.clear(scope);
    if (this.#timerMadeBy !== undefined && this.#timerMadeBy !== setTimeout) this.#followClock(now);
    const duration = Math.max(1, Math.ceil(durationMs));
    const dueAt = now + duration;
    scope.enqueue(this.#laneOf(duration), dueAt);
    this.#lastNow = now;
    this.#waiting += 1;
    if (this.#timer === undefined) this.#sleep(Math.min(duration, TICK_MS), now);
    else {
      if (dueAt < this.#fireAt && duration < TICK_MS) this.#resleep(duration, now);
      else if (dueAt < this.#fireAt && this.#sleepsLong) this.#resleep(TICK_MS, now);
    }
  }

  /** Takes the deadline of `scope` back; does nothing where it has none. */
  clear(scope: Scope): void {
    if (!scope.dequeue()) return;
    this.#waiting -= 1;
    if (this.#waiting === 0 && this.#sleepsLong) this.#stop();
  }

  #laneOf(durationMs: number): Lane {
    let lane = this.#lanes.get(durationMs);
    if (lane === undefined) {
      lane = { head: undefined, tail: undefined };
      this.#lanes.set(durationMs, lane);
    }
    return lane;
  }

  #sleep(delayMs: number, now: number): void {
    this.#sleepsLong = delayMs > TICK_MS;
    this.#fireAt = now + delayMs;
    this.#timerMadeBy = setTimeout;
    this.#timer = setTimeout(this.#onTimer, Math.min(Math.ceil(delayMs), LONGEST_TIMER_MS));
  }

  #resleep(delayMs: number, now: number): void {
    this.#stop();
    this.#sleep(delayMs, now);
  }

  #stop(): void {
    // A timer made by another implementation (fake or real) is not this one's to clear.
    if (this.#timerMadeBy === setTimeout) clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#timerMadeBy = undefined;
    this.#fireAt = Number.POSITIVE_INFINITY;
    this.#sleepsLong = false;
  }

  #fire(): void {
    const now = monotonicNow();
    this.#stop();
    this.#lastNow = now;
    try {
      this.#expireDue(now);
    } finally {
      this.#scheduleNext(now);
    }
  }

  #expireDue(now: number): void {
    for (const lane of this.#lanes.values()) {
      let head = lane.head;
      while (head !== undefined && head.dueAt <= now) {
        head.dequeue();
        this.#waiting -= 1;
        const due = head;
        due.inContext(() => due.expire(now));
        head = lane.head;
      }
    }
  }

  #scheduleNext(now: number): void {
    let earliest = Number.POSITIVE_INFINITY;
    for (const [durationMs, lane] of this.#lanes) {
      if (lane.head === undefined) this.#lanes.delete(durationMs);
      else if (lane.head.dueAt < earliest) earliest = lane.head.dueAt;
    }
    if (earliest === Number.POSITIVE_INFINITY) {
      if (this.#timer !== undefined) this.#stop();
      return;
    }
    if (this.#timer !== undefined) this.#stop();
    this.#sleep(Math.max(1, earliest - now), now);
  }

  /** The timer functions were replaced since the last arm: what was left to wait is waited on the new clock. */
  #followClock(now: number): void {
    const shift = now - this.#lastNow;
    for (const lane of this.#lanes.values()) {
      for (let waiting = lane.head; waiting !== undefined; waiting = waiting.next) {
        waiting.postpone(shift);
      }
    }
    this.#stop();
    if (this.#waiting > 0) this.#scheduleNext(now);
  }
}

/**
 * How long something was really allowed to take whose deadline has just passed: less than `allowedMs` where that was
 * changed meanwhile.
 */
export function allowedBy(allowedMs: number, elapsedMs: number): number {
  return elapsedMs > 0 && elapsedMs < allowedMs - 1 ? Math.round(elapsedMs) : allowedMs;
}

/** The deadlines of this process. */
export const deadlines = new Deadlines();
