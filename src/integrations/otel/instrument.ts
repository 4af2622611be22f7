import type { Meter } from '@opentelemetry/api';
import type { Breakwater } from '../../breakwater.ts';
import { InvalidOptionsError } from '../../core/errors.ts';
import { parseOptions } from '../../core/options.ts';
import { findMeter, makesSpans } from './detect.ts';
import { recordDurations } from './durations.ts';
import { observerOf } from './observer.ts';
import { hubArgument, type InstrumentOptions, instrumentSchema } from './options.ts';
import { addSpanEvents } from './span-events.ts';

/** Hubs that are instrumented. */
const instrumented = new WeakSet<Breakwater>();

/**
 * Records a hub's SLIs and counts as OpenTelemetry metrics, and adds attempts, retries, rejections, fallbacks and
 * changes of circuits to the span that was active when their call started. Policies made before and after both count.
 *
 * Start the SDK first: where there is none, this listens to nothing and costs nothing, and one that is started later
 * is not noticed. Counters count from the policies' creation, as `/metrics` does, and are read when the SDK collects;
 * histograms record from now on.
 *
 * @returns the function that undoes it; `breakwater.close()` does too
 * @throws {InvalidOptionsError} when an argument is wrong, or the hub is instrumented already
 */
export function instrument(breakwater: Breakwater, options: InstrumentOptions = {}): () => void {
  const subject = 'The argument of instrument()';
  parseOptions(hubArgument, { breakwater }, '', subject);
  const settings = parseOptions(instrumentSchema, options, '', 'Options of instrument()');
  const meter = settings.metrics ? findMeter(settings.meterProvider) : undefined;
  const tracing = settings.tracing && makesSpans();
  if (breakwater.closed || (meter === undefined && !tracing)) return () => {};
  if (instrumented.has(breakwater)) {
    throw new InvalidOptionsError('', subject, [
      { path: 'breakwater', message: 'is instrumented already; undo that first' },
    ]);
  }
  instrumented.add(breakwater);
  const stops = [
    () => instrumented.delete(breakwater),
    ...(meter === undefined ? [] : [recordMetrics(breakwater, meter)]),
    ...(tracing ? [addSpanEvents(breakwater)] : []),
  ];
  return () => {
    for (const stop of stops.splice(0)) stop();
  };
}

function recordMetrics(breakwater: Breakwater, meter: Meter): () => void {
  let stopDurations = (): void => {};
  const leave = breakwater.shareMetrics((shares, failed) => {
    const definitions = shares.map(({ definition }) => definition);
    stopDurations = recordDurations(breakwater, meter, definitions);
    return observerOf(meter).join(shares, failed);
  });
  return () => {
    stopDurations();
    leave();
  };
}
