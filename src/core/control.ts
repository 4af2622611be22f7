import type { Inner, Strategy } from './pipeline.ts';

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

/** The limits of a policy's layers; of several of one name, the second is `name 2`. */
export function limitsOf(strategies: readonly Strategy[], layers: readonly Inner[]): readonly LimitControl[] {
  const seen = new Map<string, number>();
  return strategies.flatMap((strategy, at) =>
    (layers[at]?.limits?.(strategy) ?? []).map((limit) => {
      const times = (seen.get(limit.name) ?? 0) + 1;
      seen.set(limit.name, times);
      return times === 1 ? limit : renamed(limit, `${limit.name} ${times}`);
    }),
  );
}

function renamed(limit: LimitControl, name: string): LimitControl {
  const { text, configured, current, type } = limit;
  return { name, text, configured, current, type, set: (value) => limit.set(value) };
}
