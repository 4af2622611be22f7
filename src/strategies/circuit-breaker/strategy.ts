import type { Circuit } from '../../core/circuit.ts';
import type { LimitControl } from '../../core/control.ts';
import { shadowNote } from '../../core/explain.ts';
import type { LayerSample } from '../../core/layer-metrics.ts';
import type { Outcome } from '../../core/outcome.ts';
import { InnerPassage, type Passage } from '../../core/passage.ts';
import { NO_GENERATION } from '../../core/permit.ts';
import { edge, type Inner, type Layer, type Outer, type Strategy } from '../../core/pipeline.ts';
import type { PolicyRuntime } from '../../core/runtime.ts';
import type { MachineCircuit } from './circuit.ts';
import { Circuits } from './circuits.ts';
import {
  type CircuitBreakerOptions,
  type CircuitBreakerSettings,
  type LiveCircuitBreaker,
  liveCircuitBreaker,
} from './options.ts';
import { circuitSamples } from './samples.ts';

/**
 * Stops asking a dependency that fails. Closed, it lets attempts through and counts them; once too many fail it
 * opens and turns them away; after a while, half-open, it lets a probe through, and closes when that succeeds.
 *
 * @throws {InvalidOptionsError} when the options are wrong
 */
export function circuitBreaker(options: CircuitBreakerOptions = {}): Strategy {
  return new CircuitBreakerStrategy(liveCircuitBreaker(options));
}

/** A class, since each object literal with an accessor has a hidden class of its own, which every policy would pay for. */
class CircuitBreakerStrategy implements Strategy {
  readonly kind = 'circuit-breaker';
  readonly key = 'circuitBreaker';
  readonly adjustable: LiveCircuitBreaker;
  #circuits: Circuits | undefined = undefined;

  constructor(live: LiveCircuitBreaker) {
    this.adjustable = live;
  }

  get circuit(): Circuit | undefined {
    return this.#circuits?.own;
  }

  get circuits(): readonly Circuit[] | undefined {
    return this.#circuits?.all;
  }

  get windowMs(): number | undefined {
    const { window } = this.adjustable.current;
    return window.type === 'time' ? window.ms : undefined;
  }

  describe(): string {
    return describe(this.adjustable.current);
  }

  bind(inner: Inner, runtime: PolicyRuntime, within: readonly Strategy[] = []): Layer {
    const choosesInside = within.some(({ kind }) => kind === 'failover');
    this.#circuits = new Circuits(runtime, this.adjustable, choosesInside);
    return new CircuitBreakerLayer(inner, this.#circuits);
  }
}

function openLimit(circuits: Circuits): LimitControl {
  return {
    name: 'circuitBreaker.openMs',
    text: 'how long the circuit stays open before it tries again, in milliseconds, from its next opening on',
    type: 'duration',
    configured: circuits.live.current.openMs,
    current: circuits.settings.openMs,
    set: (value) => circuits.changeOpenMs(value),
  };
}

class CircuitBreakerLayer implements Layer {
  outer: Outer = edge;
  readonly #inner: Inner;
  readonly #circuits: Circuits;
  readonly #own: MachineCircuit;

  constructor(inner: Inner, circuits: Circuits) {
    this.#inner = inner;
    this.#circuits = circuits;
    this.#own = circuits.own;
  }

  limits(): readonly LimitControl[] {
    return [openLimit(this.#circuits)];
  }

  samples(): readonly LayerSample[] {
    return circuitSamples(this.#circuits);
  }

  refuses(passage: Passage, now: number): boolean {
    const circuits = this.#circuits;
    const refused = circuits.isOne ? this.#own.refuses(now) : circuits.refuse(passage, now);
    return refused || this.#inner.refuses?.(passage, now) === true;
  }

  enter(passage: Passage, now: number): void {
    if (!this.#circuits.isOne) {
      const own = new Admission(this, passage, this.#circuits.of(passage, now));
      this.#enter(own, own.circuit, now);
    } else if (passage.generation === NO_GENERATION) this.#enter(passage, this.#own, now);
    // The permit of another circuit, around this one, is not this one's to write over.
    else this.#enter(new Admission(this, passage, this.#own), this.#own, now);
  }

  settle(passage: Passage, outcome: Outcome, now: number): void {
    if (passage.opener === this && passage instanceof Admission) {
      passage.circuit.settle(passage, outcome, now, passage.call.trace);
      passage.close();
      this.outer.settle(passage.outer, outcome, now);
    } else {
      this.#own.settle(passage, outcome, now, passage.call.trace);
      this.outer.settle(passage, outcome, now);
    }
  }

  #enter(passage: Passage, circuit: MachineCircuit, now: number): void {
    const { trace } = passage.call;
    if (circuit.admit(passage, now, trace)) {
      this.#inner.enter(passage, now);
      return;
    }
    const outcome = circuit.turnAway(now, trace);
    if (circuit.shadow) this.#inner.enter(passage, now);
    else if (passage instanceof Admission && passage.opener === this) {
      passage.close();
      this.outer.settle(passage.outer, outcome, now);
    } else this.outer.settle(passage, outcome, now);
  }
}

/** A passage for a circuit's permit, within one that holds another's, or where there are several circuits. */
class Admission extends InnerPassage {
  readonly circuit: MachineCircuit;

  constructor(opener: Outer, outer: Passage, circuit: MachineCircuit) {
    super(opener, outer);
    this.circuit = circuit;
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
    perKey,
    maxKeys,
    probe,
  } = settings;
  const trips = [
    failureRate === false ? [] : [`${failureRate * 100} % of at least ${minimumThroughput} attempts fail`],
    consecutiveFailures === false ? [] : [`${consecutiveFailures} in a row fail`],
    slowRate === false ? [] : [`${slowRate * 100} % take longer than ${slowAttemptMs} ms`],
  ].flat();
  const over = window.type === 'time' ? `over ${window.ms} ms` : `over the last ${window.size} attempts`;
  const each = perKey === undefined ? '' : `, a circuit for each of up to ${maxKeys} keys`;
  const every = probe?.intervalMs === undefined ? '' : ` and every ${probe.intervalMs} ms`;
  const tested = probe === undefined ? '' : `, tested by a health check${every}`;
  return `circuit breaker: opens when ${trips.join(' or ')} ${over}, for ${openMs} to ${maxOpenMs} ms${each}${tested}${shadowNote(settings.mode)}`;
}
