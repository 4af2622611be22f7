/** Incidents: what the hub declares, and the sinks that tell of them. `breakwater/incidents`. */
export type { AnnouncedSloEvent, SloAnnouncement } from './announcement.ts';
export type { CollectContext, Collected, Collector } from './collectors/collector.ts';
export { type CommandCollectorOptions, commandCollector } from './collectors/command.ts';
export { type LogCollector, type LogCollectorOptions, logCollector } from './collectors/log.ts';
export type { LogRing } from './collectors/log-ring.ts';
export type { CollectorOptions } from './collectors/options.ts';
export { type PrometheusCollectorOptions, prometheusCollector } from './collectors/prometheus.ts';
export type { IncidentCommand } from './commands/command.ts';
export type { ControlOptions } from './control/options.ts';
export type { DrillEnd, DrillReport } from './drill/progress.ts';
export type { DrillEffect, DrillStep } from './drill/scenario.ts';
export type { DrillScore, DrillStepScore } from './drill/score.ts';
export type { Contact, ContactHours, EscalationOptions, Route, Weekday } from './escalation/options.ts';
export type {
  ActionHorizon,
  ActionKind,
  IncidentChange,
  IncidentRole,
  IncidentTrigger,
} from './incident/changes/change.ts';
export type {
  ActionJson,
  Authored,
  ChecklistJson,
  ChecklistName,
  HypothesisJson,
  IncidentJson,
  LearnedTopic,
  NotificationJson,
} from './incident/document.ts';
export type {
  CallFactsJson,
  ImpactJson,
  RunbookJson,
  SituationJson,
} from './incident/document-facts.ts';
export type { Incident } from './incident/record.ts';
export {
  type BurnFacts,
  type CircuitSpread,
  type FallbackState,
  type Severity,
  type SeverityDecision,
  type SeverityFacts,
  type SeverityRule,
  severities,
  severityByImpact,
} from './incident/severity.ts';
export { type IncidentStatus, incidentStatuses } from './incident/status.ts';
export type { TimelineEntry } from './incident/timeline.ts';
export type {
  FlushOptions,
  HubChangeNote,
  IncidentDeclaration,
  Incidents,
  ResolveOptions,
} from './incidents.ts';
export type { KeyNaming } from './key-name.ts';
export type { Logger, LogMethod } from './logger.ts';
export type { Silence } from './manager/hub-change.ts';
export type { DigestEntry, Notification, NotificationKind } from './notification.ts';
export type { DedupScope, IncidentOptions } from './options.ts';
export type { DeliveryResult } from './ports.ts';
export {
  type ActionProgress,
  type ActionReport,
  type TrackActionsOptions,
  type TrackedAction,
  trackActions,
} from './postmortem/actions.ts';
export type { PostmortemLanguage } from './postmortem/language.ts';
export { type LintFinding, type LintRule, lintPostmortem } from './postmortem/lint.ts';
export { type KeptEdit, type MergedPostmortem, mergePostmortem } from './postmortem/merge/merge.ts';
export { type PostmortemOptions, postmortem } from './postmortem/postmortem.ts';
export { type SearchHit, type SearchOptions, search as searchIncidents } from './postmortem/search.ts';
export type {
  IncidentSelection,
  MaintenanceWindow,
  Moment,
  QuietOptions,
  SilenceRequest,
} from './quiet/options.ts';
export type { ActiveControl, PolicyRecovery, RecoveryOption } from './recovery/options.ts';
export { type RecoveryControl, type RecoveryRequest, recoveryControls } from './recovery/request.ts';
export type { Runbook, RunbookStep } from './recovery/runbook.ts';
export {
  type Receipt,
  type Sink,
  type SinkAnswer,
  type SinkContext,
  SinkError,
  type SinkFailure,
  type SinkPace,
} from './sink.ts';
export type { AlertmanagerSinkOptions } from './sinks/alertmanager/options.ts';
export { alertmanagerSink } from './sinks/alertmanager/sink.ts';
export type { RunbookUrl } from './sinks/link-options.ts';
export type { LogSinkOptions } from './sinks/log/options.ts';
export { logSink } from './sinks/log/sink.ts';
export type { OpsgeniePriority, OpsgenieResponder, OpsgenieSinkOptions } from './sinks/opsgenie/options.ts';
export { opsgenieSink } from './sinks/opsgenie/sink.ts';
export type { PagerDutySeverity, PagerDutySinkOptions } from './sinks/pagerduty/options.ts';
export { pagerDutySink } from './sinks/pagerduty/sink.ts';
export type { SlackSinkOptions } from './sinks/slack/options.ts';
export { slackSink } from './sinks/slack/sink.ts';
export type { WebhookSinkOptions } from './sinks/webhook/options.ts';
export type { WebhookPayload } from './sinks/webhook/payload.ts';
export { webhookSink } from './sinks/webhook/sink.ts';
export type { SloWebhookPayload } from './sinks/webhook/slo-payload.ts';
