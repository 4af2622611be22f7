import type { Circuit } from '../../core/circuit.ts';
import { wallNow } from '../../core/clock.ts';
import type { Strategy } from '../../core/pipeline.ts';
import type { EndpointState } from './endpoint.ts';

/** The circuits of endpoints, which a circuit breaker within the failover keeps. Those of keys are left out. */
export class EndpointCircuits {
  readonly #within: readonly Strategy[];
  readonly #known = new Map<EndpointState, Circuit>();

  /** @param within the layers within the failover */
  constructor(within: readonly Strategy[]) {
    this.#within = within;
  }

  /** The endpoint's circuit; `undefined` where there is no circuit breaker within. */
  of(endpoint: EndpointState): Circuit | undefined {
    const known = this.#known.get(endpoint);
    if (known !== undefined) return known;
    for (const { circuits = [] } of this.#within) {
      const circuit = circuits.find((one) => one.endpoint === endpoint.name && one.key === undefined);
      if (circuit === undefined) continue;
      this.#known.set(endpoint, circuit);
      return circuit;
    }
    return undefined;
  }

  /** How long it has waited for a probe, in milliseconds; `Infinity` where it waits for none. */
  waitedMs(endpoint: EndpointState): number {
    const circuit = this.of(endpoint);
    if (circuit === undefined || circuit.shadow || circuit.state !== 'half-open')
      return Number.POSITIVE_INFINITY;
    return wallNow() - circuit.since;
  }
}
