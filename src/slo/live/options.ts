import { z } from 'zod';
import { count, durationMs, numberThat, objective, options, shown } from '../../core/options.ts';
import { DEFAULT_PERIOD_MS } from '../windows.ts';

/** An objective on its own, or in an object. */
export type ObjectiveOption = number | { readonly objective: number };

/** A policy's service level objectives. An SLI without one is measured all the same, but has no budget. */
export interface SloOptions {
  /** Share of calls that are to be answered, above 0 and below 1, such as 0.999. */
  readonly availability?: ObjectiveOption | undefined;
  /** Share of calls that are to be answered within `thresholdMs` milliseconds. */
  readonly latency?: { readonly objective: number; readonly thresholdMs: number } | undefined;
  /** Share of calls that are to be answered with a live or fresh value that passes the call's `check`. */
  readonly correctness?: ObjectiveOption | undefined;
  /** The period that the error budget is for, in milliseconds, rolling. Default: 30 days. */
  readonly periodMs?: number | undefined;
  /**
   * Bad events that an alert's long window must hold before it fires, and the period before the budget counts as
   * exhausted or a release as unsafe, so that one failure at night pages nobody. A whole number, 1 or more. Default 5.
   */
  readonly minimumBadEvents?: number | undefined;
  /**
   * Share of the error budget, 0 to 1, below which releases are frozen: the event `slo` says `frozen`, and
   * `breakwater.slo.canRelease()` says `no`. Default 0.1.
   */
  readonly freezeBelow?: number | undefined;
}

const objectiveOption = z
  .union([objective, options({ objective })], {
    error: (issue) =>
      `must be an objective above 0 and below 1, such as 0.999, or { objective: 0.999 }, not ${shown(issue.input)}`,
  })
  .transform((given) => (typeof given === 'number' ? given : given.objective));

/** Fewer bad events than this are an accident. */
export const DEFAULT_MINIMUM_BAD_EVENTS = 5;
/** Share of the error budget below which releases wait. */
export const DEFAULT_FREEZE_BELOW = 0.1;

/** A share of an error budget, from 0 to 1. */
export const budgetShare = numberThat((n) => n >= 0 && n <= 1, 'a share of the error budget from 0 to 1');

/** The policy option `slo`; its output is `SloObjectives`. */
export const sloOptions = options({
  availability: objectiveOption.optional(),
  latency: options({ objective, thresholdMs: durationMs }, '{ objective, thresholdMs }').optional(),
  correctness: objectiveOption.optional(),
  periodMs: durationMs.default(DEFAULT_PERIOD_MS),
  minimumBadEvents: count.default(DEFAULT_MINIMUM_BAD_EVENTS),
  freezeBelow: budgetShare.default(DEFAULT_FREEZE_BELOW),
});

/** A policy's objectives, checked, with the defaults filled in. */
export interface SloObjectives {
  readonly availability?: number | undefined;
  readonly latency?: { readonly objective: number; readonly thresholdMs: number } | undefined;
  readonly correctness?: number | undefined;
  readonly periodMs: number;
  readonly minimumBadEvents: number;
  readonly freezeBelow: number;
}
