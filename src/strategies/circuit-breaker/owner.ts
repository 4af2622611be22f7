import type { Circuit, CircuitTransition } from '../../core/circuit.ts';
import type { MachineCircuit } from './circuit.ts';
import type { ProbeCounts } from './health-checks.ts';
import type { CircuitBreakerSettings } from './options.ts';

/** Whose a circuit is; the policy's own has neither. */
export type Whose = Pick<Circuit, 'key' | 'endpoint'>;

/** What keeps circuits. */
export interface CircuitOwner {
  /** The options in force. */
  readonly settings: CircuitBreakerSettings;
  readonly probes: ProbeCounts;
  circuitMoved(circuit: MachineCircuit, transition: CircuitTransition): void;
  /** Whether a circuit that is half-open may have to wait for ever for a call that tries it. */
  readonly endsIdle: boolean;
  /** Such a circuit has been half-open for as long as one stays open at most, and nobody came to try. */
  circuitIdle(circuit: MachineCircuit): void;
  /** Whether health checks also watch that circuit while it is closed. */
  isChecked(whose: Whose): boolean;
}
