import { OUT_OF_ORDER_MS } from '../../core/clock.ts';
import type { EjectionSettings } from './options.ts';
import { type Outlier, SuccessRates } from './success-rate.ts';

/**
 * What a run tells about its endpoint: `nothing` where it was turned away, had too little time or was our own fault;
 * `unanswered` where it was given up while it ran, so that nobody can know.
 */
export type Finding = 'success' | 'failure' | 'unanswered' | 'nothing';

/**
 * Whether an endpoint can be used: `in-service`; `on-trial`, its ejection is over, and one run may try it;
 * `out`, it is ejected, or its trial is under way.
 */
export type Standing = 'in-service' | 'on-trial' | 'out';

/** What a run began with; given back when it ends. */
export interface Ticket {
  readonly position: number;
  /** Changes with each ejection and return: what began before that moves nothing after it. */
  readonly generation: number;
  /** Of a run that tries an endpoint after its ejection, which trial that is; 0 for all others. */
  readonly trial: number;
}

/** An endpoint was ejected, or is back. */
export interface EndpointChange {
  readonly position: number;
  readonly status: 'ejected' | 'returned';
  readonly reason: string;
  readonly ejectedForMs?: number | undefined;
}

interface Health {
  generation: number;
  consecutiveFailures: number;
  /** How often it was ejected, less what good time since has made up for. */
  ejections: number;
  isEjected: boolean;
  /** When it was ejected, or came back. */
  changedAt: number;
  ejectedForMs: number;
  /** Counts trials from 1. */
  trials: number;
  /** When the trial under way began. */
  trialSince: number | undefined;
}

const NO_CHANGES: readonly EndpointChange[] = [];
/** Each so many milliseconds in service make up for one ejection: Envoy's default interval. */
const FORGIVING_MS = 10_000;

/**
 * Which endpoints are left out because they fail, after Envoy's outlier detection. It has time as an argument and no
 * timer: what an ejection's end changes is seen when somebody asks.
 *
 * An endpoint is ejected for `baseEjectionMs` times the number of its ejections. Here it differs from Envoy: after that it
 * is not fully back at once, but tried by one run at a time; success brings it back, failure ejects it again. A run that
 * is sent to an ejected endpoint all the same, there being no better, also brings it back when it succeeds.
 */
export class OutlierEjection {
  readonly #endpoints: readonly Health[];
  readonly #rates: SuccessRates;
  #ejected = 0;

