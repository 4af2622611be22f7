import { z } from 'zod';
import { durationMs, options, shown } from './core/options.ts';
import type { Logger } from './incidents/logger.ts';
import { type IncidentOptions, type IncidentSettings, incidentSchema } from './incidents/options.ts';
import { durationBuckets } from './metrics/buckets.ts';
import type { MetricsRegistry } from './metrics/prom-metrics.ts';
import { metricsRegistry } from './metrics/registration.ts';
import { type PolicyOptions, policyDefaultsSchema } from './policy-options.ts';

/** Options of `createBreakwater()`. */
export interface BreakwaterOptions {
  /** Where the metrics are registered. Default: prom-client's own default registry. */
  readonly registry?: MetricsRegistry | undefined;
  /** Anything with pino's level methods. Default: `pino({ name: 'breakwater' })`. */
  readonly logger?: Logger | undefined;
  /** Options of the incidents, or `false` for none. Default: incidents with a log sink. */
  readonly incidents?: IncidentOptions | false | undefined;
  /** Options that every policy starts from. */
  readonly defaults?: Omit<PolicyOptions, 'strategies'> | undefined;
  /**
   * Upper bounds in seconds of every duration histogram, ascending, so that they add up across policies. Default:
   * 0.001 to 30.
   */
  readonly durationBuckets?: readonly number[] | undefined;
}

const loggerSchema = z.custom<Logger>(
  (value) =>
    typeof value === 'object' &&
    value !== null &&
    ['debug', 'info', 'warn', 'error'].every((level) => typeof Reflect.get(value, level) === 'function'),
  {
    error: (issue) => `must have the level methods debug, info, warn and error, not be ${shown(issue.input)}`,
  },
);

/** Checks `BreakwaterOptions`. */
export const hubSchema = options({
  registry: metricsRegistry.optional(),
  logger: loggerSchema.optional(),
  incidents: z
    .union([incidentSchema, z.literal(false)], {
      error: (issue) => `must be incident options or false, not ${shown(issue.input)}`,
    })
    .optional(),
  defaults: policyDefaultsSchema.optional(),
  durationBuckets: durationBuckets.optional(),
});

/** The settings of the incidents. Those that are off tell nobody. */
export function incidentSettingsOf(given: z.output<typeof hubSchema>['incidents']): IncidentSettings {
  return given === false ? { ...incidentSchema.parse({}), sinks: [] } : (given ?? incidentSchema.parse({}));
}

/** Checks the options of `breakwater.close()`. */
export const closeSchema = options({ timeoutMs: durationMs.default(10_000) });
