import type { ChaosControl } from '../../core/chaos-control.ts';
import type { LimitControl } from '../../core/control.ts';
import { type LayerSample, layerFamilies } from '../../core/layer-metrics.ts';
import type { Outcome } from '../../core/outcome.ts';
import type { Passage } from '../../core/passage.ts';
import { edge, type Inner, type Layer, type Outer, type Strategy } from '../../core/pipeline.ts';
import type { PolicyRuntime } from '../../core/runtime.ts';
import type { TimeLimit } from '../../core/time-limit.ts';
import { CHAOS_KEY, ChaosController } from './control.ts';
import { faults } from './dice.ts';
import { ChaosPassage } from './injection.ts';
import type { ChaosOptions, ChaosSettings } from './options.ts';

/** A chaos layer with its switch. */
export type ChaosStrategy = Strategy & Pick<ChaosControl, 'active' | 'faults' | 'until' | 'start' | 'stop'>;

/**
 * Makes faults on purpose, to see whether the policy and its callers bear them: errors, latency, broken connections and
 * bad results, by chance. Off until code switches it on. Wherever it stands, a fault takes the operation's place in an
 * attempt, and whatever stands around it takes that for the dependency's doing.
 *
 * The faults are those of "Principles of Chaos Engineering" (principlesofchaos.org) that one call can have.
 *
 * @throws {InvalidOptionsError} when the options are wrong
 */
export function chaos(options: ChaosOptions): ChaosStrategy {
  return new Chaos(options);
}

class Chaos implements Strategy, ChaosStrategy {
  readonly kind = 'chaos';
  readonly key = CHAOS_KEY;
  readonly chaos: ChaosController;

  constructor(options: ChaosOptions) {
    this.chaos = new ChaosController(options);
  }

  get adjustable() {
    return this.chaos.live;
  }

  get active(): boolean {
    return this.chaos.active;
  }

  get faults(): number {
    return this.chaos.faults;
  }

  get until(): number | undefined {
    return this.chaos.until;
  }

  start(given?: { readonly forMs?: number | undefined }): void {
    this.chaos.start(given);
  }

  stop(): void {
    this.chaos.stop();
  }

  describe(): string {
    return `chaos: ${this.chaos.active ? 'ON' : 'off'}; makes ${describe(this.chaos.live.current)}`;
  }

  bind(inner: Inner, runtime: PolicyRuntime): Layer {
    this.chaos.bound(runtime);
    return new ChaosLayer(inner, this);
  }
}

class ChaosLayer implements Layer {
  outer: Outer = edge;
  readonly #inner: Inner;
  readonly #strategy: Chaos;
  readonly #control: ChaosController;

  constructor(inner: Inner, strategy: Chaos) {
    this.#inner = inner;
    this.#strategy = strategy;
    this.#control = strategy.chaos;
  }

  enter(passage: Passage, now: number): void {
    const within = this.#control.isOn(now) ? new ChaosPassage(this, passage, this.#control) : passage;
    this.#inner.enter(within, now);
  }

  settle(passage: Passage, outcome: Outcome, now: number): void {
    if (passage.opener === this && passage instanceof ChaosPassage) {
      passage.close();
      this.outer.settle(passage.outer, outcome, now);
    } else this.outer.settle(passage, outcome, now);
  }

  /** The time of an attempt begins before its faults do. */
  limitAttempts(limit: TimeLimit): boolean {
    return this.#inner.limitAttempts?.(limit) === true;
  }

  /** Those of a timeout around it, which what lies within has taken upon it. */
  limits(strategy: Strategy): readonly LimitControl[] {
    return strategy === this.#strategy ? [] : (this.#inner.limits?.(strategy) ?? []);
  }

  refuses(passage: Passage, now: number): boolean {
    return this.#inner.refuses?.(passage, now) === true;
  }

  samples(): readonly LayerSample[] {
    const control = this.#control;
    return [
      { family: layerFamilies.chaosActive, labels: {}, read: () => (control.active ? 1 : 0) },
      ...faults.map((fault) => ({
        family: layerFamilies.chaosFaults,
        labels: { fault },
        read: () => control.countOf(fault),
      })),
    ];
  }
}

function describe({ error, latency, abort, result }: ChaosSettings): string {
  const share = (fault: { readonly rate: number }): string =>
    `for ${Number((fault.rate * 100).toFixed(2))} %`;
  return [
    latency && `${latencyText(latency)} of latency ${share(latency)}`,
    error && `errors ${share(error)}`,
    abort && `broken connections ${share(abort)}`,
    result && `bad results ${share(result)}`,
  ]
    .filter((part) => part !== undefined)
    .join(', ')
    .concat(' of the attempts');
}

function latencyText({ minMs, maxMs }: { readonly minMs: number; readonly maxMs: number }): string {
  return minMs === maxMs ? `${minMs} ms` : `${minMs} to ${maxMs} ms`;
}
