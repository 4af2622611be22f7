/** How OpenTelemetry is to add an instrument's values up. */
export type InstrumentKind = 'counter' | 'up-down-counter' | 'gauge';

/** An instrument that reads a metric family when it is collected. Its attributes are the family's labels. */
export interface ObservedInstrument {
  /** The family on `/metrics`, less the prefix `breakwater_`. */
  readonly family: string;
  readonly name: string;
  readonly kind: InstrumentKind;
  /** In UCUM. */
  readonly unit: string;
}

/** The instruments that read what `/metrics` shows. Names, units and attributes stay what they are. */
export const observedInstruments: readonly ObservedInstrument[] = [
  counter('calls_total', 'breakwater.calls', '{call}'),
  counter('attempts_total', 'breakwater.attempts', '{attempt}'),
  counter('late_outcomes_total', 'breakwater.late_outcomes', '{attempt}'),
  counter('retries_total', 'breakwater.retries', '{retry}'),
  counter('rejections_total', 'breakwater.rejections', '{rejection}'),
  counter('fallbacks_total', 'breakwater.fallbacks', '{fallback}'),
  counter('cache_requests_total', 'breakwater.cache.requests', '{request}'),
  upDownCounter('calls_in_flight', 'breakwater.active_calls', '{call}'),
  upDownCounter('attempts_in_flight', 'breakwater.active_attempts', '{attempt}'),
  upDownCounter('circuit_state', 'breakwater.circuit.state', '{circuit}'),
  counter('circuit_transitions_total', 'breakwater.circuit.transitions', '{transition}'),
  counter('sli_events_total', 'breakwater.sli.events', '{event}'),
  gauge('slo_objective_ratio', 'breakwater.slo.objective', '1'),
  gauge('slo_period_seconds', 'breakwater.slo.period', 's'),
  gauge('slo_latency_threshold_seconds', 'breakwater.slo.latency_threshold', 's'),
  gauge('error_budget_remaining_ratio', 'breakwater.slo.error_budget.remaining', '1'),
  gauge('slo_burn_rate', 'breakwater.slo.burn_rate', '1'),
  upDownCounter('incidents', 'breakwater.incidents', '{incident}'),
  counter('incident_notifications_total', 'breakwater.incident.notifications', '{notification}'),
  counter('internal_errors_total', 'breakwater.internal_errors', '{error}'),
  counter('shadow_rejections_total', 'breakwater.shadow_rejections', '{rejection}'),
  upDownCounter('bulkhead_in_use', 'breakwater.bulkhead.in_use', '{call}'),
  upDownCounter('bulkhead_queued', 'breakwater.bulkhead.queued', '{call}'),
  counter('bulkhead_expired_leases_total', 'breakwater.bulkhead.expired_leases', '{lease}'),
  upDownCounter('rate_limit_queued', 'breakwater.rate_limit.queued', '{call}'),
  gauge('throttle_ratio', 'breakwater.throttle.ratio', '1'),
  upDownCounter('adaptive_limit', 'breakwater.adaptive_limit.limit', '{call}'),
  upDownCounter('adaptive_limit_in_use', 'breakwater.adaptive_limit.in_use', '{call}'),
  counter('hedges_total', 'breakwater.hedges', '{attempt}'),
  gauge('hedge_delay_seconds', 'breakwater.hedge.delay', 's'),
  counter('failovers_total', 'breakwater.failovers', '{failover}'),
  counter('endpoint_attempts_total', 'breakwater.endpoint.attempts', '{attempt}'),
  upDownCounter('endpoint_in_flight', 'breakwater.endpoint.active_attempts', '{attempt}'),
  upDownCounter('endpoint_ejected', 'breakwater.endpoint.ejected', '{endpoint}'),
  upDownCounter('endpoint_circuit_state', 'breakwater.endpoint.circuit.state', '{circuit}'),
  counter('circuit_probes_total', 'breakwater.circuit.probes', '{probe}'),
  upDownCounter('circuit_keys', 'breakwater.circuit.keys', '{key}'),
  counter('chaos_faults_total', 'breakwater.chaos.faults', '{fault}'),
  gauge('chaos_active', 'breakwater.chaos.active', '1'),
];

/** A histogram, which OpenTelemetry has to be told of each value. */
export interface DurationInstrument {
  /** The family on `/metrics`, less the prefix, which has its buckets and its description. */
  readonly family: string;
  readonly name: string;
}

/** The histograms, in seconds, with the attributes `breakwater.policy`, `breakwater.outcome` and `error.type`. */
export const durationInstruments = {
  call: { family: 'call_duration_seconds', name: 'breakwater.call.duration' },
  attempt: { family: 'attempt_duration_seconds', name: 'breakwater.attempt.duration' },
} as const satisfies Readonly<Record<string, DurationInstrument>>;

/** The attribute that a label becomes. */
export function attributeOf(label: string): string {
  return `breakwater.${label}`;
}

function counter(family: string, name: string, unit: string): ObservedInstrument {
  return { family, name, kind: 'counter', unit };
}

function upDownCounter(family: string, name: string, unit: string): ObservedInstrument {
  return { family, name, kind: 'up-down-counter', unit };
}

function gauge(family: string, name: string, unit: string): ObservedInstrument {
  return { family, name, kind: 'gauge', unit };
}
