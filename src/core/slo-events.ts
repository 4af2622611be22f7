import type { EventBase } from './events.ts';

/** What every event about an error budget tells. */
export interface SloEventBase extends EventBase {
  /** What happened, one sentence of up to 500 characters. */
  readonly summary: string;
}

/** What every event about the error budget of one objective tells. */
export interface ObjectiveEventBase extends SloEventBase {
  readonly sli: 'availability' | 'latency' | 'correctness';
  readonly objective: number;
  /** Share of the error budget that is left, negative when it is overspent; `undefined` without data. */
  readonly budgetRemaining: number | undefined;
}

/** An error budget burns too fast. Also when an alert becomes more urgent, or less. */
export interface SloBurningEvent extends ObjectiveEventBase {
  readonly status: 'burning';
  /** A page wakes somebody up, a ticket waits for the working day. */
  readonly severity: 'page' | 'ticket';
  /** What burned before; `undefined` where nothing did. */
  readonly previousSeverity: 'page' | 'ticket' | undefined;
  /** The windows of the most urgent alert that fires, such as `1h` and `5m`. */
  readonly longWindow: string;
  readonly shortWindow: string;
  /** The burn rate above which it fires. */
  readonly factor: number;
  readonly longBurnRate: number;
  readonly shortBurnRate: number;
}

/** No alert of the objective fires any more. */
export interface SloRecoveredEvent extends ObjectiveEventBase {
  readonly status: 'recovered';
  /** What burned before. */
  readonly severity: 'page' | 'ticket';
  /**
   * `below-threshold`: the budget burns slower. `no-data`: no events, so that nobody can say. `held-back`: the
   * alert on the policy's availability has taken over. `removed`: the policy was removed.
   */
  readonly reason: 'below-threshold' | 'no-data' | 'held-back' | 'removed';
}

/** An error budget is spent. Told once, until there is budget again. */
export interface SloExhaustedEvent extends ObjectiveEventBase {
  readonly status: 'exhausted';
  /** Events of the budget's period. */
  readonly good: number;
  readonly bad: number;
}

/** Releases of what calls the policy should wait. */
export interface SloFrozenEvent extends SloEventBase {
  readonly status: 'frozen';
  /** The objectives that say so. */
  readonly slis: readonly ObjectiveEventBase['sli'][];
}

/** Nothing speaks against releases any more. */
export interface SloThawedEvent extends SloEventBase {
  readonly status: 'thawed';
  /** `no-objection`: no objective of the policy says no any more. `removed`: the policy was removed. */
  readonly reason: 'no-objection' | 'removed';
}

/** An error budget burns too fast, recovered or is gone, or releases are frozen or thawed. Told apart by `status`. */
export type SloEvent =
  | SloBurningEvent
  | SloRecoveredEvent
  | SloExhaustedEvent
  | SloFrozenEvent
  | SloThawedEvent;
