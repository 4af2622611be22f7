/** A limit of a policy that can be changed while it runs. Strategies contribute those that they have. */
export interface LimitControl {
  /** As in the policy's options: `attemptTimeoutMs`, `retry.maxRetries`. */
  readonly name: string;
  /** What it is, in words, with its unit. */
  readonly text: string;
  /** What the options say. */
  readonly configured: number;
  /** What holds now. */
  readonly current: number;
  /** Whether it is a count from 0, or a duration in milliseconds above 0. */
  readonly type: 'count' | 'duration';
  /** Changes it for what begins from now on; `undefined` gives back what the options say. */
  set(value: number | undefined): void;
}
