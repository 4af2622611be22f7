import { monotonicNow } from '../core/clock.ts';
import type { SinkPace } from './sink.ts';

/** The longest Retry-After that is believed. */
const LONGEST_PAUSE_MS = 24 * 3_600_000;

/** When a sink may be tried: never more often than its pace allows, and not at all while it asks to be left alone. */
export class Pacer {
  readonly #pace: SinkPace | undefined;
  /** When the latest tries began, oldest first; as many as the pace counts. */
  readonly #begun: number[] = [];
  #pausedUntil = Number.NEGATIVE_INFINITY;

  constructor(pace: SinkPace | undefined) {
    this.#pace = pace;
  }

  /** Leaves the sink alone for as long as it asked, up to a day. */
  pause(ms: number): void {
    this.#pausedUntil = Math.max(this.#pausedUntil, monotonicNow() + Math.min(ms, LONGEST_PAUSE_MS));
  }

  /** How long until a try may begin, in milliseconds. */
  waitMs(): number {
    return Math.max(0, this.#pausedUntil - monotonicNow(), this.#paceEndsAt() - monotonicNow());
  }

  /** Counts a try where one may begin. Whether it may. */
  take(): boolean {
    if (this.waitMs() > 0) return false;
    if (this.#pace !== undefined) {
      this.#begun.push(monotonicNow());
      if (this.#begun.length > this.#pace.messages) this.#begun.shift();
    }
    return true;
  }

  #paceEndsAt(): number {
    const [oldest] = this.#begun;
    if (this.#pace === undefined || oldest === undefined) return Number.NEGATIVE_INFINITY;
    return this.#begun.length < this.#pace.messages ? Number.NEGATIVE_INFINITY : oldest + this.#pace.perMs;
  }
}
