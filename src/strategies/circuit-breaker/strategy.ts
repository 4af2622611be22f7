import type { Call } from '../../core/call.ts';
import { parseOptions } from '../../core/options.ts';
import { type Outcome, rejected } from '../../core/outcome.ts';
import type { Layer, Receiver, Strategy } from '../../core/pipeline.ts';
import type { Scope } from '../../core/scope.ts';
import { MachineCircuit } from './circuit.ts';
import { NO_GENERATION, Permit } from './machine.ts';
import { type CircuitBreakerOptions, type CircuitBreakerSettings, circuitBreakerSchema } from './options.ts';

/**
 * Stops asking a dependency that fails. Closed, it lets attempts through and counts them; once too many fail it
 * opens and turns them away; after a while, half-open, it lets a probe through, and closes when that succeeds.
 *
 * @throws {InvalidOptionsError} when the options are wrong
 */
export function circuitBreaker(options: CircuitBreakerOptions = {}): Strategy {
  const settings = parseOptions(circuitBreakerSchema, options, '', 'Options of circuitBreaker()');
  let circuit: MachineCircuit | undefined;
  return {
    kind: 'circuit-breaker',
    describe: () => describe(settings),
    get circuit() {
      return circuit;
    },
    bind(inner, runtime) {
      circuit = new MachineCircuit(runtime, settings);
      return new CircuitBreakerLayer(inner, circuit);
    },
  };
}

class CircuitBreakerLayer implements Layer {
  readonly #inner: Layer;
  readonly #circuit: MachineCircuit;

  constructor(inner: Layer, circuit: MachineCircuit) {
    this.#inner = inner;
    this.#circuit = circuit;
  }

  enter(call: Call, scope: Scope, receiver: Receiver, now: number): void {
    const permit = this.#circuit.admit(now);
    if (permit !== undefined) {
      this.#inner.enter(call, scope, new AdmittedAttempt(this.#circuit, permit, receiver), now);
      return;
    }
    const error = this.#circuit.turnAway(now);
    if (this.#circuit.shadow) {
      const unadmitted = new Permit(NO_GENERATION, now);
      this.#inner.enter(call, scope, new AdmittedAttempt(this.#circuit, unadmitted, receiver), now);
    } else receiver.settle(rejected(error, 'circuit_open', error.retryAfterMs), now);
  }
}

/** Takes an attempt's outcome to the circuit on its way out. */
class AdmittedAttempt implements Receiver {
  readonly #circuit: MachineCircuit;
  readonly #permit: Permit;
  readonly #receiver: Receiver;

  constructor(circuit: MachineCircuit, permit: Permit, receiver: Receiver) {
    this.#circuit = circuit;
    this.#permit = permit;
    this.#receiver = receiver;
  }

  settle(outcome: Outcome, now: number): void {
    this.#circuit.settle(this.#permit, outcome, now);
    this.#receiver.settle(outcome, now);
  }
}

function describe(settings: CircuitBreakerSettings): string {
  const {
    failureRate,
    minimumThroughput,
    consecutiveFailures,
    slowRate,
    slowAttemptMs,
    window,
    openMs,
    maxOpenMs,
  } = settings;
  const trips = [
    failureRate === false ? [] : [`${failureRate * 100} % of at least ${minimumThroughput} attempts fail`],
    consecutiveFailures === false ? [] : [`${consecutiveFailures} in a row fail`],
    slowRate === false ? [] : [`${slowRate * 100} % take longer than ${slowAttemptMs} ms`],
  ].flat();
  const over = window.type === 'time' ? `over ${window.ms} ms` : `over the last ${window.size} attempts`;
  const shadow = settings.mode === 'shadow' ? ' (shadow: turns nothing away)' : '';
  return `circuit breaker: opens when ${trips.join(' or ')} ${over}, for ${openMs} to ${maxOpenMs} ms${shadow}`;
}
