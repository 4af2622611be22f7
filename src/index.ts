/** breakwater: policies around database and HTTP calls, with SLIs and incidents. */
export { Breakwater, createBreakwater } from './breakwater.ts';
export {
  type DeadlineContext,
  remainingDeadlineMs,
  runWithDeadline,
  runWithoutDeadline,
} from './core/ambient-deadline.ts';
export type { OperationContext } from './core/attempt.ts';
export type { AttemptBudgetOptions } from './core/attempt-budget.ts';
export type { CallDescription, DetailedResult } from './core/call.ts';
export type { CallOptions, WrapOptions } from './core/call-options.ts';
export type { ChaosControl } from './core/chaos-control.ts';
export type {
  Circuit,
  CircuitSnapshot,
  CircuitState,
  CircuitTransition,
  CircuitWindowCounts,
} from './core/circuit.ts';
export {
  BreakwaterError,
  type BreakwaterErrorCode,
  BulkheadFullError,
  CircuitOpenError,
  ClosedError,
  InjectedFaultError,
  InvalidOptionsError,
  isBreakwaterError,
  type OptionsProblem,
  RateLimitedError,
  TimeoutError,
  type TimeoutScope,
} from './core/errors.ts';
export type {
  AttemptEvent,
  BreakwaterEvents,
  CallEvent,
  ChaosEvent,
  CircuitEvent,
  EndpointEvent,
  EventBase,
  EventListener,
  EventName,
  FailoverEvent,
  FallbackEvent,
  HazardEvent,
  HedgeEvent,
  IncidentEvent,
  InternalErrorEvent,
  RejectionEvent,
  RetryEvent,
  UpdateEvent,
} from './core/events.ts';
export { type Hazard, type HazardCode, hazardCodes } from './core/hazards.ts';
export type { OptionChange } from './core/merged-options.ts';
export type {
  AttemptOutcome,
  CacheResult,
  CallOutcome,
  Component,
  FallbackSource,
  RetryReason,
} from './core/observer.ts';
export type { RejectionReason, Source } from './core/outcome.ts';
export type { Strategy, StrategyKind } from './core/pipeline.ts';
export type { Criticality, PolicyStats, Wrapped } from './core/policy.ts';
export type { Priority } from './core/priority.ts';
export type {
  ObjectiveEventBase,
  SloBurningEvent,
  SloEvent,
  SloEventBase,
  SloExhaustedEvent,
  SloFrozenEvent,
  SloRecoveredEvent,
  SloThawedEvent,
} from './core/slo-events.ts';
export type { ExemplarLabels, Tracing } from './core/tracing.ts';
export type { UpdateOptions } from './core/updates.ts';
export type { AttemptResult, Classify, Judgement, Verdict } from './core/verdict.ts';
export type { BreakwaterOptions } from './hub-options.ts';
export { severities, severityByImpact } from './incidents/incident/severity.ts';
export { incidentStatuses } from './incidents/incident/status.ts';
// What only tools and a few applications need, such as post-mortems, is of `breakwater/incidents` alone.
export type * from './incidents/index.ts';
export { SinkError } from './incidents/sink.ts';
export { alertmanagerSink } from './incidents/sinks/alertmanager/sink.ts';
export { logSink } from './incidents/sinks/log/sink.ts';
export { opsgenieSink } from './incidents/sinks/opsgenie/sink.ts';
export { pagerDutySink } from './incidents/sinks/pagerduty/sink.ts';
export { slackSink } from './incidents/sinks/slack/sink.ts';
export { webhookSink } from './incidents/sinks/webhook/sink.ts';
export { DEFAULT_DURATION_BUCKETS } from './metrics/buckets.ts';
export type { MetricsRegistry } from './metrics/prom-metrics.ts';
export { renderMetrics } from './metrics/render.ts';
export type { Policy, PolicyChanges, PolicyOptions, Readiness } from './policy-options.ts';
export type { AlertSeverity, BurnAlert } from './slo/burn-alerts.ts';
export type { ObjectiveName, RestoreResult } from './slo/live/archive.ts';
export type { SloOptions } from './slo/live/options.ts';
export type { ReleaseQuestion, SloRegistry } from './slo/live/registry.ts';
export type { ObjectiveRelease, Release, ReleaseAnswer } from './slo/live/release.ts';
export type { ObjectiveReport, SloReport } from './slo/live/report.ts';
export type { SavedSlot } from './slo/live/slots.ts';
export type { FiringAlert } from './slo/live/standing.ts';
export type { SavedObjective, SloState } from './slo/live/state.ts';
export type { BurnWindow } from './slo/windows.ts';
export type { BreakwaterSnapshot, PolicySnapshot } from './snapshot.ts';
export * from './strategies/adaptive-limit/index.ts';
export * from './strategies/bulkhead/index.ts';
export * from './strategies/cache-fallback/index.ts';
export * from './strategies/chaos/index.ts';
export * from './strategies/circuit-breaker/index.ts';
export * from './strategies/failover/index.ts';
export * from './strategies/fallback/index.ts';
export * from './strategies/hedge/index.ts';
export * from './strategies/rate-limit/index.ts';
export * from './strategies/retry/index.ts';
export type { StandardStrategies } from './strategies/standard.ts';
export * from './strategies/throttle/index.ts';
export { type TimeoutOptions, timeout } from './strategies/timeout/index.ts';
