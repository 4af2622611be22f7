import type { LimitControl } from '../../core/control.ts';
import { parseOptions } from '../../core/options.ts';
import type { Outcome } from '../../core/outcome.ts';
import { InnerPassage, type Passage } from '../../core/passage.ts';
import { NO_GENERATION } from '../../core/permit.ts';
import { edge, type Inner, type Layer, type Outer, type Strategy } from '../../core/pipeline.ts';
import type { PolicyRuntime } from '../../core/runtime.ts';
import { MachineCircuit } from './circuit.ts';
import { type CircuitBreakerOptions, type CircuitBreakerSettings, circuitBreakerSchema } from './options.ts';

/**
 * Stops asking a dependency that fails. Closed, it lets attempts through and counts them; once too many fail it
 * opens and turns them away; after a while, half-open, it lets a probe through, and closes when that succeeds.
 *
 * @throws {InvalidOptionsError} when the options are wrong
 */
export function circuitBreaker(options: CircuitBreakerOptions = {}): Strategy {
  const settings = parseOptions(circuitBreakerSchema, options, '', 'Options of circuitBreaker()');
  return new CircuitBreakerStrategy(settings);
}

/** A class, since each object literal with an accessor has a hidden class of its own, which every policy would pay for. */
class CircuitBreakerStrategy implements Strategy {
  readonly kind = 'circuit-breaker';
  readonly key = 'circuitBreaker';
  readonly #settings: CircuitBreakerSettings;
  circuit: MachineCircuit | undefined = undefined;

  constructor(settings: CircuitBreakerSettings) {
    this.#settings = settings;
  }

  describe(): string {
    return describe(this.#settings);
  }

  bind(inner: Inner, runtime: PolicyRuntime): Layer {
    this.circuit = new MachineCircuit(runtime, this.#settings);
    return new CircuitBreakerLayer(inner, this.circuit);
  }
}

function openLimit(circuit: MachineCircuit): LimitControl {
  return {
    name: 'circuitBreaker.openMs',
    text: 'how long the circuit stays open before it tries again, in milliseconds, from its next opening on',
    type: 'duration',
    configured: circuit.configuredOpenMs,
    current: circuit.openMs,
    set: (value) => circuit.changeOpenMs(value),
  };
}

class CircuitBreakerLayer implements Layer {
  outer: Outer = edge;
  readonly #inner: Inner;
  readonly #circuit: MachineCircuit;

  constructor(inner: Inner, circuit: MachineCircuit) {
    this.#inner = inner;
    this.#circuit = circuit;
  }

  limits(): readonly LimitControl[] {
    return [openLimit(this.#circuit)];
  }

  enter(passage: Passage, now: number): void {
    // The permit of another circuit, around this one, is not this one's to write over.
    const own = passage.generation === NO_GENERATION ? passage : new Admission(this, passage);
    if (this.#circuit.admit(own, now, passage.call.trace)) {
      this.#inner.enter(own, now);
      return;
    }
    const outcome = this.#circuit.turnAway(now, passage.call.trace);
    if (this.#circuit.shadow) this.#inner.enter(own, now);
    else this.outer.settle(passage, outcome, now);
  }

  settle(passage: Passage, outcome: Outcome, now: number): void {
    this.#circuit.settle(passage, outcome, now, passage.call.trace);
    if (passage.opener === this && passage instanceof Admission) {
      passage.close();
      this.outer.settle(passage.outer, outcome, now);
    } else this.outer.settle(passage, outcome, now);
  }
}

/** A passage for this circuit's permit, within one that holds another's. */
class Admission extends InnerPassage {}

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
