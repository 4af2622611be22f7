import type { CircuitState } from '../core/circuit.ts';
import type { Criticality, PolicyStats } from '../core/policy.ts';
import { type CircuitTally, tallyOf } from './circuit-tally.ts';
import type { NameKey } from './key-name.ts';
import type { IncidentPorts, PolicyFacts } from './ports.ts';

/** What is known of a policy at a moment. What cannot be read is reported and counts as not known. */
export interface PolicyReading {
  /** False only where it is known that there is no such policy. */
  readonly exists: boolean;
  readonly criticality: Criticality;
  readonly hasFallback: boolean;
  readonly dependsOn: readonly string[];
  readonly usedBy: readonly string[];
  /** States of the circuits that turn calls away; those that only watch say nothing. */
  readonly states: readonly CircuitState[];
  /** How many of those are not closed. */
  readonly tally: CircuitTally;
  readonly stats: PolicyStats | undefined;
}

export class PolicyReader {
  readonly #facts: IncidentPorts['facts'];
  readonly #dependants: IncidentPorts['dependants'];
  readonly #report: IncidentPorts['report'];
  readonly #nameKey: NameKey;

  constructor(
    { facts, dependants, report }: Pick<IncidentPorts, 'facts' | 'dependants' | 'report'>,
    nameKey: NameKey,
  ) {
    this.#nameKey = nameKey;
    this.#facts = facts;
    this.#dependants = dependants;
    this.#report = report;
  }

  /** Policies that the policy depends on by its options. */
  dependsOn(policy: string): readonly string[] {
    return this.#read(policy)?.dependsOn ?? [];
  }

  /** Policies that depend on the policy, directly or over others. */
  dependantsOf(policy: string): readonly string[] {
    const found = new Set([policy]);
    // A set is walked to its end, what is added meanwhile included.
    for (const upstream of found) for (const name of this.#dependants(upstream)) found.add(name);
    found.delete(policy);
    return [...found];
  }

  /** The policy, those that it depends on by its options, and those that depend on it, directly or over others. */
  around(policy: string): readonly string[] {
    return [...new Set([policy, ...this.dependsOn(policy), ...this.dependantsOf(policy)])];
  }

  #read(policy: string): PolicyFacts | undefined {
    try {
      return this.#facts(policy);
    } catch (error) {
      this.#report(policy, 'incidents', error);
      return undefined;
    }
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
    const circuits = facts?.circuits ?? [];
    return {
      exists,
      criticality: facts?.criticality ?? 'medium',
      hasFallback: facts?.hasFallback ?? false,
      dependsOn: facts?.dependsOn ?? [],
      usedBy: facts?.usedBy ?? [],
      states: circuits.flatMap(({ state, shadow }) => (shadow ? [] : [state])),
      tally: tallyOf(circuits, this.#nameKey),
      stats,
    };
  }
}

export function allClosed(states: readonly CircuitState[]): boolean {
  return states.every((state) => state === 'closed');
}
