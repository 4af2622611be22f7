import { type Sli, type SliCounts, type SliSink, slis } from '../../metrics/sli.ts';
import { burnRateOf, remainingOf } from '../budget.ts';
import { type BurnWindow, burnWindowNames, burnWindows } from '../windows.ts';
import type { SloObjectives } from './options.ts';
import { EventWindows, type WindowShape } from './ring.ts';

/** A burn window holds between 95 and 100 % of its length; the budget's period, between 98 and 100 %. */
const BURN_SLOTS = 20;
const PERIOD_SLOTS = 60;

/** Where an objective stands. */
export interface ObjectiveReport {
  readonly sli: Sli;
  readonly objective: number;
  /** From where on a call is too slow; of the latency objective. */
  readonly thresholdMs?: number;
  /** Events within the period, or since the start of the process where that is shorter. */
  readonly good: number;
  readonly bad: number;
  /** Whether good events make up the objective; without events nobody knows. */
  readonly status: 'met' | 'missed' | 'no-data';
  /** How fast the budget goes over each window; `undefined` where the window holds no events. */
  readonly burnRates: Readonly<Record<BurnWindow, number | undefined>>;
  /** Share of the error budget that is spent, 0 and up, past 1 when it is overspent. */
  readonly budgetSpent: number;
  /** Share of the error budget that is left: 1 - `budgetSpent`. */
  readonly budgetRemaining: number;
}

/** Follows one objective. */
export class ObjectiveTracker {
  readonly sli: Sli;
  readonly objective: number;
  readonly thresholdMs: number | undefined;
  readonly #windows: EventWindows;

  /** @param totals its events so far; live */
  constructor(sli: Sli, totals: SliCounts, objective: number, periodMs: number, thresholdMs?: number) {
    this.sli = sli;
    this.objective = objective;
    this.thresholdMs = thresholdMs;
    const burn = burnWindowNames.map(
      (name): WindowShape => ({ lengthMs: burnWindows[name], slots: BURN_SLOTS }),
    );
    this.#windows = new EventWindows([...burn, { lengthMs: periodMs, slots: PERIOD_SLOTS }], totals);
  }

  get tickStart(): number {
    return this.#windows.tickStart;
  }

  get tickEnd(): number {
    return this.#windows.tickEnd;
  }

  /** See `EventWindows.turn()`. */
  turn(now: number): void {
    this.#windows.turn(now);
  }

  /** The burn rate over a window; `undefined` where it holds no events. */
  burnRate(window: BurnWindow, now: number): number | undefined {
    const { good, bad } = this.#windows.counts(burnWindowNames.indexOf(window), now);
    return burnRateOf(good, bad, this.objective);
  }

  /** Share of the error budget that is left; 1 before the first event, negative when it is overspent. */
  budgetRemaining(now: number): number {
    const { good, bad } = this.#period(now);
    return remainingOf(good, bad, this.objective) ?? 1;
  }

  report(now: number): ObjectiveReport {
    const { good, bad } = this.#period(now);
    const spent = burnRateOf(good, bad, this.objective);
    return {
      sli: this.sli,
      objective: this.objective,
      ...(this.thresholdMs === undefined ? {} : { thresholdMs: this.thresholdMs }),
      good,
      bad,
      status: spent === undefined ? 'no-data' : spent <= 1 ? 'met' : 'missed',
      burnRates: {
        '5m': this.burnRate('5m', now),
        '30m': this.burnRate('30m', now),
        '1h': this.burnRate('1h', now),
        '2h': this.burnRate('2h', now),
        '6h': this.burnRate('6h', now),
        '1d': this.burnRate('1d', now),
        '3d': this.burnRate('3d', now),
      },
      budgetSpent: spent ?? 0,
      budgetRemaining: remainingOf(good, bad, this.objective) ?? 1,
    };
  }

  #period(now: number) {
    return this.#windows.counts(burnWindowNames.length, now);
  }
}

/** Follows the objectives of one policy. */
export class SloTracker implements SliSink {
  readonly policy: string;
  readonly periodMs: number;
  /** From where on a call is too slow; `undefined` without a latency objective. */
  readonly latencyThresholdMs: number | undefined;
  stretchStart = Number.POSITIVE_INFINITY;
  stretchEnd = 0;
  readonly #given: SloObjectives;
  #objectives: readonly ObjectiveTracker[] = [];

  constructor(policy: string, objectives: SloObjectives) {
    this.policy = policy;
    this.periodMs = objectives.periodMs;
    this.latencyThresholdMs = objectives.latency?.thresholdMs;
    this.#given = objectives;
  }

  follow(counts: Readonly<Record<Sli, SliCounts>>): void {
    const { availability, latency, correctness, periodMs } = this.#given;
    const given = { availability, latency: latency?.objective, correctness };
    this.#objectives = slis.flatMap((sli) => {
      const objective = given[sli];
      if (objective === undefined) return [];
      const thresholdMs = sli === 'latency' ? latency?.thresholdMs : undefined;
      return new ObjectiveTracker(sli, counts[sli], objective, periodMs, thresholdMs);
    });
  }

  turn(now: number): void {
    for (const objective of this.#objectives) objective.turn(now);
    // They turn together, so the tick of one is the tick of all.
    const [any] = this.#objectives;
    if (any === undefined) return;
    this.stretchStart = any.tickStart;
    this.stretchEnd = any.tickEnd;
  }

  /** The tracker of an SLI; `undefined` where it has no objective. */
  objective(sli: Sli): ObjectiveTracker | undefined {
    return this.#objectives.find((objective) => objective.sli === sli);
  }

  /** All objectives of the policy. */
  get objectives(): readonly ObjectiveTracker[] {
    return this.#objectives;
  }
}
