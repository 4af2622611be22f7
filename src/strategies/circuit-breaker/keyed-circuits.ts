import type { CircuitTransition } from '../../core/circuit.ts';
import type { MachineCircuit } from './circuit.ts';

/**
 * The circuits of keys, each under its slot, the least recently used first. Closed ones, which can be forgotten at
 * little cost, are kept apart from the others, so that room is made without looking at them all.
 */
export class KeyedCircuits {
  readonly #closed = new Map<string, MachineCircuit>();
  readonly #notClosed = new Map<string, MachineCircuit>();
  /** The last one of its map: to use it again moves nothing. */
  #latest: MachineCircuit | undefined = undefined;

  get size(): number {
    return this.#closed.size + this.#notClosed.size;
  }

  get all(): readonly MachineCircuit[] {
    return [...this.#notClosed.values(), ...this.#closed.values()];
  }

  /** The circuit in that slot. To look at it is not to use it. */
  at(slot: string): MachineCircuit | undefined {
    return this.#closed.get(slot) ?? this.#notClosed.get(slot);
  }

  /** The circuit in that slot, used now. */
  use(slot: string): MachineCircuit | undefined {
    if (this.#latest?.slot === slot) return this.#latest;
    const circuits = this.#closed.has(slot) ? this.#closed : this.#notClosed;
    const circuit = circuits.get(slot);
    if (circuit === undefined) return undefined;
    circuits.delete(slot);
    circuits.set(slot, circuit);
    this.#latest = circuit;
    return circuit;
  }

  add(circuit: MachineCircuit): void {
    const { slot } = circuit;
    if (slot === undefined) return;
    (circuit.isClosed ? this.#closed : this.#notClosed).set(slot, circuit);
    this.#latest = circuit;
  }

  moved(circuit: MachineCircuit, { from, to }: CircuitTransition): void {
    const { slot } = circuit;
    if (slot === undefined || (from !== 'closed' && to !== 'closed')) return;
    const [out, into] = to === 'closed' ? [this.#notClosed, this.#closed] : [this.#closed, this.#notClosed];
    // Whoever still holds one that was forgotten does not move the new one of its key.
    if (out.get(slot) !== circuit) return;
    out.delete(slot);
    into.set(slot, circuit);
    this.#latest = circuit;
  }

  /** The closed one that was used least recently. */
  get oldestClosed(): MachineCircuit | undefined {
    return this.#closed.values().next().value;
  }

  remove(circuit: MachineCircuit): void {
    const { slot } = circuit;
    if (slot === undefined) return;
    if (this.#latest === circuit) this.#latest = undefined;
    if (this.#closed.get(slot) === circuit) this.#closed.delete(slot);
    if (this.#notClosed.get(slot) === circuit) this.#notClosed.delete(slot);
  }
}
