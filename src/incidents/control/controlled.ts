import type { CircuitState } from '../../core/circuit.ts';
import type { Criticality } from '../../core/policy.ts';
import type { IncidentCommand } from '../commands/command.ts';
import type { IncidentJson } from '../incident/document.ts';
import type { IncidentDeclaration } from '../incidents.ts';
import type { RecoveryRequest } from '../recovery/request.ts';
import type { ControlSession } from './session.ts';

/** A policy as the command shows it. */
export interface ControlledPolicy {
  readonly name: string;
  readonly criticality: Criticality;
  readonly circuits: readonly { readonly state: CircuitState; readonly shadow: boolean }[];
}

/** An incident in short, to choose by. */
export type IncidentSummary = Pick<IncidentJson, 'id' | 'status' | 'severity' | 'policy' | 'summary'>;

/** Who answers at the socket. */
export interface ControlledProcess {
  readonly version: string;
  readonly service: string | null;
  readonly instance: string;
  readonly pid: number;
}

/** Drills, as the socket plays them. Each checks what it is given. */
export interface ControlledDrills {
  plan(request: unknown): unknown;
  start(request: unknown, session: ControlSession): unknown;
  stop(request: unknown): unknown;
  status(): unknown;
}

/**
 * All that the socket may do in the application. What it throws as `InvalidOptionsError` is the caller's to mend and is
 * told in full; anything else is told short and reported.
 */
export interface Controlled {
  readonly process: ControlledProcess;
  policies(): readonly ControlledPolicy[];
  incidents(): readonly IncidentJson[];
  /** The same incidents in short: of many, the documents are too long for one answer. */
  summaries(): readonly IncidentSummary[];
  /** The incident of that id; `undefined` when there is none. */
  incident(id: string): IncidentJson | undefined;
  declare(declaration: IncidentDeclaration): IncidentJson;
  do(id: string, command: IncidentCommand): IncidentJson;
  /** Why an incident did or did not notify. */
  why(id: string): unknown;
  /** What can be done about an incident. */
  recovery(id: string): unknown;
  /** Does something of it. */
  recover(id: string, request: RecoveryRequest): unknown;
  readonly drills: ControlledDrills;
}
