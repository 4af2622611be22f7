/** How many updates of one incident are told. */
export interface UpdateLimitSettings {
  readonly updates: number;
  readonly perMs: number;
}

/** Counts what was told of one incident within a sliding window. Times are monotonic. */
export class UpdateLimit {
  readonly #settings: UpdateLimitSettings;
  #told: number[] = [];

  constructor(settings: UpdateLimitSettings) {
    this.#settings = settings;
  }

  /** When the next update may be told: `now` or later. */
  nextAt(now: number): number {
    const { updates, perMs } = this.#settings;
    this.#told = this.#told.filter((at) => at > now - perMs);
    const oldestThatCounts = this.#told.at(-updates);
    return oldestThatCounts === undefined ? now : oldestThatCounts + perMs;
  }

  count(now: number): void {
    this.#told.push(now);
    this.#told = this.#told.slice(-this.#settings.updates);
  }
}
