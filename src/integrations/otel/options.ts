import type { MeterProvider } from '@opentelemetry/api';
import { z } from 'zod';
import type { Breakwater } from '../../breakwater.ts';
import { flag, options, shown } from '../../core/options.ts';

/** Options of `instrument()`. */
export interface InstrumentOptions {
  /** Whether to record metrics. Default `true`. */
  readonly metrics?: boolean | undefined;
  /** Whether to add events to spans, and to give the exemplars of an OpenMetrics registry. Default `true`. */
  readonly tracing?: boolean | undefined;
  /** Where the meter comes from. Default: the global meter provider. */
  readonly meterProvider?: MeterProvider | undefined;
}

/** A hub. Looked at by its shape, since two copies of the package may be loaded. */
const hub = z.custom<Breakwater>((value) => hasMethods(value, ['on', 'useTracing', 'shareMetrics']), {
  error: ({ input }) => `must be a hub, as createBreakwater() gives, not ${shown(input)}`,
});

/** Checks the first argument of `instrument()`. */
export const hubArgument = options({ breakwater: hub });

/** Checks `InstrumentOptions`. */
export const instrumentSchema = options({
  metrics: flag.default(true),
  tracing: flag.default(true),
  meterProvider: z
    .custom<MeterProvider>((value) => hasMethods(value, ['getMeter']), {
      error: ({ input }) => `must be a MeterProvider of OpenTelemetry, not ${shown(input)}`,
    })
    .optional(),
});

function hasMethods(value: unknown, methods: readonly string[]): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    methods.every((method) => typeof Reflect.get(value, method) === 'function')
  );
}
