import type { CircuitState } from '../core/circuit.ts';
import type { Criticality, PolicyStats } from '../core/policy.ts';
import type { IncidentPorts, PolicyFacts } from './ports.ts';

/** What is known of a policy at a moment. What cannot be read is reported and counts as not known. */
export interface PolicyReading {
  /** False only where it is known that there is no such policy. */
  readonly exists: boolean;
  readonly criticality: Criticality;
  readonly hasFallback: boolean;
  /** States of the circuits that turn calls away; those that only watch say nothing. */
  readonly states: readonly CircuitState[];
  readonly stats: PolicyStats | undefined;
}

export class PolicyReader {
  readonly #facts: IncidentPorts['facts'];
  readonly #report: IncidentPorts['report'];

  constructor({ facts, report }: Pick<IncidentPorts, 'facts' | 'report'>) {
    this.#facts = facts;
    this.#report = report;
  }

  read(policy: string): PolicyReading {
    let facts: PolicyFacts | undefined;
    let stats: PolicyStats | undefined;
    let exists = true;
    try {
      facts = this.#facts(policy);
      exists = facts !== undefined;
      stats = facts?.stats();
    } catch (error) {
      this.#report(policy, 'incidents', error);
    }
    return {
      exists,
      criticality: facts?.criticality ?? 'medium',
      hasFallback: facts?.hasFallback ?? false,
      states: facts?.circuits.flatMap(({ state, shadow }) => (shadow ? [] : [state])) ?? [],
      stats,
    };
  }
}

export function allClosed(states: readonly CircuitState[]): boolean {
  return states.every((state) => state === 'closed');
}
