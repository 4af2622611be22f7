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
  /** An attempt that went through the circuit of a key has succeeded. */
  keyHealthy(circuit: MachineCircuit, now: number): void;
  /** No call came to that circuit, which is not closed, for as long as one stays open at most. */
  circuitIdle(circuit: MachineCircuit): void;
  /** Whether a health check may speak for that circuit as a whole; only such a one is watched while it is closed. */
  isChecked(whose: Whose): boolean;
  /** Whether calls that go through that circuit have circuits of their own, so that it sees few of them itself. */
  isAround(whose: Whose): boolean;
}
