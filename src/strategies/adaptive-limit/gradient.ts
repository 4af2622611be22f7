import { RoundByRound } from './algorithm.ts';

/** However slow a call was, it speaks for halving the limit at most. */
const STEEPEST = 0.5;

/**
 * Gradient2 of Netflix's concurrency-limits: `g = clamp(tolerance * long / short, 0.5, 1)`, where `long` is a long-term
 * exponential average of the latency and `short` that of a call, and `L' = smooth(g * L + queue)`.
 *
 * Other than there, rounds that took more than 1.25 times as long as usual while the limit was used do not enter `long`,
 * and what a probe measures takes its place. The defaults are theirs but for two: their `queue` is 4, here the square root
 * of the limit, and their least limit is 20, here 1.
 *
 * The limit changes once a round, by the average of `g` over its calls: changed at each call, it would have grown many
 * times before the first of them shows its effect.
 */
export class GradientLimit extends RoundByRound {
  #gradients = 0;

  override sample(latencyMs: number, timedOut: boolean): void {
    super.sample(latencyMs, timedOut);
    this.#gradients += gradientOf(this.usual.ms, latencyMs, this.rule().tolerance);
  }

  next(limit: number, isUsed: boolean): number {
    const { queueSize, smoothing, longWindow } = this.rule();
    const { count, meanMs } = this.round;
    const gradient = this.#gradients / count;
    this.discard();
    this.usual.add(meanMs, isUsed, longWindow);
    if (!isUsed) return limit;
    const queue = queueSize === 'sqrt' ? Math.sqrt(limit) : queueSize;
    return limit * (1 - smoothing) + (limit * gradient + queue) * smoothing;
  }

  override discard(): void {
    super.discard();
    this.#gradients = 0;
  }
}

function gradientOf(longMs: number | undefined, shortMs: number, tolerance: number): number {
  // Also where both are 0.
  if (longMs === undefined || shortMs <= tolerance * longMs) return 1;
  return Math.max(STEEPEST, (tolerance * longMs) / shortMs);
}
