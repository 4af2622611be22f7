import { type LayerFamily, type LayerSample, layerFamilies } from '../core/layer-metrics.ts';
import type { FamilyShare, Labels, Owner, Series, Values } from './family.ts';

/** Each sample is an owner of one series. */
const only: readonly Series[] = [{ labels: {} }];

/** A sample with the policy that it belongs to. */
class SampleOwner implements Owner {
  readonly labels: Labels;
  readonly #sample: LayerSample;

  constructor(policy: string, sample: LayerSample) {
    this.labels = { policy, ...sample.labels };
    this.#sample = sample;
  }

  values(): Values {
    return [this.#sample.read()];
  }
}

/** The metrics that only some policies have, since only some have the layer. */
export class LayerMetrics {
  readonly #owners: ReadonlyMap<LayerFamily, Map<string, readonly Owner[]>> = new Map(
    Object.values(layerFamilies).map((family) => [family, new Map()]),
  );

  /** Exposes what the layers of a policy have, instead of what they had. */
  watch(policy: string, samples: readonly LayerSample[]): void {
    this.remove(policy);
    for (const [family, byPolicy] of this.#owners) {
      const own = samples.filter((sample) => sample.family === family);
      if (own.length > 0)
        byPolicy.set(
          policy,
          own.map((sample) => new SampleOwner(policy, sample)),
        );
    }
  }

  /** Ends the series of a policy. */
  remove(policy: string): void {
    for (const byPolicy of this.#owners.values()) byPolicy.delete(policy);
  }

  /** Ends all series. */
  clear(): void {
    for (const byPolicy of this.#owners.values()) byPolicy.clear();
  }

  /** The families, for a registry. */
  get shares(): readonly FamilyShare[] {
    return [...this.#owners].map(([{ name, type, help, labels, aggregation }, byPolicy]) => ({
      definition: {
        name: `breakwater_${name}`,
        type,
        help,
        labelNames: ['policy', ...labels],
        aggregation,
      },
      series: only,
      owners: () => [...byPolicy.values()].flat(),
    }));
  }
}
