/** The service level indicators of a policy; the values of the label `sli`. */
export const slis = ['availability', 'latency', 'correctness'] as const;
export type Sli = (typeof slis)[number];

/** Good and bad events of an SLI since its policy was made. */
export interface SliCounts {
  readonly good: number;
  readonly bad: number;
}

/**
 * Cuts a policy's SLI events into stretches of time, by reading their counts wherever one ends. The port that `slo/`
 * fills; it must not throw. A call whose end lies outside the stretch under way begins a new one before it is counted,
 * so that counting costs an addition.
 */
export interface SliSink {
  /** Is told once where the counts are. */
  follow(counts: Readonly<Record<Sli, SliCounts>>): void;
  /** Monotonic time at which the stretch under way began, in milliseconds. */
  readonly stretchStart: number;
  /** Monotonic time at which it is over. */
  readonly stretchEnd: number;
  /** An event at `now` is about to be counted, and the stretch under way may be over. */
  turn(now: number): void;
  /** A call was bad in at least one SLI and has been counted. */
  badEvent(now: number): void;
}
