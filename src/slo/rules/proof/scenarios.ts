import { alertSeverities } from '../../burn-alerts.ts';
import type { Slo, SloSpec } from '../../spec/model.ts';
import { type BurnWindow, burnWindows } from '../../windows.ts';
import { burnPairs, holders, minimumBadEvents } from '../burn.ts';
import type { Phase } from './events.ts';
import { Load } from './load.ts';

const MINUTE_MS = 60_000;
/** promtool refuses queries that read more than 10 000 samples of a series. */
const MAX_SAMPLES = 9_600;
/** Traffic beside which what came before weighs little. */
const HEAVY = 30;
/** Longer than the short window of a page and shorter than that of any ticket. */
const RECOVERED_MINUTES = 40;

/** When to look at what came of a scenario. */
export interface Check {
  /** In minutes from the start; a multiple of the step. */
  readonly at: number;
  /** Whether each window sees the same ratio of bad events, so that all values can be foretold. */
  readonly uniform: boolean;
}

/** What happens to objectives, and when to look. */
export interface Scenario {
  readonly name: string;
  readonly checks: readonly Check[];
  /**
   * The traffic of an objective, by the minute; `undefined` where the scenario leaves it out.
   *
   * @param variant 0 and up; differs a little with each, where one comes too near to a threshold
   */
  readonly phases: (slo: Slo, variant: number) => readonly Phase[] | undefined;
}

/** How far the samples of a scenario are apart, in minutes. */
export function sampleMinutes({ checks }: Pick<Scenario, 'checks'>): 1 | 2 {
  return Math.max(...checks.map(({ at }) => at)) <= MAX_SAMPLES ? 1 : 2;
}

type Shape = (load: Load, variant: number) => readonly Phase[] | undefined;

/** Scenarios for objectives of one kind. */
export class Scenarios {
  readonly #spec: SloSpec;
  readonly #step: number;
  readonly #loads: ReadonlyMap<Slo, Load>;
  readonly #held: readonly Slo[];
  readonly #holders: readonly Slo[];

  /** @param step minutes between two evaluations of the rules; more than a ticket's short window */
  constructor(spec: SloSpec, slos: readonly Slo[], step: number) {
    this.#spec = spec;
    this.#step = step;
    this.#loads = new Map(slos.map((slo) => [slo, new Load(spec, slo)]));
    this.#held = slos.filter((slo) => holders(spec, slo).some((holder) => slos.includes(holder)));
    this.#holders = this.#held.flatMap((slo) => holders(spec, slo));
  }

  get all(): readonly Scenario[] {
    return [
      this.quiet,
      ...this.fastBurn,
      ...this.slowBurn,
      ...this.eachPair,
      ...this.fewEvents,
      this.idle,
      this.unused,
    ];
  }

