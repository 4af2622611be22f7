import { z } from 'zod';
import { InvalidOptionsError, type OptionsProblem } from '../core/errors.ts';
import { shown } from '../core/options.ts';
import { type FamilyShare, sharedFamilyOf, signatureOf } from './family.ts';
import { type MetricsRegistry, registerFamily } from './prom-metrics.ts';

/** The option `registry`: a prom-client registry, of whichever copy of prom-client. */
export const metricsRegistry = z.custom<MetricsRegistry>(isRegistry, {
  error: (issue) => `must be a prom-client Registry, not ${shown(issue.input)}`,
});

function isRegistry(value: unknown): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    ['registerMetric', 'getSingleMetric', 'removeSingleMetric', 'metrics'].every(
      (method) => typeof Reflect.get(value, method) === 'function',
    )
  );
}

/**
 * Adds a hub's shares to their families in `registry`, and registers the families that are not there yet. All or
 * none: every name is looked at before the first is taken.
 *
 * @param failed is told what reading a share threw
 * @returns the function that takes the shares away again
 * @throws {InvalidOptionsError} when a name is taken by something that cannot be joined
 */
export function joinFamilies(
  registry: MetricsRegistry,
  shares: readonly FamilyShare[],
  failed: (error: unknown) => void,
): () => void {
  const problems = shares.flatMap(({ definition }) => problemsWith(registry, definition));
  if (problems.length > 0) throw new InvalidOptionsError('', 'The metrics cannot be registered', problems);
  const leaves = shares.map(({ definition, series, owners }) => {
    const family =
      sharedFamilyOf(registry.getSingleMetric(definition.name)) ?? registerFamily(registry, definition);
    return family.join({ series, owners, failed });
  });
  return () => {
    for (const leave of leaves.splice(0)) leave();
  };
}

function problemsWith(registry: MetricsRegistry, definition: FamilyShare['definition']): OptionsProblem[] {
  const existing = registry.getSingleMetric(definition.name);
  if (existing === undefined) return [];
  const family = sharedFamilyOf(existing);
  if (family === undefined) {
    return [
      {
        path: 'registry',
        message: `already has a metric '${definition.name}' that is not this version's; use another registry`,
      },
    ];
  }
  if (family.signature === signatureOf(definition)) return [];
  return definition.buckets === undefined
    ? [{ path: 'registry', message: `has '${definition.name}' with other labels; use another registry` }]
    : [
        {
          path: 'durationBuckets',
          message: `must be those of the hub that '${definition.name}' in this registry belongs to; give both the same list, or each a registry`,
        },
      ];
}
