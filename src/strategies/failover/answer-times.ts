/** How much a new answer counts for the average, and for the deviation from it. */
const AVERAGE_GAIN = 1 / 8;
const DEVIATION_GAIN = 1 / 4;
/** An answer that takes longer than the average by so many deviations is unusual. */
const DEVIATIONS = 4;

/**
 * How long answers of an endpoint usually take, as TCP knows how long it waits for an acknowledgement: a smoothed
 * average and four mean deviations (RFC 6298, "Computing TCP's Retransmission Timer", section 2).
 */
export class AnswerTimes {
  #averageMs: number | undefined = undefined;
  #deviationMs = 0;

  /** Notes an answer that took so long, in milliseconds. */
  add(ms: number): void {
    // A clock that went back tells nothing.
    if (!(ms >= 0)) return;
    const averageMs = this.#averageMs;
    if (averageMs === undefined) {
      this.#averageMs = ms;
      this.#deviationMs = ms / 2;
      return;
    }
    this.#deviationMs += DEVIATION_GAIN * (Math.abs(ms - averageMs) - this.#deviationMs);
    this.#averageMs = averageMs + AVERAGE_GAIN * (ms - averageMs);
  }

  /** No answer usually takes longer, in milliseconds; 0 while none is known. */
  get usualMs(): number {
    return this.#averageMs === undefined ? 0 : this.#averageMs + DEVIATIONS * this.#deviationMs;
  }
}
