import type { CircuitState } from '../../core/circuit.ts';
import { monotonicNow } from '../../core/clock.ts';
import type { Outcome } from '../../core/outcome.ts';
import type { MachineCircuit } from './circuit.ts';
import { type MirroredCircuit, OpossumMirror } from './mirror.ts';

/** How far back opossum's rolling status looks where the circuit's window is a count. */
const STATUS_MS = 10_000;

const NO_ARGUMENTS: readonly unknown[] = [];

/** Tells a circuit's opossum mirror what the circuit sees, in opossum's words. */
export class MirrorFeed {
  readonly breaker: OpossumMirror;

  constructor(circuit: MachineCircuit) {
    const { window } = circuit.settings;
    const statusMs = window.type === 'time' ? window.ms : STATUS_MS;
    const steering = new Steering(circuit);
    this.breaker = new OpossumMirror(circuit.runtime.name, statusMs, circuit.machine, steering);
  }

  /** An attempt asks to be admitted. */
  fired(now: number): void {
    if (this.breaker.count('fire', now, undefined)) this.breaker.emit('fire', NO_ARGUMENTS);
  }

  turnedAway({ error }: Outcome, now: number): void {
    if (this.breaker.count('reject', now, undefined)) this.breaker.emit('reject', error);
  }

  succeeded(outcome: Outcome, now: number, latencyMs: number): void {
    if (!this.breaker.count('success', now, latencyMs)) return;
    this.breaker.emit('success', outcome.ok ? outcome.value : outcome.error, latencyMs);
  }

  failed(outcome: Outcome, now: number, latencyMs: number): void {
    const error = outcome.ok ? outcome.value : outcome.error;
    if (outcome.cut !== undefined && this.breaker.count('timeout', now, undefined))
      this.breaker.emit('timeout', error, latencyMs, NO_ARGUMENTS);
    if (this.breaker.count('failure', now, latencyMs))
      this.breaker.emit('failure', error, latencyMs, NO_ARGUMENTS);
  }

  moved(to: CircuitState, openForMs: number): void {
    this.breaker.moved(to, openForMs);
  }
}

/** What tools made for opossum steer: the circuit, unless that has been forgotten. */
class Steering implements MirroredCircuit {
  readonly #circuit: MachineCircuit;

  constructor(circuit: MachineCircuit) {
    this.#circuit = circuit;
  }

  trip(manual: boolean): void {
    const reason = manual ? 'opened through opossum' : "opossum's health check failed";
    if (!this.#circuit.isForgotten) this.#circuit.machine.trip(reason, manual, monotonicNow(), Math.random);
  }

  reset(): void {
    this.#circuit.reset();
  }

  enable(): void {
    if (this.#circuit.state === 'disabled') this.#circuit.reset();
  }

  disable(): void {
    if (!this.#circuit.isForgotten) this.#circuit.disable();
  }

  listenerFailed(error: unknown): void {
    this.#circuit.runtime.report('circuit-listener', error);
  }
}
