import { circuitStates } from './circuit.ts';
import { attemptOutcomes } from './observer.ts';
import type { RejectionReason } from './outcome.ts';

/** A metric that only policies with a certain layer have. All have the label `policy`, and those of `labels`. */
export interface LayerFamily {
  /** Without the prefix `breakwater_`. */
  readonly name: string;
  readonly type: 'counter' | 'gauge';
  readonly help: string;
  /** Names of its labels beside `policy`. Values come from closed sets, or from a policy's options. */
  readonly labels: readonly string[];
  /** How samples of several workers of a cluster, or hubs with one registry, become one. */
  readonly aggregation: 'sum' | 'max' | 'average';
}

/** One series that a layer exposes, from its policy's creation on. */
export interface LayerSample {
  readonly family: LayerFamily;
  readonly labels: Readonly<Record<string, string>>;
  /** Whether it counts for all layers of the policy, so that of several alike each reads the same. Default: no. */
  readonly isShared?: boolean;
  /** Its value at a scrape; `undefined` while it has none. Must not throw. */
  read(): number | undefined;
}

const counter = (name: string, help: string, ...labels: string[]): LayerFamily => ({
  name,
  type: 'counter',
  help,
  labels,
  aggregation: 'sum',
});

const gauge = (
  name: string,
  help: string,
  aggregation: LayerFamily['aggregation'],
  ...labels: string[]
): LayerFamily => ({ name, type: 'gauge', help, labels, aggregation });

/** All metrics of layers, by what they count. A new one is a line here. */
export const layerFamilies = {
  shadowRejections: counter(
    'shadow_rejections_total',
    'Calls and attempts that a strategy in shadow mode would have turned away.',
    'reason',
  ),
  bulkheadInUse: gauge('bulkhead_in_use', 'Places of the bulkhead that are taken.', 'sum'),
  bulkheadQueued: gauge('bulkhead_queued', 'Calls that wait for a place of the bulkhead.', 'sum'),
  bulkheadExpiredLeases: counter(
    'bulkhead_expired_leases_total',
    'Places taken back from operations that did not end in time.',
  ),
  rateLimitQueued: gauge('rate_limit_queued', 'Calls that wait for a token of the rate limit.', 'sum'),
  throttleRatio: gauge(
    'throttle_ratio',
    'Share of calls that are turned away now, by their priority.',
    'average',
    'priority',
  ),
  adaptiveLimit: gauge('adaptive_limit', 'Calls that the adaptive limit lets be in flight.', 'sum'),
  adaptiveLimitInUse: gauge('adaptive_limit_in_use', 'Calls in flight under the adaptive limit.', 'sum'),
  hedges: counter('hedges_total', 'Hedges by what became of them.', 'result'),
  hedgeDelay: gauge(
    'hedge_delay_seconds',
    'How long an attempt has until a hedge is made beside it.',
    'average',
  ),
  failovers: counter('failovers_total', 'Calls that went on to another endpoint after one failed.'),
  endpointAttempts: counter(
    'endpoint_attempts_total',
    'Runs by endpoint and outcome.',
    'endpoint',
    'outcome',
  ),
  endpointInFlight: gauge('endpoint_in_flight', 'Runs in flight, by endpoint.', 'sum', 'endpoint'),
  endpointEjected: gauge('endpoint_ejected', '1 while the endpoint is ejected, else 0.', 'sum', 'endpoint'),
  endpointCircuitState: gauge(
    'endpoint_circuit_state',
    "1 for the state that the endpoint's circuit is in, 0 for the others.",
    'sum',
    'endpoint',
    'state',
  ),
  circuitProbes: counter('circuit_probes_total', 'Health checks of the dependency by result.', 'result'),
  circuitKeys: gauge('circuit_keys', 'Keys that have a circuit of their own.', 'sum'),
  chaosFaults: counter('chaos_faults_total', 'Faults made on purpose.', 'fault'),
  chaosActive: gauge('chaos_active', '1 while faults may be made on purpose, else 0.', 'max'),
} as const satisfies Readonly<Record<string, LayerFamily>>;

/** Values of the label `outcome` of `endpoint_attempts_total`: those of attempts, and of what was turned away. */
export const endpointOutcomes = [...attemptOutcomes, 'rejected'] as const;
/** Values of the label `state` of `endpoint_circuit_state`. */
export const endpointCircuitStates = circuitStates;

/**
 * The series of a layer with a shadow mode: it has a value while the layer is in it, or has been.
 *
 * @param counts what the policy's layers counted, as `PolicyRuntime.shadowRejections`
 */
export function shadowSample(
  reason: RejectionReason,
  counts: ReadonlyMap<RejectionReason, number>,
  isShadow: () => boolean,
): LayerSample {
  return {
    family: layerFamilies.shadowRejections,
    labels: { reason },
    isShared: true,
    read: () => counts.get(reason) ?? (isShadow() ? 0 : undefined),
  };
}

/**
 * One sample for each series: of a policy with two layers of a kind, what both expose comes together, as its family says.
 */
export function joined(samples: readonly LayerSample[]): readonly LayerSample[] {
  const bySeries = new Map<string, LayerSample[]>();
  for (const sample of samples) {
    const series = JSON.stringify([sample.family.name, sample.labels]);
    const alike = bySeries.get(series);
    if (alike === undefined) bySeries.set(series, [sample]);
    else alike.push(sample);
  }
  return [...bySeries.values()].flatMap(([first, ...others]) =>
    first === undefined || others.length === 0 ? (first ?? []) : together(first, others),
  );
}

function together(first: LayerSample, others: readonly LayerSample[]): LayerSample {
  const { family, labels } = first;
  return { family, labels, read: () => combined(first, [first, ...others]) };
}

/** The value of samples of one series together, as their family says. */
export function combined(
  { family, isShared = false }: LayerSample,
  samples: readonly LayerSample[],
): number | undefined {
  const values = samples.flatMap((sample) => sample.read() ?? []);
  if (values.length === 0) return undefined;
  if (isShared || family.aggregation === 'max') return Math.max(...values);
  const sum = values.reduce((a, b) => a + b, 0);
  return family.aggregation === 'sum' ? sum : sum / values.length;
}
