import type { CircuitSnapshot } from './core/circuit.ts';
import type { Criticality, PolicyStats } from './core/policy.ts';
import type { Readiness } from './policy-options.ts';
import type { SloReport } from './slo/live/report.ts';

/** The state of a hub at one moment, as plain data. */
export interface BreakwaterSnapshot {
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly version: string;
  readonly policies: readonly PolicySnapshot[];
  /** Where the objectives of those policies stand that have some. */
  readonly slo: readonly SloReport[];
}

/** The state of a policy at one moment, as plain data. */
export interface PolicySnapshot {
  readonly name: string;
  readonly criticality: Criticality;
  readonly readiness: Readiness;
  readonly circuits: readonly CircuitSnapshot[];
  readonly stats: PolicyStats;
}
