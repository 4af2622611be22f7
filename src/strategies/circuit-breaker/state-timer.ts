import { monotonicNow } from '../../core/clock.ts';
import type { CircuitMachine } from './machine.ts';
import { WakeTimer } from './wake-timer.ts';

/** What changes its state by time. */
export interface Timed {
  readonly machine: CircuitMachine;
  /** Whether it waits for a call to try it that may never come. */
  readonly isIdle: boolean;
  /** How long it waits so, in milliseconds. */
  readonly longestIdleMs: number;
  /** It has waited that long. */
  idle(): void;
}

/** One timer, which keeps no process alive, while a circuit's state may change by time alone. */
export class StateTimer {
  readonly #circuit: Timed;
  readonly #timer = new WakeTimer();
  #idleSince: number | undefined = undefined;
  #stopped = false;

  constructor(circuit: Timed) {
    this.#circuit = circuit;
  }

  /** Waits for what is next. Called after each change; what it waits for already it goes on to wait for. */
  set(now: number): void {
    this.#idleSince = this.#circuit.isIdle ? (this.#idleSince ?? now) : undefined;
    const wakeAt = this.#idleUntil ?? this.#circuit.machine.wakeAt;
    if (this.#stopped || wakeAt === Number.POSITIVE_INFINITY) this.#timer.clear();
    else this.#timer.set(wakeAt - now, () => this.#wake());
  }

  stop(): void {
    this.#stopped = true;
    this.#timer.clear();
  }

  get #idleUntil(): number | undefined {
    return this.#idleSince === undefined ? undefined : this.#idleSince + this.#circuit.longestIdleMs;
  }

  #wake(): void {
    const now = monotonicNow();
    if (this.#idleUntil !== undefined && now >= this.#idleUntil) {
      this.#circuit.idle();
      return;
    }
    this.#circuit.machine.wake(now);
    this.set(now);
  }
}
