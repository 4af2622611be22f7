import { z } from 'zod';
import { durationMs, objective, options, shown } from '../../core/options.ts';
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
}

const objectiveOption = z
  .union([objective, options({ objective })], {
    error: (issue) =>
      `must be an objective above 0 and below 1, such as 0.999, or { objective: 0.999 }, not ${shown(issue.input)}`,
  })
  .transform((given) => (typeof given === 'number' ? given : given.objective));

/** The policy option `slo`; its output is `SloObjectives`. */
export const sloOptions = options({
  availability: objectiveOption.optional(),
  latency: options({ objective, thresholdMs: durationMs }, '{ objective, thresholdMs }').optional(),
  correctness: objectiveOption.optional(),
  periodMs: durationMs.default(DEFAULT_PERIOD_MS),
});

/** A policy's objectives, checked, with the defaults filled in. */
export interface SloObjectives {
  readonly availability?: number | undefined;
  readonly latency?: { readonly objective: number; readonly thresholdMs: number } | undefined;
  readonly correctness?: number | undefined;
  readonly periodMs: number;
}