  constructor(endpoints: number) {
    this.#endpoints = Array.from({ length: endpoints }, () => ({
      generation: 0,
      consecutiveFailures: 0,
      ejections: 0,
      isEjected: false,
      changedAt: Number.NEGATIVE_INFINITY,
      ejectedForMs: 0,
      trials: 0,
      trialSince: undefined,
    }));
    this.#rates = new SuccessRates(endpoints);
  }

  /** How many are out or on trial. */
  get ejected(): number {
    return this.#ejected;
  }

  isEjected(position: number): boolean {
    return this.#endpoints[position]?.isEjected === true;
  }

  /** Milliseconds since its ejection was over and a trial became possible; below 0 before that. */
  overdueMs(position: number, now: number): number {
    const health = this.#endpoints[position];
    return health === undefined ? 0 : now - health.changedAt - health.ejectedForMs;
  }

  standing(position: number, settings: EjectionSettings, now: number): Standing {
    const health = this.#endpoints[position];
    if (health?.isEjected !== true) return 'in-service';
    const { changedAt, ejectedForMs, trialSince } = health;
    const wentBack = now < changedAt - OUT_OF_ORDER_MS;
    if (now < changedAt + ejectedForMs && !wentBack) return 'out';
    // A trial that does not end must not keep the endpoint out for ever.
    const isTried =
      trialSince !== undefined &&
      now < trialSince + settings.baseEjectionMs &&
      now >= trialSince - OUT_OF_ORDER_MS;
    return isTried ? 'out' : 'on-trial';
  }

  /** A run begins there. */
  begin(position: number, settings: EjectionSettings, now: number): Ticket {
    const health = this.#endpoints[position];
    if (health?.isEjected !== true) return { position, generation: health?.generation ?? 0, trial: 0 };
    if (this.standing(position, settings, now) === 'out')
      return { position, generation: health.generation, trial: 0 };
    health.trials += 1;
    health.trialSince = now;
    return { position, generation: health.generation, trial: health.trials };
  }

  /** The run is over. Called once for each ticket; what it changed is the answer. */
  end(
    { position, generation, trial }: Ticket,
    finding: Finding,
    settings: EjectionSettings,
    now: number,
  ): readonly EndpointChange[] {
    const health = this.#endpoints[position];
    if (health === undefined || health.generation !== generation) return NO_CHANGES;
    if (health.isEjected) return this.#tried(position, health, trial, finding, settings, now);
    if (finding !== 'success' && finding !== 'failure') return NO_CHANGES;
    health.consecutiveFailures = finding === 'success' ? 0 : health.consecutiveFailures + 1;
    const outliers =
      settings.successRate === false
        ? []
        : this.#rates.count(position, finding === 'success', settings.successRate, now);
    const isFailing = health.consecutiveFailures >= settings.consecutiveFailures;
    if (outliers.length === 0 && !isFailing) return NO_CHANGES;
    const changes = outliers.flatMap((outlier) => this.#ejectOutlier(outlier, settings, now));
    if (isFailing && !health.isEjected && this.#mayEject(settings)) {
      const { consecutiveFailures: failures } = health;
      const reason = failures === 1 ? 'failed' : `failed ${failures} times in a row`;
      changes.push(this.#eject(position, health, reason, settings, now));
    }
    return changes;
  }

  /** The ejection is switched off: all endpoints are in service again, and what was counted is forgotten. */
  reset(now: number): readonly EndpointChange[] {
    return this.#endpoints.flatMap((health, position) => {
      health.consecutiveFailures = 0;
      return health.isEjected ? [this.#return(position, health, 'the ejection was switched off', now)] : [];
    });
  }

  #tried(
    position: number,
    health: Health,
    trial: number,
    finding: Finding,
    settings: EjectionSettings,
    now: number,
  ): readonly EndpointChange[] {
    if (finding === 'success') {
      const reason =
        trial > 0 ? 'a run that tried it succeeded' : 'a run succeeded there, there being no better';
      return [this.#return(position, health, reason, now)];
    }
    if (trial === 0) return NO_CHANGES;
    if (finding === 'failure')
      return [this.#eject(position, health, 'the run that tried it failed', settings, now)];
    // One that was given up, as for a hedge that answered, was a trial all the same: another may hang as long.
    if (finding === 'nothing' && health.trials === trial) health.trialSince = undefined;
    return NO_CHANGES;
  }

  /** At most so many percent at once, but always one. */
  #mayEject({ maxEjectedPercent }: EjectionSettings): boolean {
    const most = Math.floor((this.#endpoints.length * maxEjectedPercent) / 100);
    return this.#ejected < Math.max(1, most);
  }

  #ejectOutlier(
    { position, rate, threshold }: Outlier,
    settings: EjectionSettings,
    now: number,
  ): readonly EndpointChange[] {
    const health = this.#endpoints[position];
    if (health === undefined || health.isEjected || !this.#mayEject(settings)) return NO_CHANGES;
    const reason = `succeeded in ${percent(rate)} of its runs, where ${percent(threshold)} was the least to expect`;
    return [this.#eject(position, health, reason, settings, now)];
  }

  #eject(
    position: number,
    health: Health,
    reason: string,
    { baseEjectionMs, maxEjectionMs }: EjectionSettings,
    now: number,
  ): EndpointChange {
    if (!health.isEjected) {
      this.#ejected += 1;
      const inServiceMs = Math.max(0, now - health.changedAt);
      health.ejections = Math.max(0, health.ejections - Math.floor(inServiceMs / FORGIVING_MS));
    }
    health.isEjected = true;
    // Counting on past the longest ejection would only take longer to make up for.
    if (baseEjectionMs * health.ejections < maxEjectionMs) health.ejections += 1;
    health.ejectedForMs = Math.min(baseEjectionMs * health.ejections, maxEjectionMs);
    this.#turnOver(health, now);
    return { position, status: 'ejected', reason, ejectedForMs: health.ejectedForMs };
  }

  #return(position: number, health: Health, reason: string, now: number): EndpointChange {
    this.#ejected -= 1;
    health.isEjected = false;
    this.#turnOver(health, now);
    return { position, status: 'returned', reason };
  }

  #turnOver(health: Health, now: number): void {
    health.generation += 1;
    health.consecutiveFailures = 0;
    health.changedAt = now;
    health.trialSince = undefined;
  }
}

function percent(rate: number): string {
  return `${Math.round(rate * 1_000) / 10} %`;
}
