import type { LiveSettings } from '../../core/adjustable.ts';
import { AttemptBudget } from '../../core/attempt-budget.ts';
import { monotonicNow, wallNow } from '../../core/clock.ts';
import { type LimitControl, SetByHand } from '../../core/control.ts';
import { isSlowToHedge, slowHedge } from '../../core/hazards/rules.ts';
import { type LayerSample, layerFamilies } from '../../core/layer-metrics.ts';
import type { Outcome } from '../../core/outcome.ts';
import type { Passage } from '../../core/passage.ts';
import { edge, type Inner, type Layer, type Outer } from '../../core/pipeline.ts';
import type { PolicyRuntime } from '../../core/runtime.ts';
import { type HedgeResult, HedgeRun, Hedging, hedgeResults } from './hedging.ts';
import { DEFAULT_PERCENTILE, type HedgeSettings, type hedgeSchema, percentileOf } from './options.ts';
import { RecentLatencies } from './recent-latencies.ts';

type Settings = LiveSettings<typeof hedgeSchema>;

/** Over how long hedges are held to a share of the calls, in milliseconds: a dependency with little traffic is not left out. */
const LOAD_PERIOD_MS = 60_000;

function loadLimits({ maxExtraLoad }: HedgeSettings) {
  return { ratio: maxExtraLoad, floor: 0, periodMs: LOAD_PERIOD_MS };
}

/** How often it is looked at whether hedging is of use. */
const CALLS_BETWEEN_LOOKS = 1_000;

/** The layer; `Hedging` is one pass through it. */
export class HedgeLayer implements Layer {
  outer: Outer = edge;
  readonly inner: Inner;
  readonly runtime: PolicyRuntime;
  /** Latencies of first runs that were answered, and what is known of those that were ended for a hedge. */
  readonly latencies: RecentLatencies;
  readonly #settings: Settings;
  /** What reaches the layer earns hedges. */
  readonly #load: AttemptBudget;
  readonly #counts: Record<HedgeResult, number> = { won: 0, lost: 0, failed: 0, rejected: 0, denied: 0 };
  readonly #byHand = new SetByHand<'maxHedges'>('hedge');
  #calls = 0;

  constructor(inner: Inner, runtime: PolicyRuntime, settings: Settings) {
    this.inner = inner;
    this.runtime = runtime;
    this.#settings = settings;
    this.#load = new AttemptBudget(loadLimits(settings.current));
    this.latencies = new RecentLatencies(percentileOf(settings.current) ?? DEFAULT_PERCENTILE);
    settings.onChange((now) => {
      this.#load.adjust(loadLimits(now), monotonicNow());
      this.latencies.follow(percentileOf(now) ?? DEFAULT_PERCENTILE);
    });
  }

  /** Hedges that one call may make now. */
  get maxHedges(): number {
    return this.#byHand.get('maxHedges') ?? this.#settings.current.maxHedges;
  }

  /** How long a run has until a hedge is made beside it, in milliseconds; `undefined` while that is not known. */
  get delayMs(): number | undefined {
    const settings = this.#settings.current;
    const knownMs = percentileOf(settings) === undefined ? undefined : this.latencies.percentileMs;
    return knownMs === undefined ? settings.delayMs : Math.max(knownMs, settings.minDelayMs);
  }

  limits(): readonly LimitControl[] {
    return [
      this.#byHand.limit('maxHedges', {
        text: 'hedges of a call beside its first attempt',
        type: 'count',
        configured: this.#settings.current.maxHedges,
        current: this.maxHedges,
      }),
    ];
  }

  samples(): readonly LayerSample[] {
    return [
      ...hedgeResults.map((result) => ({
        family: layerFamilies.hedges,
        labels: { result },
        read: () => this.#counts[result],
      })),
      {
        family: layerFamilies.hedgeDelay,
        labels: {},
        read: () => (this.delayMs === undefined ? undefined : this.delayMs / 1_000),
      },
    ];
  }

  refuses(passage: Passage, now: number): boolean {
    return this.inner.refuses?.(passage, now) === true;
  }

  enter(passage: Passage, now: number): void {
    this.#load.callStarted(now);
    this.#calls += 1;
    if (this.#calls % CALLS_BETWEEN_LOOKS === 0) this.#lookAtDelay();
    if (this.maxHedges === 0 || passage.call.settings.idempotent === false) this.inner.enter(passage, now);
    else new Hedging(this, passage, now).start(now);
  }

  settle(passage: Passage, outcome: Outcome, now: number): void {
    if (passage.opener === this && passage instanceof HedgeRun) passage.hedging.settle(passage, outcome, now);
    else this.outer.settle(passage, outcome, now);
  }

  /** Pays for a hedge, if there is enough for one. */
  afford(now: number): boolean {
    if (this.#load.allows(now) && this.runtime.budget.take(now)) return this.#load.take(now);
    this.count('denied');
    return false;
  }

  count(result: HedgeResult): void {
    this.#counts[result] += 1;
  }

  announce(number: number, waitedMs: number, afterFailure: boolean, trace: unknown): void {
    const { events, name } = this.runtime;
    if (events.heard.hedge) {
      events.emit('hedge', { policy: name, time: wallNow(), hedge: number, waitedMs, afterFailure, trace });
    }
  }

  /** Whether what is hedged has turned out to be slow as a whole; what the options say is looked at with them. */
  #lookAtDelay(): void {
    const { delayMs, runtime } = this;
    if (delayMs === undefined || percentileOf(this.#settings.current) === undefined) return;
    const limitMs = Math.min(runtime.attemptTimeoutMs, runtime.totalTimeoutMs);
    if (!isSlowToHedge(delayMs, limitMs)) return;
    runtime.hazards.found('HEDGE_SLOW', slowHedge(Math.round(delayMs), limitMs));
  }
}
