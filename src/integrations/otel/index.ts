/** breakwater/otel: the SLIs and counts as OpenTelemetry metrics, and what befalls a call as events of its span. */
export { instrument } from './instrument.ts';
export type { InstrumentOptions } from './options.ts';
