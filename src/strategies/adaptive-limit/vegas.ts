import { RoundByRound } from './algorithm.ts';

/**
 * The limit of TCP Vegas (Brakmo and Peterson, 1995) as in Netflix's concurrency-limits: of the calls in flight,
 * `L * (1 - usual / latency)` are taken to queue at the dependency. With few of them the limit grows, with many it
 * shrinks, by steps of the logarithm of the limit; it shrinks too when a call of the round timed out. While less than half
 * of it is used it stays, also when calls time out, for which the original lowers it.
 *
 * What is usual is an average here, not the least that was ever seen, which chance alone makes ever lower.
 */
export class VegasLimit extends RoundByRound {
  next(limit: number, isUsed: boolean): number {
    const { meanMs, timeouts } = this.round;
    this.discard();
    const { smoothing, longWindow } = this.rule();
    this.usual.add(meanMs, isUsed, longWindow);
    const usualMs = this.usual.ms ?? meanMs;
    if (!isUsed) return limit;
    const step = Math.max(1, Math.floor(Math.log10(limit)));
    if (timeouts > 0) return limit - step * smoothing;
    const queued = meanMs > usualMs ? Math.ceil(limit * (1 - usualMs / meanMs)) : 0;
    return limit + changeFor(queued, step) * smoothing;
  }
}

/** By how much the limit changes where so many calls queue. */
function changeFor(queued: number, step: number): number {
  if (queued <= step) return 6 * step;
  if (queued < 3 * step) return step;
  return queued > 6 * step ? -step : 0;
}
