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

/**
 * The longest that all waits can take together, in milliseconds, where the dependency asks for no longer ones. It
 * costs the same for any number of retries.
 */
export function longestWaits({
  maxRetries,
  baseDelayMs,
  maxDelayMs,
  backoff,
  jitter,
}: RetrySettings): number {
  const base = Math.min(baseDelayMs, maxDelayMs);
  if (base === 0 && typeof backoff !== 'function') return 0;
  if (jitter === 'decorrelated') return growingWaits(maxRetries, base * 3, 3, maxDelayMs);
  if (typeof backoff === 'function') return maxRetries * maxDelayMs;
  if (backoff === 'constant') return maxRetries * base;
  if (backoff === 'exponential') return growingWaits(maxRetries, base, 2, maxDelayMs);
  const belowCap = Math.min(maxRetries, Math.floor(maxDelayMs / baseDelayMs));
  return (baseDelayMs * belowCap * (belowCap + 1)) / 2 + (maxRetries - belowCap) * maxDelayMs;
}

function growingWaits(count: number, first: number, growth: number, capMs: number): number {
  let sumMs = 0;
  let waitMs = first;
  let left = count;
  for (; left > 0 && waitMs < capMs; left -= 1) {
    sumMs += waitMs;
    waitMs *= growth;
  }
  return sumMs + left * capMs;
}
