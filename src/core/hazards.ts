import { hazardsOf, type PolicyFacts } from './hazards/rules.ts';
import type { Strategy } from './pipeline.ts';

/** All hazards that this library knows, by codes that are stable across versions. */
export const hazardCodes = [
  'ATTEMPT_TIMEOUT_OVER_TOTAL',
  'CACHE_NEVER_KEYED',
  'CHAOS_WITHOUT_END',
  'FAILOVER_IN_ONE_CIRCUIT',
  'FAILOVER_SLOW_TO_NOTICE',
  'HEDGE_SLOW',
  'LATENCY_OBJECTIVE_OVER_TIMEOUT',
  'NO_TIMEOUT',
  'QUEUE_OVER_TOTAL_TIMEOUT',
  'RETRY_ON_RETRY',
  'WINDOW_UNDER_TWO_ATTEMPTS',
  'WORST_CASE_OVER_TOTAL_TIMEOUT',
] as const;
/** Code of a hazard; `silenceHazards` takes it. */
export type HazardCode = (typeof hazardCodes)[number];

/** Something about a policy that works, and will hurt one day. */
export interface Hazard {
  readonly code: HazardCode;
  /** What is risky, why, and what to do; one or two sentences. */
  readonly message: string;
}

/** How many different hazards that calls have shown are kept. */
const MAX_FOUND = 100;

/** What a policy's owner is warned of: each hazard once, unless it is silenced. */
export class Hazards {
  readonly #announce: (hazard: Hazard) => void;
  readonly #budget: () => PolicyFacts['budget'];
  #silenced: ReadonlySet<string> = new Set();
  #strategies: readonly Strategy[] = [];
  #facts: PolicyFacts = {};
  #ofOptions: readonly Hazard[] = [];
  readonly #found = new Map<string, Hazard>();
  /** Whether the policy retries, so that others are told when they do so within its attempts. */
  retries = false;

  /** @param budget gives the limits of the policy's budget of extra attempts */
  constructor(announce: (hazard: Hazard) => void, budget: () => PolicyFacts['budget']) {
    this.#announce = announce;
    this.#budget = budget;
  }

  /** Those that hold now, less the silenced: of the options, and what calls have shown since. */
  get current(): readonly Hazard[] {
    return [...this.#ofOptions, ...this.#found.values()];
  }

  /** Says nothing of these from now on. */
  silence(codes: readonly HazardCode[]): void {
    this.#silenced = new Set(codes);
    this.#ofOptions = this.#ofOptions.filter(({ code }) => !this.#silenced.has(code));
    for (const [key, { code }] of this.#found) if (this.#silenced.has(code)) this.#found.delete(key);
  }

  /**
   * Looks at the layers as they are now, and announces what was not there before.
   *
   * @param strategies the layers. Default: as before
   * @param facts what else bears on them. Default: as before
   */
  examine(strategies: readonly Strategy[] = this.#strategies, facts: PolicyFacts = this.#facts): void {
    const before = new Set(this.#ofOptions.map(({ code }) => code));
    this.#strategies = strategies;
    this.#facts = facts;
    this.retries = strategies.some(({ kind, maxRuns = 1 }) => kind === 'retry' && maxRuns > 1);
    const all = { ...facts, budget: this.#budget() };
    this.#ofOptions = hazardsOf(strategies, all).filter(({ code }) => !this.#silenced.has(code));
    for (const hazard of this.#ofOptions) if (!before.has(hazard.code)) this.#announce(hazard);
  }

  /**
   * Calls have shown something risky. Announced the first time only.
   *
   * @param about what else tells it from others of its code, such as the name of another policy
   */
  found(code: HazardCode, message: string, about = ''): void {
    const key = `${code} ${about}`;
    if (this.#silenced.has(code) || this.#found.has(key) || this.#found.size >= MAX_FOUND) return;
    const hazard = { code, message };
    this.#found.set(key, hazard);
    this.#announce(hazard);
  }
}
