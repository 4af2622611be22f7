import { type Context, type Histogram, type Meter, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import type { Breakwater } from '../../breakwater.ts';
import type { FamilyDefinition } from '../../metrics/family.ts';
import { BoundedErrorTypes } from './error-type.ts';
import { attributeOf, type DurationInstrument, durationInstruments } from './instruments.ts';
import { isSpan } from './span.ts';

/** The histograms of a meter. */
interface Durations {
  readonly call: Histogram;
  readonly attempt: Histogram;
}

/** By meter: those of several hubs are the same, with the buckets of the first. */
const made = new WeakMap<Meter, Durations>();

/**
 * Records the durations of a hub's calls and attempts.
 *
 * @param definitions the families that have their descriptions and buckets
 * @returns the function that ends it
 */
export function recordDurations(
  breakwater: Breakwater,
  meter: Meter,
  definitions: readonly FamilyDefinition[],
): () => void {
  const durations = made.get(meter) ?? {
    call: histogram(meter, durationInstruments.call, definitions),
    attempt: histogram(meter, durationInstruments.attempt, definitions),
  };
  made.set(meter, durations);
  const types = new BoundedErrorTypes(breakwater);
  const record = (histogram: Histogram, { policy, outcome, durationMs, error, trace }: Ended): void => {
    const type = types.of(policy, error, outcome);
    const attributes = {
      [attributeOf('policy')]: policy,
      [attributeOf('outcome')]: outcome,
      ...(type === undefined ? {} : { 'error.type': type }),
    };
    histogram.record(Math.max(durationMs, 0) / 1_000, attributes, contextOf(trace));
  };
  const stops = [
    breakwater.on('call', (event) => record(durations.call, event)),
    breakwater.on('attempt', (event) => record(durations.attempt, event)),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}

/** What the two events have in common. */
interface Ended {
  readonly policy: string;
  readonly outcome: string;
  readonly durationMs: number;
  readonly error?: unknown;
  readonly trace?: unknown;
}

/** The context of the call: the one that is active now may be another's. */
function contextOf(of: unknown): Context {
  return isSpan(of) ? trace.setSpan(ROOT_CONTEXT, of) : ROOT_CONTEXT;
}

function histogram(
  meter: Meter,
  { family, name }: DurationInstrument,
  definitions: readonly FamilyDefinition[],
): Histogram {
  const definition = definitions.find((other) => other.name === `breakwater_${family}`);
  return meter.createHistogram(name, {
    unit: 's',
    description: definition?.help ?? '',
    advice: { explicitBucketBoundaries: [...(definition?.buckets ?? [])] },
  });
}