  get quiet(): Scenario {
    const { atRiskRemaining } = this.#spec.alerts;
    return {
      name: 'quiet',
      checks: [{ at: this.#step, uniform: true }],
      phases: this.#each((load) => [load.phase(this.#step, load.quietBurnRate(atRiskRemaining))]),
    };
  }

  /** The pages end first, then the tickets. */
  get fastBurn(): readonly Scenario[] {
    const step = this.#step;
    const shape: Shape = (load) => [
      load.outage(2 * step - RECOVERED_MINUTES),
      load.phase(step + RECOVERED_MINUTES, 0),
    ];
    const checks = [
      { at: step, uniform: true },
      { at: 2 * step, uniform: false },
      { at: 3 * step, uniform: false },
    ];
    return [
      { name: 'everything fails, then recovers', checks, phases: this.#each(shape) },
      ...this.#whileAvailable('everything is slow or wrong, then recovers', checks, shape),
    ];
  }

  /** Fires tickets only; what they hold back may page, but not file another ticket. */
  get slowBurn(): readonly Scenario[] {
    const step = this.#step;
    const shape: Shape = (load) =>
      load.fine && load.slowBurnRate !== undefined ? [load.phase(step, load.slowBurnRate)] : undefined;
    const checks = [{ at: step, uniform: true }];
    return [
      {
        name: 'slow burn',
        checks,
        phases: this.#each((load, variant) =>
          this.#isHeld(load.slo) ? [load.outage(step)] : shape(load, variant),
        ),
      },
      ...this.#whileAvailable('slow burn of what is slow or wrong', checks, shape),
    ];
  }

  /** Each pair of windows alone: burn rates below and above its factor, and its end. */
  get eachPair(): readonly Scenario[] {
    return alertSeverities.flatMap((severity) => {
      const pairs = [...this.#loads.keys()].flatMap((slo) => burnPairs(slo, severity));
      const windows = new Map(pairs.map(({ longWindow, shortWindow }) => [longWindow, shortWindow]));
      return [...windows].flatMap(([long, short]) =>
        this.#pair(`${severity} over ${long} and ${short}`, long),
      );
    });
  }

  #pair(name: string, longWindow: BurnWindow): readonly Scenario[] {
    const step = this.#step;
    const long = burnWindows[longWindow] / MINUTE_MS;
    const stepsFor = (minutes: number) => Math.ceil(minutes / step) * step;
    // Before the burn there is an hour of other traffic at the least.
    const below = stepsFor(long + 60);
    const above = below + stepsFor(long);
    const ended = above + step;
    const shape: Shape = (load, variant) => {
      const pair = load.pairs.find((candidate) => candidate.longWindow === longWindow);
      if (pair === undefined || !load.fine) return undefined;
      const short = burnWindows[pair.shortWindow] / MINUTE_MS;
      // An even number of minutes that is longer than the short window.
      const tail = 2 * Math.floor(short / 2) + 4;
      const { factor } = pair;
      const later = Math.min(1 / load.budget, (1.4 - 0.05 * variant) * factor);
      return [
        load.phase(below - long, 0, HEAVY),
        // A window that is too short sees only the second half.
        load.phase(long / 2, Math.max(0, 1.9 * factor - later)),
        load.phase(long / 2, later),
        load.phase(stepsFor(long) - long, 0, HEAVY),
        load.phase(long, (1.06 + 0.01 * variant) * factor),
        load.phase(Math.max(0, step - long), 0, HEAVY),
        load.phase(Math.min(long, step) - tail, (4 + 0.5 * variant) * factor),
        load.phase(tail, 0),
      ];
    };
    const checks = [below, above, ended].map((at) => ({ at, uniform: false }));
    return [
      {
        name: `${name}: below its factor, above it, and soon after`,
        checks,
        phases: this.#each((load, variant) =>
          this.#isHeld(load.slo) ? [load.phase(ended, 0)] : shape(load, variant),
        ),
      },
      ...this.#whileAvailable(`${name}, of what is slow or wrong`, checks, shape),
    ];
  }

  /** Too few bad events to alert, though nothing else happens; then enough. */
  get fewEvents(): readonly Scenario[] {
    const step = this.#step;
    const shape: Shape = ({ slo }) => {
      const minimum = minimumBadEvents(this.#spec, slo);
      if (minimum < 2) return undefined;
      const nothing = { samples: step - 1, good: 0, bad: 0 };
      const few = minimum <= 20 ? minimum - 1 : Math.floor(0.9 * minimum);
      return [
        nothing,
        { samples: 1, good: 0, bad: few },
        nothing,
        { samples: 1, good: 0, bad: Math.ceil(1.2 * minimum) },
      ];
    };
    const checks = [step, 2 * step].map((at) => ({ at, uniform: false }));
    return [
      {
        name: 'few events',
        checks,
        phases: this.#each((load, variant) => (this.#isHeld(load.slo) ? undefined : shape(load, variant))),
      },
      ...this.#whileAvailable('few events, slow or wrong', checks, shape),
    ];
  }

  /** Traffic stops while everything fails. */
  get idle(): Scenario {
    return {
      name: 'idle window',
      checks: [{ at: 2 * this.#step, uniform: false }],
      phases: this.#each((load) => [load.outage(this.#step), { samples: this.#step, good: 0, bad: 0 }]),
    };
  }

  /** There has never been any traffic. */
  get unused(): Scenario {
    return {
      name: 'no traffic yet',
      checks: [{ at: this.#step, uniform: false }],
      phases: this.#each(() => [{ samples: this.#step, good: 0, bad: 0 }]),
    };
  }

  #each(shape: Shape): Scenario['phases'] {
    return (slo, variant) => {
      const load = this.#loads.get(slo);
      return load && shape(load, variant);
    };
  }

  #isHeld(slo: Slo): boolean {
    return this.#held.includes(slo);
  }

  /** What befalls those that availability holds back, while availability is fine. */
  #whileAvailable(name: string, checks: readonly Check[], shape: Shape): readonly Scenario[] {
    if (this.#held.length === 0) return [];
    const minutes = Math.max(...checks.map(({ at }) => at));
    const phases = this.#each((load, variant) => {
      if (this.#isHeld(load.slo)) return shape(load, variant);
      return this.#holders.includes(load.slo) ? [load.phase(minutes, 0)] : undefined;
    });
    return [{ name, checks, phases }];
  }
}
