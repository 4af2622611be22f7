import type { Circuit } from '../../core/circuit.ts';
import type { Events } from '../../core/events.ts';
import type { IncidentChange } from '../incident/changes/change.ts';
import type { IncidentJson } from '../incident/document.ts';

/** A circuit as a drill steers it. */
export type DrilledCircuit = Pick<
  Circuit,
  'state' | 'since' | 'retryAfterMs' | 'shadow' | 'forceOpen' | 'probeNow' | 'reset'
>;

/** A policy as a drill sees it. */
export interface DrilledPolicy {
  readonly name: string;
  readonly circuits: readonly DrilledCircuit[];
  /** Whether something can answer in a failed call's place. */
  readonly hasFallback: boolean;
  readonly callsInFlight: number;
  /** Policies that depend on it. */
  readonly dependants: readonly string[];
}

/** A drill's incident, as it is declared. */
export interface DrillDeclaration {
  readonly policy: string;
  readonly summary: string;
  readonly by: string;
  /** Whether the sinks are told. */
  readonly notify: boolean;
  /** Policies whose calls it turns away: what their budgets and limits come to is the drill's. Default: none. */
  readonly holds?: readonly string[] | undefined;
}

/** A file for the incident's folder. */
export interface DrillFile {
  /** What it holds, such as `the last hour's metrics`. */
  readonly what: string;
  readonly name: string;
  /** Gives its text; may take its time. */
  read(signal: AbortSignal): string | Promise<string>;
}

/** What the hub gives a drill to work with. */
export interface DrillPorts {
  /** Whether the application's code allows drills. */
  readonly allowed: boolean;
  readonly events: Pick<Events, 'on'>;
  /** The policy of that name. `undefined` where there is none. */
  policy(name: string): DrilledPolicy | undefined;
  /** All policies' names. */
  policyNames(): readonly string[];
  /** Open incidents, drills included. */
  open(): readonly IncidentJson[];
  incident(id: string): IncidentJson | undefined;
  /** Declares an incident that is a drill: it counts nowhere and is filed by a dedup key of its own. */
  declare(declaration: DrillDeclaration): IncidentJson;
  /** Adds to the incident what the drill did. */
  record(id: string, changes: readonly IncidentChange[]): void;
  /** Lets the incident's controls steer those circuits of the policies, though the drill holds them. */
  lend(id: string, policies: readonly string[], circuits: ReadonlySet<unknown>): void;
  /** Ends what people did to policies by the incident's controls and that holds still. */
  endControls(id: string): void;
  /** Ends the drill's incident: resolves and closes it whatever its checklists say. Does nothing once it is closed. */
  finish(id: string, reason: string): void;
  /** What can be done about the incident, a line each. */
  recovery(id: string): readonly string[];
  /** The incident's folder; `undefined` where nothing is written to disk. */
  folder(id: string): string | undefined;
  readonly files: readonly DrillFile[];
  /** What whoever plays it should know of the files, a sentence each. */
  readonly hints: readonly string[];
  /** Is told what fails and is kept from the application. */
  report(error: unknown): void;
}
