/** The service level indicators of a policy; the values of the label `sli`. */
export const slis = ['availability', 'latency', 'correctness'] as const;
export type Sli = (typeof slis)[number];

/** Takes a policy's SLI events as they happen. The port that `slo/` fills; it must not throw. */
export interface SliSink {
  /** @param now monotonic time of the event, in milliseconds */
  record(sli: Sli, good: boolean, now: number): void;
}
