import type { RetrySettings } from './options.ts';

/**
 * How long to wait before a retry, by the policy's own choice: backoff, then jitter, then the cap. Jitter is
 * drawn within the cap, so that it does not vanish there.
 */
export class BackoffSequence {
  readonly #settings: RetrySettings;
  #lastMs: number;

  constructor(settings: RetrySettings) {
    this.#settings = settings;
    this.#lastMs = settings.baseDelayMs;
  }

  /**
   * The wait before retry `n`, from 1, in milliseconds.
   *
   * @param random from 0, below 1
   */
  next(n: number, random: number): number {
    this.#lastMs = this.#choose(n, random);
    return this.#lastMs;
  }

  #choose(n: number, random: number): number {
    const { baseDelayMs, maxDelayMs, jitter } = this.#settings;
    if (jitter === 'decorrelated') {
      const low = Math.min(baseDelayMs, maxDelayMs);
      const high = Math.min(maxDelayMs, Math.max(low, this.#lastMs * 3));
      return low + random * (high - low);
    }
    const delay = Math.min(maxDelayMs, this.#grown(n));
    if (jitter === 'none') return delay;
    return jitter === 'full' ? random * delay : delay / 2 + (random * delay) / 2;
  }

  #grown(n: number): number {
    const { backoff, baseDelayMs } = this.#settings;
    if (backoff === 'exponential') return baseDelayMs * 2 ** (n - 1);
    if (backoff === 'linear') return baseDelayMs * n;
    if (backoff === 'constant') return baseDelayMs;
    const chosen = backoff(n);
    if (!(chosen >= 0))
      throw new RangeError(`backoff(${n}) gave ${chosen}: expected milliseconds, 0 or more`);
    return chosen;
  }
}
