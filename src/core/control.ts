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
  /** Whether it is a count from 0, a duration in milliseconds above 0, or a factor from 1. */
  readonly type: 'count' | 'duration' | 'factor';
  /** Changes it for what begins from now on; `undefined` gives back what the options say. */
  set(value: number | undefined): void;
}

/**
 * The time that a holder allows an attempt or a call.
 *
 * @param runtime what the policy's layers share; told of the change as well
 */
export function timeoutLimit(
  runtime: Record<'totalTimeoutMs' | 'attemptTimeoutMs', number>,
  holder: { timeoutMs: number },
  configured: number,
  bounds: 'total' | 'attempt',
): LimitControl {
  const name = bounds === 'total' ? 'totalTimeoutMs' : 'attemptTimeoutMs';
  return {
    name,
    text: `how long ${bounds === 'total' ? 'a call' : 'an attempt'} may take, in milliseconds`,
    type: 'duration',
    configured,
    current: holder.timeoutMs,
    set(value = configured) {
      // Of several layers, another one may hold attempts to less.
      runtime[name] = runtime[name] === holder.timeoutMs ? value : Math.min(runtime[name], value);
      holder.timeoutMs = value;
    },
  };
}
