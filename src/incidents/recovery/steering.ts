import type { Circuit } from '../../core/circuit.ts';
import type { LimitControl } from '../../core/control.ts';
import type { StrategyKind } from '../../core/pipeline.ts';

/** What the library itself can do to a policy. */
export interface PolicySteering {
  /** Its circuits that turn calls away, the outermost first. */
  readonly circuits: readonly Pick<
    Circuit,
    'state' | 'toJSON' | 'probeNow' | 'forceOpen' | 'disable' | 'reset'
  >[];
  /** Whether something answers in the place of calls that the circuits turn away. */
  readonly fallbackAnswers: boolean;
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
  const fallback = layers.findIndex((kind) => kind === 'fallback' || kind === 'cache-fallback');
  const circuits = policy.circuits.filter(({ shadow }) => !shadow);
  return { circuits, fallbackAnswers: fallback !== -1 && fallback < breaker, limits };
}
