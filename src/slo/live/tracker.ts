import { type Sli, type SliCounts, type SliSink, slis } from '../../metrics/sli.ts';
import { burnRateOf, remainingOf } from '../budget.ts';
import { type BurnWindow, burnWindowNames, burnWindows } from '../windows.ts';
import { AlertMachine, type Evaluation } from './alert-machine.ts';
import type { SloObjectives } from './options.ts';
import { EventWindows, type SavedWindows } from './ring.ts';
import type { WindowShape } from './slots.ts';
import type { FollowedObjective } from './standing.ts';

/** A burn window holds between 95 and 100 % of its length; the budget's period, between 98 and 100 %. */
export const BURN_SLOTS = 20;
export const PERIOD_SLOTS = 60;

/** Most services have few periods; those that have many compute the windows again. */
const MAX_REMEMBERED = 256;
const remembered = new Map<number, readonly WindowShape[]>();

/** The burn windows, the shortest first, then the budget's period; the same array for the same period. */
export function windowShapes(periodMs: number): readonly WindowShape[] {
  let shapes = remembered.get(periodMs);
  if (shapes === undefined) {
    const burn = burnWindowNames.map((name) => ({ lengthMs: burnWindows[name], slots: BURN_SLOTS }));
    shapes = [...burn, { lengthMs: periodMs, slots: PERIOD_SLOTS, isLarge: true }];
    if (remembered.size >= MAX_REMEMBERED) remembered.clear();
    remembered.set(periodMs, shapes);
  }
  return shapes;
}

/** Follows one objective. */
export class ObjectiveTracker implements FollowedObjective {
  readonly sli: Sli;
  readonly objective: number;
  readonly periodMs: number;
  readonly thresholdMs: number | undefined;
  /** Whether events of before the start were put back. */
  isRestored = false;
  readonly #windows: EventWindows;

  /** @param totals its events so far; live */
  constructor(sli: Sli, totals: SliCounts, objective: number, periodMs: number, thresholdMs?: number) {
    this.sli = sli;
    this.objective = objective;
    this.periodMs = periodMs;
    this.thresholdMs = thresholdMs;
    this.#windows = new EventWindows(windowShapes(periodMs), totals);
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

  counts(window: BurnWindow, now: number): SliCounts {
    return this.#windows.counts(burnWindowNames.indexOf(window), now);
  }

  periodCounts(now: number): SliCounts {
    return this.#windows.counts(burnWindowNames.length, now);
  }

  /** The burn rate over a window; `undefined` where it holds no events. */
  burnRate(window: BurnWindow, now: number): number | undefined {
    const { good, bad } = this.counts(window, now);
    return burnRateOf(good, bad, this.objective);
  }

  /** Share of the error budget that is left, negative when it is overspent; `undefined` without events. */
  budgetRemaining(now: number): number | undefined {
    const { good, bad } = this.periodCounts(now);
    return remainingOf(good, bad, this.objective);
  }

  /** How far back the first event lies; 0 before it. */
  observedMs(now: number): number {
    return this.#windows.observedMs(now);
  }

  /** See `EventWindows.save()`. */
  save(now: number): SavedWindows | undefined {
    return this.#windows.save(now);
  }

  /** See `EventWindows.restore()`. */
  restore(saved: SavedWindows, ageMs: number, now: number): void {
    this.#windows.restore(saved, ageMs, now);
    this.isRestored = true;
  }
}

/** Is told of bad events, as they are counted. */
export type OnBadEvent = (tracker: SloTracker, now: number) => void;

/** Follows the objectives of one policy. */
export class SloTracker implements SliSink {
  readonly policy: string;
  stretchStart = Number.POSITIVE_INFINITY;
  stretchEnd = 0;
  readonly #given: SloObjectives;
  readonly #onBadEvent: OnBadEvent;
  #objectives: readonly ObjectiveTracker[] = [];
  /** Made when it is first needed: most policies never burn. */
  #machine: AlertMachine | undefined = undefined;

  constructor(policy: string, objectives: SloObjectives, onBadEvent: OnBadEvent) {
    this.policy = policy;
    this.#given = objectives;
    this.#onBadEvent = onBadEvent;
  }

  get periodMs(): number {
    return this.#given.periodMs;
  }

  get minimumBadEvents(): number {
    return this.#given.minimumBadEvents;
  }

  get freezeBelow(): number {
    return this.#given.freezeBelow;
  }

  /** From where on a call is too slow; `undefined` without a latency objective. */
  get latencyThresholdMs(): number | undefined {
    return this.#given.latency?.thresholdMs;
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
    this.#followTick();
  }

  badEvent(now: number): void {
    this.#onBadEvent(this, now);
  }

  /** Puts back what an objective held `ageMs` ago. */
  restore(objective: ObjectiveTracker, saved: SavedWindows, ageMs: number, now: number): void {
    objective.restore(saved, ageMs, now);
    this.#followTick();
  }

  /** Compares where the objectives stand with what was last told of them. */
  evaluate(now: number): Evaluation {
    this.#machine ??= new AlertMachine({ ...this.#given, policy: this.policy });
    return this.#machine.evaluate(this.#objectives, now);
  }

  /** The tracker of an SLI; `undefined` where it has no objective. */
  objective(sli: Sli): ObjectiveTracker | undefined {
    return this.#objectives.find((objective) => objective.sli === sli);
  }

  /** All objectives of the policy. */
  get objectives(): readonly ObjectiveTracker[] {
    return this.#objectives;
  }

  #followTick(): void {
    let start = Number.NEGATIVE_INFINITY;
    let end = Number.POSITIVE_INFINITY;
    // What was put back may have given them ticks of their own.
    for (const { tickStart, tickEnd } of this.#objectives) {
      start = Math.max(start, tickStart);
      end = Math.min(end, tickEnd);
    }
    this.stretchStart = start;
    this.stretchEnd = end;
  }
}
