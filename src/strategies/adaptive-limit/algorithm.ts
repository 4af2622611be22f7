import { Baseline } from './baseline.ts';
import type { AdaptiveLimitSettings } from './options.ts';

/** What an algorithm reads of the options, each time anew. */
export type AlgorithmRule = Pick<
  AdaptiveLimitSettings,
  'tolerance' | 'queueSize' | 'smoothing' | 'longWindow'
>;

/**
 * Says what limit the latencies speak for. It is given samples, and asked once about a round trip's worth of them, so
 * that each change of the limit has shown its effect before the next one is made.
 */
export interface LimitAlgorithm {
  /** How long a call takes where nothing queues, as far as is known, in milliseconds. */
  readonly baselineMs: number | undefined;
  /**
   * Takes in how long a call took.
   *
   * @param timedOut whether it took at least so long, and was given up
   */
  sample(latencyMs: number, timedOut: boolean): void;
  /**
   * Ends a round: gives the limit that its samples speak for, and forgets them.
   *
   * @param isUsed whether the limit was used to at least its half; otherwise the samples say nothing about it
   */
  next(limit: number, isUsed: boolean): number;
  /** Ends a round with so few in flight that nothing queued: its samples say how long a call takes then. */
  measured(): void;
  /** Lets how long a call takes follow a round that may have queued, slowly, where that cannot be measured. */
  follow(meanMs: number): void;
  /** Forgets the samples of the round. */
  discard(): void;
}

/** The samples of a round, and what they come to. */
class Round {
  count = 0;
  timeouts = 0;
  #sumMs = 0;

  add(latencyMs: number, timedOut: boolean): void {
    this.count += 1;
    this.#sumMs += latencyMs;
    if (timedOut) this.timeouts += 1;
  }

  get meanMs(): number {
    return this.#sumMs / this.count;
  }

  clear(): void {
    this.count = 0;
    this.#sumMs = 0;
    this.timeouts = 0;
  }
}

/** An algorithm that holds each round against how long calls usually take. */
export abstract class RoundByRound implements LimitAlgorithm {
  protected readonly rule: () => AlgorithmRule;
  protected readonly round = new Round();
  protected readonly usual = new Baseline();

  constructor(rule: () => AlgorithmRule) {
    this.rule = rule;
  }

  get baselineMs(): number | undefined {
    return this.usual.ms;
  }

  sample(latencyMs: number, timedOut: boolean): void {
    this.round.add(latencyMs, timedOut);
  }

  abstract next(limit: number, isUsed: boolean): number;

  measured(): void {
    this.usual.set(this.round.meanMs);
    this.discard();
  }

  follow(meanMs: number): void {
    this.usual.add(meanMs, false, this.rule().longWindow);
  }

  discard(): void {
    this.round.clear();
  }
}
