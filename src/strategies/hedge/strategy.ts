import { LiveSettings } from '../../core/adjustable.ts';
import { AttemptBudget } from '../../core/attempt-budget.ts';
import { monotonicNow, wallNow } from '../../core/clock.ts';
import type { LimitControl } from '../../core/control.ts';
import { isSlowToHedge, slowHedge } from '../../core/hazards/rules.ts';
import { type LayerSample, layerFamilies } from '../../core/layer-metrics.ts';
import type { Outcome } from '../../core/outcome.ts';
import type { Passage } from '../../core/passage.ts';
import { edge, type Inner, type Layer, type Outer, type Strategy } from '../../core/pipeline.ts';
import type { PolicyRuntime } from '../../core/runtime.ts';
import { type HedgeResult, HedgeRun, Hedging, hedgeResults } from './hedging.ts';
import {
  DEFAULT_PERCENTILE,
  type HedgeOptions,
  type HedgeSettings,
  hedgeSchema,
  percentileOf,
} from './options.ts';
import { RecentLatencies } from './recent-latencies.ts';

/**
 * Makes another attempt beside one that is slow, and answers with the first good one: the hedged requests of Dean and
 * Barroso, "The Tail at Scale" (Communications of the ACM 56, 2013), with the bound on extra load of Finagle's backup
 * requests. After a failure that another try may mend, the next attempt is made at once.
 *
 * The attempts that lose have their signals aborted, and their late outcomes move nothing. Calls with
 * `idempotent: false` are never hedged: two attempts of one call may both take effect.
 *
 * @throws {InvalidOptionsError} when the options are wrong
 */
export function hedge(options: HedgeOptions = {}): Strategy {
  return new HedgeStrategy(new LiveSettings(hedgeSchema, options, 'Options of hedge()'));
}

type Settings = LiveSettings<typeof hedgeSchema>;

class HedgeStrategy implements Strategy {
  readonly kind = 'hedge';
  readonly key = 'hedge';
  readonly adjustable: Settings;

  constructor(settings: Settings) {
    this.adjustable = settings;
  }

  /** Not all beside each other: each may be made only when the one before it fails at the end of its time. */
  get maxRuns(): number {
    return this.adjustable.current.maxHedges + 1;
  }

  /** A percentile is known only while calls come. */
  get delayMs(): number | undefined {
    const settings = this.adjustable.current;
    return percentileOf(settings) === undefined ? settings.delayMs : undefined;
  }

  describe(): string {
    const { maxHedges, maxExtraLoad } = this.adjustable.current;
    if (maxHedges === 0) return 'hedge: off';
    const when = whenOf(this.adjustable.current);
    return `hedge: up to ${maxHedges} more beside one that is not over ${when}, the first good answer wins; at most ${shareOf(maxExtraLoad)} extra load`;
  }

  bind(inner: Inner, runtime: PolicyRuntime): Layer {
    runtime.keepsContext = true;
    runtime.runsBeside = true;
    return new HedgeLayer(inner, runtime, this.adjustable);
  }
}

function whenOf(settings: HedgeSettings): string {
  const { delayMs, minDelayMs } = settings;
  const percentile = percentileOf(settings);
  if (percentile === undefined) return `after ${delayMs} ms`;
  const atFirst = delayMs === undefined ? '' : `, or ${delayMs} ms while too few are known`;
  const atLeast = minDelayMs === 0 ? '' : ` and at least ${minDelayMs} ms`;
  return `after percentile ${percentile} of the recent latencies${atLeast}${atFirst}`;
}

function shareOf(ratio: number): string {
  return `${Number((ratio * 100).toPrecision(3))} %`;
}

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
  #steered: number | undefined = undefined;
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
    return this.#steered ?? this.#settings.current.maxHedges;
  }

  /** How long a run has until a hedge is made beside it, in milliseconds; `undefined` while that is not known. */
  get delayMs(): number | undefined {
    const settings = this.#settings.current;
    const knownMs = percentileOf(settings) === undefined ? undefined : this.latencies.percentileMs;
    return knownMs === undefined ? settings.delayMs : Math.max(knownMs, settings.minDelayMs);
  }

  /** Whether what is hedged has turned out to be slow as a whole; what the options say is looked at with them. */
  #lookAtDelay(): void {
    const { delayMs, runtime } = this;
    const limitMs = Math.min(runtime.attemptTimeoutMs, runtime.totalTimeoutMs);
    if (delayMs === undefined || percentileOf(this.#settings.current) === undefined) return;
    if (isSlowToHedge(delayMs, limitMs))
      runtime.hazards.found('HEDGE_SLOW', slowHedge(Math.round(delayMs), limitMs));
  }

  limits(): readonly LimitControl[] {
    return [
      {
        name: 'hedge.maxHedges',
        text: 'hedges of a call beside its first attempt',
        type: 'count',
        configured: this.#settings.current.maxHedges,
        current: this.maxHedges,
        set: (value) => {
          this.#steered = value;
        },
      },
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
}
