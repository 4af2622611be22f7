import type { Events } from '../core/events.ts';
import type { Component } from '../core/observer.ts';
import type { Criticality, PolicyStats } from '../core/policy.ts';
import type { NotificationResult } from '../metrics/incident-counters.ts';
import type { SeenCircuit } from './circuit-tally.ts';
import type { PolicyEvidence } from './evidence/policy-evidence.ts';
import type { Severity } from './incident/severity.ts';
import type { IncidentStatus } from './incident/status.ts';
import type { Logger } from './logger.ts';
import type { Runbook } from './recovery/runbook.ts';
import type { PolicySteering } from './recovery/steering.ts';

/** What the incidents need to know of a policy. */
export interface PolicyFacts {
  readonly criticality: Criticality;
  /** Whether something can answer in a failed call's place. */
  readonly hasFallback: boolean;
  /** All circuits of the policy, as they are now. */
  readonly circuits: readonly SeenCircuit[];
  /** Names of policies that it depends on, those that are not made yet included. Default: none. */
  readonly dependsOn?: readonly string[] | undefined;
  /** What uses it: features, teams. Default: none. */
  readonly usedBy?: readonly string[] | undefined;
  /** What incidents gather of it. Default: nothing. */
  readonly evidence?: PolicyEvidence | undefined;
  /** What can be done to it, beside its runbook. Default: nothing. */
  readonly steering?: PolicySteering | undefined;
  readonly runbook?: Runbook | undefined;
  stats(): PolicyStats;
}

/** How a notification ended. */
export type DeliveryResult = NotificationResult;

/** Counts incidents. The port that `metrics/` fills; its methods must not throw. */
export interface IncidentObserver {
  /**
   * Incidents of `severity` in `status` became one more or one fewer. Resolved and closed ones are counted since the
   * start of the process, also when they are not kept any more. Drills are not told.
   */
  incidentsChanged(severity: Severity, status: IncidentStatus, by: 1 | -1): void;
  /** A notification to `sink` came to its end. Those of drills are not told. */
  notified(sink: string, result: DeliveryResult): void;
}

/** What the hub gives the incidents to work with. */
export interface IncidentPorts {
  readonly events: Events;
  readonly logger: Logger;
  readonly counters: IncidentObserver;
  /** Facts of the policy of that name; `undefined` where there is none. */
  readonly facts: (policy: string) => PolicyFacts | undefined;
  /** Names of the policies that depend on the policy directly, by their options. */
  readonly dependants: (policy: string) => Iterable<string>;
  /** Counts and announces what failed inside and was kept from the caller. It must not throw. */
  readonly report: (
    policy: string,
    component: Extract<Component, 'incidents' | 'sink'>,
    error: unknown,
  ) => void;
}
