import { OUT_OF_ORDER_MS } from '../../core/clock.ts';

/** How long after it last said so chaos that is on says it again, in milliseconds. */
export const REMINDER_MS = 60_000;

/** Whether faults may be made, and until when. Takes time as an argument, and owns no timer. */
export class ChaosSwitch {
  #since: number | undefined = undefined;
  #forMs: number | undefined = undefined;
  #remindedAt = 0;

  /** Whether it was switched on, and nobody has noticed an end yet. */
  get isOn(): boolean {
    return this.#since !== undefined;
  }

  /** Milliseconds that are left; `undefined` while it is off, or where it has no end. */
  leftMs(now: number): number | undefined {
    if (this.#since === undefined || this.#forMs === undefined) return undefined;
    return Math.max(0, this.#since + this.#forMs - now);
  }

  /** @param forMs when it ends by itself; `undefined` for never */
  start(now: number, forMs: number | undefined): void {
    this.#since = now;
    this.#forMs = forMs;
    this.#remindedAt = now;
  }

  /** Gives what is on another end, counted from when it was switched on. */
  moveEnd(forMs: number | undefined): void {
    this.#forMs = forMs;
  }

  stop(): void {
    this.#since = undefined;
    this.#forMs = undefined;
  }

  /** Whether its time is over. One that has an end has it too where the clock was set back: nobody knows how far. */
  isOver(now: number): boolean {
    const since = this.#since;
    if (since === undefined || this.#forMs === undefined) return false;
    return now - since >= this.#forMs || now < since - OUT_OF_ORDER_MS;
  }

  /** Whether it is time to say again that it is on. */
  isReminderDue(now: number): boolean {
    if (this.#since === undefined || this.reminderInMs(now) > 0) return false;
    this.#remindedAt = now;
    return true;
  }

  /** Milliseconds until it is time to say again that it is on. */
  reminderInMs(now: number): number {
    const isSetBack = now < this.#remindedAt - OUT_OF_ORDER_MS;
    return isSetBack ? 0 : Math.max(0, this.#remindedAt + REMINDER_MS - now);
  }
}
