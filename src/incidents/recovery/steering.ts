import type { Circuit } from '../../core/circuit.ts';
import type { LimitControl } from '../../core/control.ts';
import type { StrategyKind } from '../../core/pipeline.ts';

type SteeredCircuit = Pick<Circuit, 'state' | 'toJSON' | 'probeNow' | 'forceOpen' | 'disable' | 'reset'>;

/** What the library itself can do to a policy. */
export interface PolicySteering {
  /** Its circuits that hold for all calls when they are held by hand, the outermost first; none that only watches. */
  readonly circuits: readonly SteeredCircuit[];
  /** Its other circuits that are open, of endpoints and keys. Default: none. */
  readonly openBeside?: readonly SteeredCircuit[] | undefined;
  /** What answers in the place of calls that the circuits turn away; a cache may have no value for one. */
  readonly standIn: 'fallback' | 'cache' | undefined;
  readonly limits: readonly LimitControl[];
}

/** How a policy can be steered. */
export function policySteering(policy: {
  readonly circuits: readonly Circuit[];
  readonly layers: readonly StrategyKind[];
  readonly limits: readonly LimitControl[];
}): PolicySteering {
  const { layers, limits } = policy;
  const breaker = layers.indexOf('circuit-breaker');
  const around = layers.slice(0, Math.max(0, breaker));
  const caches = around.includes('cache-fallback') ? 'cache' : undefined;
  const enforcing = policy.circuits.filter(({ shadow }) => !shadow);
  const circuits = enforcing.filter(holdsForAll);
  const openBeside = enforcing.filter((circuit) => circuit.state === 'open' && !holdsForAll(circuit));
  return { circuits, openBeside, standIn: around.includes('fallback') ? 'fallback' : caches, limits };
}

/** Whether what is done to it by hand holds for all calls of its policy, whatever their keys and endpoints. */
export function holdsForAll({ key, endpoint }: Pick<Circuit, 'key' | 'endpoint'>): boolean {
  return key === undefined && endpoint === undefined;
}
