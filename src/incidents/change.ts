import type { CircuitState } from '../core/circuit.ts';
import type { PolicyStats } from '../core/policy.ts';
import { durationText } from './duration-text.ts';
import type { Severity } from './incident/severity.ts';
import type { NotificationKind } from './notification.ts';
import type { DeliveryResult } from './ports.ts';

/** What began an incident: a circuit that opened, or a person. */
export type IncidentTrigger = 'circuit' | 'person';

/** What every change tells. */
interface ChangeBase {
  /** When, in milliseconds since the epoch. */
  readonly at: number;
}

/** The incident began. */
export interface DeclaredChange extends ChangeBase {
  readonly type: 'declared';
  readonly trigger: IncidentTrigger;
  readonly summary: string;
  readonly severity: Severity;
  readonly why: string;
  readonly by: string | undefined;
  readonly stats: PolicyStats | undefined;
}

/** A circuit of its policy moved. */
export interface CircuitChange extends ChangeBase {
  readonly type: 'circuit';
  readonly from: CircuitState;
  readonly to: CircuitState;
  readonly reason: string;
  readonly manual: boolean;
}

/** It became worse. */
export interface SeverityChange extends ChangeBase {
  readonly type: 'severity';
  readonly from: Severity;
  readonly to: Severity;
  readonly why: string;
}

/** It is as bad as before, for a reason that is better known. Not on the timeline. */
export interface ReviewedChange extends ChangeBase {
  readonly type: 'reviewed';
  readonly why: string;
}

/** A notification of it came to its end. */
export interface NotifiedChange extends ChangeBase {
  readonly type: 'notified';
  readonly sink: string;
  readonly kind: NotificationKind;
  readonly result: DeliveryResult;
  readonly tries: number;
  readonly detail: string;
}

/** Something worth knowing. */
export interface NotedChange extends ChangeBase {
  readonly type: 'noted';
  readonly text: string;
  readonly by: string | undefined;
}

/** It is over. */
export interface ResolvedChange extends ChangeBase {
  readonly type: 'resolved';
  readonly reason: string;
  readonly by: string | undefined;
  readonly durationMs: number;
  readonly stats: PolicyStats | undefined;
}

/**
 * Everything that can happen to an incident. An incident is the fold of its changes, so that whoever keeps them
 * can build it again. Their texts are redacted already.
 */
export type IncidentChange =
  | DeclaredChange
  | CircuitChange
  | SeverityChange
  | ReviewedChange
  | NotifiedChange
  | NotedChange
  | ResolvedChange;

/** A change in words, for the timeline. */
export function describeChange(change: IncidentChange): string {
  switch (change.type) {
    case 'declared':
      return `Declared as ${change.severity}${byWhom(change.by)}: ${sentence(change.summary)} ${change.why}`;
    case 'circuit':
      return `The circuit went from ${change.from} to ${change.to}${change.manual ? ' by hand' : ''}: ${change.reason}`;
    case 'severity':
      return `Raised from ${change.from} to ${change.to}: ${change.why}`;
    case 'reviewed':
      return change.why;
    case 'notified':
      return `${change.sink}: ${change.kind} ${resultText(change)}`;
    case 'noted':
      return `${change.text}${byWhom(change.by)}`;
    case 'resolved':
      return `Resolved${byWhom(change.by)} after ${durationText(change.durationMs)}: ${change.reason}`;
  }
}

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

function byWhom(by: string | undefined): string {
  return by === undefined ? '' : ` by ${by}`;
}

function resultText({ result, tries, detail }: NotifiedChange): string {
  const after = tries > 1 ? ` after ${tries} tries` : '';
  return result === 'failed' ? `could not be delivered${after} (${detail})` : `${result}${after} (${detail})`;
}
