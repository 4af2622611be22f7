import { OUT_OF_ORDER_MS } from '../../core/clock.ts';

/** How fast a bucket fills, and how much it holds. */
export interface Flow {
  readonly ratePerSecond: number;
  readonly burst: number;
}

/** Less than this much of a token is lost in the arithmetic. */
const ROUNDING = 1e-9;

/**
 * A token bucket (Turner, "New Directions in Communications", IEEE Communications Magazine, 1986). Tokens come at an even
 * rate, up to `burst` of them; each that passes takes one. So in any time of t seconds at most `burst + rate * t` pass.
 *
 * How many there are follows from the time that has passed, by arithmetic: nothing ticks. A clock that jumps forward can
 * fill the bucket and no more, one that is set back gives nothing.
 */
export class TokenBucket {
  #flow: Flow;
  #tokens: number;
  #countedAt = 0;

  constructor(flow: Flow) {
    this.#flow = flow;
    this.#tokens = flow.burst;
  }

  /** Takes a token. False when there is none. */
  take(now: number): boolean {
    this.#count(now);
    if (this.#tokens < 1 - ROUNDING) return false;
    this.#tokens -= 1;
    return true;
  }

  /**
   * How long it takes until there is a token for one more, in milliseconds: 0 when there is one, `Infinity` when none
   * come.
   *
   * @param ahead how many have their turn before
   */
  waitMs(ahead: number, now: number): number {
    this.#count(now);
    const missing = ahead + 1 - this.#tokens;
    return missing <= ROUNDING ? 0 : (missing * 1000) / this.#flow.ratePerSecond;
  }

  /** Takes a token that may still be to come: what is as if its taker had waited for it. */
  owe(now: number): void {
    this.#count(now);
    this.#tokens -= 1;
  }

  /** Forgets what it is owed. */
  forgive(): void {
    this.#tokens = Math.max(0, this.#tokens);
  }

  /** From now on it fills so fast and holds so much. The tokens that it has, it keeps, as far as it holds them. */
  change(flow: Flow, now: number): void {
    this.#count(now);
    this.#flow = flow;
    this.#tokens = Math.min(this.#tokens, flow.burst);
  }

  #count(now: number): void {
    const elapsedMs = now - this.#countedAt;
    if (elapsedMs >= 0) {
      const { ratePerSecond, burst } = this.#flow;
      this.#tokens = Math.min(burst, this.#tokens + (elapsedMs * ratePerSecond) / 1000);
    } else if (elapsedMs >= -OUT_OF_ORDER_MS) return;
    this.#countedAt = now;
  }
}

/** Whether a wait is longer than it may be, by more than the arithmetic's rounding. */
export function isLonger(waitMs: number, maxWaitMs: number): boolean {
  return waitMs - maxWaitMs > 1e-6;
}
