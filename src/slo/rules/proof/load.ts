import { shareOf } from '../../budget.ts';
import { type BurnAlert, burnAlerts } from '../../burn-alerts.ts';
import type { Slo, SloSpec } from '../../spec/model.ts';
import { burnPairs, minimumBadEvents } from '../burn.ts';
import type { Phase } from './events.ts';

/** Bad events that come with each sample at a burn rate of 1, so that shares can be met within a hundredth. */
const BAD_PER_SAMPLE = 100;
/** Beyond it counters would get too large for a double to count by ones. */
const MAX_TRAFFIC = 1e11;

/** Traffic that burns an objective's budget at chosen rates. */
export class Load {
  readonly slo: Slo;
  /** The share of events that may be bad. */
  readonly budget: number;
  /** The pairs of windows by which it alerts. */
  readonly pairs: readonly BurnAlert[];
  /** Whether any burn rate can be had, or only those of traffic that is all good or all bad. */
  readonly fine: boolean;
  readonly #perSample: number;

  constructor(spec: SloSpec, slo: Slo) {
    this.slo = slo;
    this.budget = shareOf(slo.objective);
    this.pairs = [...burnPairs(slo, 'page'), ...burnPairs(slo, 'ticket')];
    const perSample = Math.ceil(Math.max(BAD_PER_SAMPLE, 4 * minimumBadEvents(spec, slo)) / this.budget);
    this.fine = perSample <= MAX_TRAFFIC;
    this.#perSample = Math.min(perSample, MAX_TRAFFIC);
  }

  /**
   * Traffic at a burn rate, or with only bad events where that is less.
   *
   * @param weight how much traffic, relative to other phases
   */
  phase(samples: number, burnRate: number, weight = 1): Phase {
    const events = this.#perSample * weight;
    const bad = Math.round(events * Math.min(1, burnRate * this.budget));
    return { samples, good: events - bad, bad };
  }

  /** Traffic of which everything is bad. */
  outage(samples: number): Phase {
    return this.phase(samples, 1 / this.budget);
  }

  /** A burn rate that fires tickets and no pages; `undefined` where there is none. */
  get slowBurnRate(): number | undefined {
    const { alerts } = burnAlerts(this.slo.objective, this.slo.periodMs);
    const lowest = (severity: 'page' | 'ticket') =>
      Math.min(...alerts.filter((alert) => alert.severity === severity).map(({ factor }) => factor));
    const [ticket, page] = [lowest('ticket'), Math.min(lowest('page'), 1 / this.budget)];
    return ticket < page ? Math.min(1.3 * ticket, Math.sqrt(ticket * page)) : undefined;
  }

  /** A burn rate that no alert minds, of which there are some bad events. */
  quietBurnRate(atRiskRemaining: number): number {
    return this.fine ? 0.5 * Math.min(1, Math.max(0, 1 - atRiskRemaining)) : 0;
  }
}
