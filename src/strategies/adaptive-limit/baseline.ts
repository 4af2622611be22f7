/** The first so many rounds are averaged plainly: the first calls to end are the short ones. */
const WARM_UP_ROUNDS = 10;
/** A round this many times slower than usual, while the limit was in use, is taken for one with a queue. */
const UNQUEUED_RATIO = 1.25;
/** Where the average is so many times what a round takes, it is taken down faster than by averaging. */
const STALE_RATIO = 2;
const STALE_DECAY = 0.95;

/**
 * How long calls usually take where nothing queues: a long-term exponential average over rounds.
 *
 * Rounds that were much slower, while the limit was in use, do not enter it: they are what the limit is to prevent, and
 * would make a queue that lasts the usual case, with the limit growing for ever. Where calls have really become slower,
 * a probe finds that.
 */
export class Baseline {
  #ms: number | undefined = undefined;
  #rounds = 0;

  /** In milliseconds; `undefined` before the first round. */
  get ms(): number | undefined {
    return this.#ms;
  }

  /**
   * Takes in a round.
   *
   * @param meanMs how long its calls took on average
   * @param isUsed whether the limit was used to at least its half
   * @param longWindow over how many rounds it averages
   */
  add(meanMs: number, isUsed: boolean, longWindow: number): void {
    const ms = this.#ms ?? meanMs;
    if (this.#rounds < WARM_UP_ROUNDS) {
      this.#rounds += 1;
      this.#ms = ms + (meanMs - ms) / this.#rounds;
    } else if (!isUsed || meanMs <= ms * UNQUEUED_RATIO) {
      this.#ms = ms + (meanMs - ms) * Math.min(1, 2 / (longWindow + 1));
    }
    // Latencies are back to normal after a long time of slow ones.
    if (this.#ms !== undefined && this.#ms > meanMs * STALE_RATIO) this.#ms *= STALE_DECAY;
  }

  /** Takes in what was measured without a queue: half of it where it is near what was thought, chance being in both. */
  set(measuredMs: number): void {
    const ms = this.#ms ?? measuredMs;
    const isNear = measuredMs < ms * STALE_RATIO && ms < measuredMs * STALE_RATIO;
    this.#ms = isNear ? (ms + measuredMs) / 2 : measuredMs;
    this.#rounds = WARM_UP_ROUNDS;
  }
}
