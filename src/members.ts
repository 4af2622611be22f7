import { InvalidOptionsError } from './core/errors.ts';
import { options, parseOptions, policyName, shown, suggest } from './core/options.ts';
import type { Strategy } from './core/pipeline.ts';
import type { Policy } from './core/policy.ts';
import { policyEvidence } from './incidents/evidence/policy-evidence.ts';
import type { PolicyFacts } from './incidents/ports.ts';
import type { Runbook } from './incidents/recovery/runbook.ts';
import { policySteering } from './incidents/recovery/steering.ts';
import type { Readiness } from './policy-options.ts';
import { VERSION } from './version.ts';

/** A policy with what the hub keeps beside it. */
export interface Member {
  readonly policy: Policy;
  readonly readiness: Readiness;
  readonly hasFallback: boolean;
  readonly dependsOn: readonly string[];
  readonly usedBy: readonly string[];
  /** What to do when its dependency is in trouble. */
  readonly runbook?: Runbook | undefined;
}

/** The policies of a hub by name, and whose each strategy instance is. */
export class Members {
  readonly #byName = new Map<string, Member>();
  /** Who names a policy in its `dependsOn`, by the name that is named. */
  readonly #dependants = new Map<string, Set<string>>();
  readonly #usedStrategies = new WeakSet<Strategy>();

  /** All, in the order in which they were added. */
  get all(): readonly Member[] {
    return [...this.#byName.values()];
  }

  has(name: string): boolean {
    return this.#byName.has(name);
  }

  /** The one of that name; `undefined` where there is none. */
  find(name: string): Member | undefined {
    return this.#byName.get(name);
  }

  /**
   * The one of that name.
   *
   * @throws {InvalidOptionsError} when there is none, with the name that was probably meant
   */
  get(name: string): Member {
    const member = this.#byName.get(name);
    if (member !== undefined) return member;
    const known = [...this.#byName.keys()];
    const suggestion = suggest(String(name), known);
    const hint =
      suggestion !== undefined
        ? `did you mean '${suggestion}'?`
        : known.length === 0
          ? 'no policy has been made yet'
          : `there are ${known.join(', ')}`;
    throw new InvalidOptionsError('', 'There is no such policy', [
      { path: 'name', message: `${shown(name)} is not a policy; ${hint}` },
    ]);
  }

  add(member: Member): void {
    const { name } = member.policy;
    this.#byName.set(name, member);
    for (const upstream of member.dependsOn) {
      const dependants = this.#dependants.get(upstream) ?? new Set();
      this.#dependants.set(upstream, dependants.add(name));
    }
  }

  remove(name: string): void {
    for (const upstream of this.#byName.get(name)?.dependsOn ?? []) {
      const dependants = this.#dependants.get(upstream);
      dependants?.delete(name);
      if (dependants?.size === 0) this.#dependants.delete(upstream);
    }
    this.#byName.delete(name);
  }

  /** Names of those that depend on the policy directly, which need not be there. */
  dependantsOf(name: string): Iterable<string> {
    return this.#dependants.get(name) ?? [];
  }

  /** @throws {InvalidOptionsError} when a new policy cannot have that name */
  checkName(name: unknown): void {
    const subject = 'The name given to breakwater.policy()';
    parseOptions(options({ name: policyName }), { name }, typeof name === 'string' ? name : '', subject);
    if (typeof name === 'string' && this.#byName.has(name)) {
      const message = `'${name}' is taken; use breakwater.get('${name}'), or breakwater.remove('${name}') first`;
      throw new InvalidOptionsError(name, subject, [{ path: 'name', message }]);
    }
  }

  /**
   * Marks strategies as the policy's own.
   *
   * @throws {InvalidOptionsError} naming those that belong to another policy
   */
  claim(name: string, strategies: readonly Strategy[]): void {
    const problems = strategies.flatMap((strategy, at) =>
      this.#usedStrategies.has(strategy)
        ? [{ path: `strategies[${at}]`, message: 'belongs to another policy; make an instance for each' }]
        : [],
    );
    if (problems.length > 0)
      throw new InvalidOptionsError(name, `Options of policy '${name}' cannot be used`, problems);
    for (const strategy of strategies) this.#usedStrategies.add(strategy);
  }

  /** Frees strategies of a policy that could not be made. */
  unclaim(strategies: readonly Strategy[]): void {
    for (const strategy of strategies) this.#usedStrategies.delete(strategy);
  }

  /** What the incidents need to know of a policy; `undefined` where there is none. */
  factsOf(name: string): PolicyFacts | undefined {
    const member = this.#byName.get(name);
    if (member === undefined) return undefined;
    const { policy, hasFallback, dependsOn, usedBy, runbook } = member;
    return {
      criticality: policy.criticality,
      hasFallback,
      // Of each key one: read where they are needed only.
      get circuits() {
        return policy.circuits;
      },
      dependsOn,
      usedBy,
      evidence: policyEvidence(policy, VERSION),
      get steering() {
        return policySteering(policy);
      },
      runbook,
      stats: () => policy.stats(),
    };
  }
}
