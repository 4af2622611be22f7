import type { Call } from './call.ts';
import type { Circuit } from './circuit.ts';
import type { Outcome } from './outcome.ts';
import type { PolicyRuntime } from './runtime.ts';
import type { Scope } from './scope.ts';

/** Where an outcome goes. Each receiver gets exactly one. */
export interface Receiver {
  /** @param now monotonic time at which the outcome came */
  settle(outcome: Outcome, now: number): void;
}

/** A layer of a policy at work. */
export interface Layer {
  /**
   * Runs what lies within and hands `receiver` exactly one outcome, now or later. It does not throw. When `scope`
   * ends early, whatever waits within settles at once.
   */
  enter(call: Call, scope: Scope, receiver: Receiver, now: number): void;
}

/** Names of the strategies; a closed set, used in `explain()` and in error paths. */
export type StrategyKind = 'timeout' | 'retry' | 'circuit-breaker' | 'cache-fallback' | 'fallback';

/**
 * One layer of a policy before it is put to work. Made by the strategies' factories (`timeout()`, `retry()`, ...);
 * an instance belongs to one policy.
 */
export interface Strategy {
  readonly kind: StrategyKind;
  /** How long one pass through this layer lets what lies within run; `undefined` where it sets no bound. */
  readonly timeoutMs?: number | undefined;
  /** How many times at most it runs what lies within. */
  readonly maxRuns?: number | undefined;
  /** The longest that it waits between those runs, all together, in milliseconds. */
  readonly maxWaitMs?: number | undefined;
  /** The same where the dependency asks for waits of its own, as by Retry-After. Default: `maxWaitMs`. */
  readonly maxAskedWaitMs?: number | undefined;
  /** One line for `explain()`. */
  describe(): string;
  /** Puts the layer around `inner`. Called once. */
  bind(inner: Layer, runtime: PolicyRuntime, within: readonly Strategy[]): Layer;
  /** The circuit, of a strategy that has one, once bound. */
  readonly circuit?: Circuit | undefined;
  /** Whether calls through it can leave something behind under a key. */
  readonly remembers?: boolean;
  /** Whether what it remembers may be read by other processes and policies. */
  readonly sharesStore?: boolean;
}

/** Composes a policy: the first strategy is outermost. */
export function compose(strategies: readonly Strategy[], runtime: PolicyRuntime, operation: Layer): Layer {
  return strategies.reduceRight(
    (inner, strategy, at) => strategy.bind(inner, runtime, strategies.slice(at + 1)),
    operation,
  );
}
