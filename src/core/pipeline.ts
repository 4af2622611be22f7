import type { Adjustable } from './adjustable.ts';
import type { ChaosControl } from './chaos-control.ts';
import type { Circuit } from './circuit.ts';
import type { LimitControl } from './control.ts';
import type { WorstCase } from './explain.ts';
import type { LayerSample } from './layer-metrics.ts';
import type { Outcome } from './outcome.ts';
import type { Passage } from './passage.ts';
import type { PolicyRuntime } from './runtime.ts';
import type { TimeLimit } from './time-limit.ts';

/** What a passage comes to on its way inward. */
export interface Inner {
  /** Where it hands outcomes. Set once, when a layer is put around it. */
  outer: Outer;
  /**
   * Runs what lies within and hands `outer` exactly one outcome, now or later. When the passage ends early, whatever waits
   * within settles at once.
   *
   * It must not throw. An error that it throws becomes the call's, but no layer around it gets an outcome: what they hold
   * for the call, such as a place or a circuit's probe, they hold for good. A failure of its own it hands to `outer`, as
   * `failed(error, 'defect')`.
   */
  enter(passage: Passage, now: number): void;
  /**
   * Holds each attempt to a time by itself, so that no layer around it need do so.
   *
   * @returns whether it does; where it is left out, it does not
   */
  limitAttempts?(limit: TimeLimit): boolean;
  /** Those of its limits that can be changed while it runs. `strategy` is what it was made of, or took upon it. */
  limits?(strategy: Strategy): readonly LimitControl[];
  /**
   * Whether a circuit within would turn the passage away now. A limit asks before it queues a call or spends a token on
   * it, and lets one through for free that is turned away anyhow. A layer that only passes calls on asks what lies
   * within it; one that could answer all the same (a cache) leaves it out.
   */
  refuses?(passage: Passage, now: number): boolean;
  /** What it exposes beside the metrics that every policy has. Asked once, after it is bound. */
  samples?(): readonly LayerSample[];
}

/** What a passage comes to on its way outward, with its outcome. */
export interface Outer {
  /**
   * Takes the outcome of a passage that it sent inward: exactly one for each `enter`.
   *
   * @param now monotonic time at which the outcome came
   */
  settle(passage: Passage, outcome: Outcome, now: number): void;
}

/** A layer of a policy at work. */
export interface Layer extends Inner, Outer {}

/** Outside all layers the call itself takes its outcome. */
export const edge: Outer = {
  settle(passage, outcome, now) {
    passage.call.settle(outcome, now);
  },
};

/** Names of the strategies; a closed set, used in `explain()` and in error paths. */
export type StrategyKind =
  | 'timeout'
  | 'retry'
  | 'hedge'
  | 'failover'
  | 'throttle'
  | 'rate-limit'
  | 'adaptive-limit'
  | 'bulkhead'
  | 'circuit-breaker'
  | 'cache-fallback'
  | 'fallback'
  | 'chaos';

/**
 * One layer of a policy before it is put to work. Made by the strategies' factories (`timeout()`, `retry()`, ...);
 * an instance belongs to one policy.
 */
export interface Strategy {
  readonly kind: StrategyKind;
  /** The key of a policy's options that stands for it, as `retry` or `attemptTimeoutMs`. Default: none. */
  readonly key?: string | undefined;
  /** How long one pass through this layer lets what lies within run; `undefined` where it sets no bound. */
  readonly timeoutMs?: number | undefined;
  /** How many times at most it runs what lies within. */
  readonly maxRuns?: number | undefined;
  /** The longest that it waits between those runs, all together, in milliseconds. */
  readonly maxWaitMs?: number | undefined;
  /** The same where the dependency asks for waits of its own, as by Retry-After. Default: `maxWaitMs`. */
  readonly maxAskedWaitMs?: number | undefined;
  /**
   * The most that it makes of the worst case of what lies within, where the facts above cannot tell it, as where runs
   * overlap.
   *
   * @param asked whether the dependency asks for the longest waits that are heeded
   */
  worstCase?(within: WorstCase, asked: boolean): WorstCase;
  /** Of a circuit breaker: how far back its window reaches, in milliseconds; `undefined` where it counts attempts. */
  readonly windowMs?: number | undefined;
  /** Of a hedge: after how long the next attempt starts beside the first, in milliseconds, as far as the options say. */
  readonly delayMs?: number | undefined;
  /** Of chaos: its switch. */
  readonly chaos?: ChaosControl | undefined;
  /** One line for `explain()`. */
  describe(): string;
  /** @internal Puts the layer around `inner`; gives `inner` itself where that takes the work upon it. Called once. */
  bind(inner: Inner, runtime: PolicyRuntime, within: readonly Strategy[]): Layer | Inner;
  /** The circuit, of a strategy that has one, once bound. */
  readonly circuit?: Circuit | undefined;
  /** All circuits, of a strategy that may have several; they come and go with their keys. Default: `circuit` alone. */
  readonly circuits?: readonly Circuit[] | undefined;
  /** How its options change while it runs; `undefined` where they cannot. */
  readonly adjustable?: Adjustable | undefined;
  /** Whether it sets the policy's budget of extra attempts when it is bound. */
  readonly setsBudget?: boolean | undefined;
  /** Whether calls through it can leave something behind under a key. */
  readonly remembers?: boolean;
  /** Whether what it remembers may be read by other processes and policies. */
  readonly sharesStore?: boolean;
}

/**
 * Composes a policy: the first strategy is outermost.
 *
 * @param layers is filled with what each strategy became
 */
export function compose(
  strategies: readonly Strategy[],
  runtime: PolicyRuntime,
  operation: Inner,
  layers: Inner[] = [],
): Inner {
  return strategies.reduceRight((inner, strategy, at) => {
    const layer = strategy.bind(inner, runtime, strategies.slice(at + 1));
    if (isAround(layer, inner)) inner.outer = layer;
    layers[at] = layer;
    return layer;
  }, operation);
}

function isAround(layer: Layer | Inner, inner: Inner): layer is Layer {
  return layer !== inner;
}
