import { OUT_OF_ORDER_MS } from '../../core/clock.ts';
import type { SuccessRateSettings } from './options.ts';

/** One whose success rate is far below the others'. */
export interface Outlier {
  readonly position: number;
  /** From 0 to 1. */
  readonly rate: number;
  /** What it would have had to reach. */
  readonly threshold: number;
}

const NONE: readonly Outlier[] = [];

/**
 * Compares the success rates of endpoints, interval by interval, as Envoy does: an outlier's is below the mean of all by
 * `stdevFactor` standard deviations (of the whole population). It has no timer: the first run to end after an interval
 * has it judged, and one that nobody judged in time is forgotten.
 */
export class SuccessRates {
  readonly #runs: number[];
  readonly #successes: number[];
  #since = Number.NEGATIVE_INFINITY;

  constructor(endpoints: number) {
    this.#runs = new Array(endpoints).fill(0);
    this.#successes = new Array(endpoints).fill(0);
  }

  /**
   * Counts a run that ended.
   *
   * @returns the outliers of the interval before, the worst first, where it has just ended
   */
  count(
    position: number,
    isSuccess: boolean,
    settings: SuccessRateSettings,
    now: number,
  ): readonly Outlier[] {
    const elapsedMs = now - this.#since;
    let outliers = NONE;
    if (elapsedMs >= settings.intervalMs || elapsedMs < -OUT_OF_ORDER_MS) {
      if (elapsedMs >= 0 && elapsedMs < 2 * settings.intervalMs) outliers = this.#outliers(settings);
      this.#runs.fill(0);
      this.#successes.fill(0);
      this.#since = now;
    }
    this.#runs[position] = (this.#runs[position] ?? 0) + 1;
    if (isSuccess) this.#successes[position] = (this.#successes[position] ?? 0) + 1;
    return outliers;
  }

  #outliers({ minimumRuns, minimumEndpoints, stdevFactor }: SuccessRateSettings): readonly Outlier[] {
    const compared = this.#runs.flatMap((runs, position) =>
      runs < minimumRuns ? [] : [{ position, rate: (this.#successes[position] ?? 0) / runs }],
    );
    if (compared.length < minimumEndpoints) return NONE;
    const mean = average(compared.map(({ rate }) => rate));
    const deviation = Math.sqrt(average(compared.map(({ rate }) => (rate - mean) ** 2)));
    const threshold = mean - stdevFactor * deviation;
    return compared
      .filter(({ rate }) => rate < threshold)
      .sort((a, b) => a.rate - b.rate)
      .map((outlier) => ({ ...outlier, threshold }));
  }
}

function average(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
}
