/** Buckets per doubling of the latency: each is 2^(1/8), about 9 %, wider than the one before. */
const PER_DOUBLING = 8;
/** The last bucket ends at 2^22 ms, 70 minutes; what is longer counts as that. */
const BUCKETS = 22 * PER_DOUBLING + 1;
/** Fewer tell nothing of a tail. */
const FEWEST = 50;
/** How long a half lasts at least, in milliseconds. */
const HALF_MS = 30_000;

/**
 * A percentile of the latencies of the last 30 to 60 s, in bounded memory.
 *
 * Latencies are counted in buckets that grow by 2^(1/8), and the upper end of the one that the percentile falls into is
 * given: never below the true percentile of what was counted, and at most 9.1 % above it (or 1 ms, where it is below
 * that). Time is cut into two halves: when the newer is 30 s old and holds 50 latencies, the older is forgotten, and a new
 * one begins. Where there are few calls, what is known so lasts until enough newer is.
 *
 * The percentile is kept up as latencies come, so that reading it costs nothing.
 */
export class RecentLatencies {
  #share: number;
  /** Those of both halves, and of the newer one, by bucket. */
  #all = new Uint32Array(BUCKETS);
  #newer = new Uint32Array(BUCKETS);
  #total = 0;
  #totalNewer = 0;
  #newerSince = 0;
  /** The bucket that the percentile falls into, and how many latencies there are up to its end. */
  #at = 0;
  #upTo = 0;

  /** @param percentile above 0, below 100 */
  constructor(percentile: number) {
    this.#share = percentile / 100;
  }

  /** The percentile, in milliseconds; `undefined` while fewer than 50 latencies are known. */
  get percentileMs(): number | undefined {
    return this.#total < FEWEST ? undefined : 2 ** (this.#at / PER_DOUBLING);
  }

  /** Asks for another percentile of the same latencies. */
  follow(percentile: number): void {
    this.#share = percentile / 100;
    this.#settle();
  }

  /** Counts a latency of `ms` that became known at `now`. */
  add(ms: number, now: number): void {
    // A clock that went back must not keep what it counted before for ever.
    if (now < this.#newerSince) this.#newerSince = now;
    if (now - this.#newerSince >= HALF_MS && (this.#totalNewer >= FEWEST || this.#total === 0))
      this.#turn(now);
    const bucket = bucketOf(ms);
    this.#all[bucket] = (this.#all[bucket] ?? 0) + 1;
    this.#newer[bucket] = (this.#newer[bucket] ?? 0) + 1;
    this.#total += 1;
    this.#totalNewer += 1;
    if (bucket <= this.#at) this.#upTo += 1;
    this.#settle();
  }

  /** The newer half becomes the older one. */
  #turn(now: number): void {
    const older = this.#all;
    this.#all = this.#newer;
    this.#newer = older.fill(0);
    this.#total = this.#totalNewer;
    this.#totalNewer = 0;
    this.#newerSince = now;
    this.#at = 0;
    this.#upTo = this.#all[0] ?? 0;
  }

  /** Moves to the first bucket up to whose end there is the asked share of all. */
  #settle(): void {
    const rank = Math.max(1, Math.ceil(this.#share * this.#total));
    while (this.#upTo < rank && this.#at < BUCKETS - 1) {
      this.#at += 1;
      this.#upTo += this.#all[this.#at] ?? 0;
    }
    while (this.#at > 0 && this.#upTo - (this.#all[this.#at] ?? 0) >= rank) {
      this.#upTo -= this.#all[this.#at] ?? 0;
      this.#at -= 1;
    }
  }
}

function bucketOf(ms: number): number {
  return ms > 1 ? Math.min(BUCKETS - 1, Math.ceil(Math.log2(ms) * PER_DOUBLING)) : 0;
}
