import { register } from 'prom-client';
import type { CircuitState } from '../core/circuit.ts';
import type { LayerSample } from '../core/layer-metrics.ts';
import { type Component, components } from '../core/observer.ts';
import { DurationBuckets } from './buckets.ts';
import type { FamilyShare, Series } from './family.ts';
import { IncidentCounters, incidentFamilies } from './incident-counters.ts';
import { LayerMetrics } from './layer-metrics.ts';
import { type MeasuredPolicy, policyFamilies } from './policy-families.ts';
import { isOpenMetrics, type MetricsRegistry } from './prom-metrics.ts';
import { PolicyRecorder } from './recorder.ts';
import { joinFamilies } from './registration.ts';
import type { SliSink } from './sli.ts';

/** Options of a hub's metrics, already checked. */
export interface HubMetricsOptions {
  /** Default: prom-client's own default registry. */
  readonly registry?: MetricsRegistry | undefined;
  /** Upper bounds of the duration histograms in seconds. Default: `DEFAULT_DURATION_BUCKETS`. */
  readonly durationBuckets?: readonly number[] | undefined;
  /** Version of this library, for `build_info`. */
  readonly version: string;
  /** Families of other parts of the hub, registered with its own. */
  readonly families?: readonly FamilyShare[] | undefined;
}

/**
 * Takes families up for an exporter, and gives the function that ends it.
 *
 * @param failed is told what reading a share threw
 */
export type JoinFamilies = (shares: readonly FamilyShare[], failed: (error: unknown) => void) => () => void;

/** What the metrics of one policy need to know. */
export interface MeasureOptions {
  /** From where on a call is too slow for the latency SLI. Without it that SLI is not tracked. */
  readonly latencyThresholdMs?: number | undefined;
  /** Follows the SLI events. */
  readonly sliSink?: SliSink | undefined;
}

/**
 * The metrics of one hub. Policies count in their recorders; prom-client reads those when it is scraped. Several
 * hubs, also of several copies of this package, may share a registry: samples of equal labels become one.
 */
export class HubMetrics {
  /** The registry that the metrics are in. */
  readonly registry: MetricsRegistry;
  readonly #buckets: DurationBuckets;
  readonly #keepsExemplars: () => boolean;
  readonly #internalErrors = new Float64Array(components.length);
  readonly #policies = new Map<string, MeasuredPolicy>();
  readonly #shares: readonly FamilyShare[];
  /** Each ends the reading of one exporter, the registry's first. */
  readonly #leaves = new Set<() => void>();
  #closed = false;
  #incidents: IncidentCounters | undefined = undefined;
  readonly #layers = new LayerMetrics();

  /** @throws {InvalidOptionsError} when the registry has a foreign metric of one of the names; nothing is registered */
  constructor({ registry = register, durationBuckets, version, families = [] }: HubMetricsOptions) {
    this.registry = registry;
    // Asked for each call that is traced: an application may choose the format at any time.
    this.#keepsExemplars = () => isOpenMetrics(registry);
    this.#buckets = new DurationBuckets(durationBuckets);
    this.#shares = [
      ...policyFamilies(() => this.#policies.values(), this.#buckets.seconds),
      ...this.#layers.shares,
      ...families,
      ...incidentFamilies(() => this.#incidents),
      internalErrorFamily(this.#internalErrors),
      buildInfoFamily(version),
    ];
    this.share((shares, failed) => joinFamilies(registry, shares, failed));
  }

  /** Starts to measure a policy: all its series exist from now on. One of the same name is replaced. */
  policy(name: string, { latencyThresholdMs, sliSink }: MeasureOptions = {}): PolicyRecorder {
    const recorder = new PolicyRecorder({
      buckets: this.#buckets,
      internalErrors: this.#internalErrors,
      latencyThresholdMs,
      sliSink,
      keepsExemplars: this.#keepsExemplars,
    });
    this.#policies.set(name, { labels: { policy: name }, recorder });
    return recorder;
  }

  /** Exposes the states of a policy's circuits. `read` is called at each scrape. */
  watchCircuits(name: string, read: () => readonly CircuitState[]): void {
    const policy = this.#policies.get(name);
    if (policy !== undefined) this.#policies.set(name, { ...policy, circuitStates: read });
  }

  /** Exposes what only policies with certain layers have. */
  watchLayers(name: string, samples: readonly LayerSample[]): void {
    this.#layers.watch(name, samples);
  }

  /** Ends the series of a policy. */
  remove(name: string): void {
    this.#layers.remove(name);
    this.#policies.delete(name);
  }

  /**
   * Starts to expose incidents.
   *
   * @param statuses all values of the label `status`
   * @param sinks all values of the label `sink`
   */
  trackIncidents(statuses: readonly string[], sinks: readonly string[]): IncidentCounters {
    this.#incidents = new IncidentCounters(statuses, sinks);
    return this.#incidents;
  }

  /** Lets an exporter read all families, until the function that it gets is called, or the hub is closed. */
  share(join: JoinFamilies): () => void {
    if (this.#closed) return () => {};
    const leave = join(this.#shares, () => this.failedInside('metrics'));
    this.#leaves.add(leave);
    return () => {
      if (this.#leaves.delete(leave)) leave();
    };
  }

  /** Counts something that failed inside, outside any policy, and was kept from the caller. */
  failedInside(component: Component): void {
    const at = components.indexOf(component);
    this.#internalErrors[at] = (this.#internalErrors[at] ?? 0) + 1;
  }

  /** Takes the hub's samples out of the registry, and each family that no other hub uses. */
  close(): void {
    this.#closed = true;
    for (const leave of this.#leaves) leave();
    this.#leaves.clear();
    this.#policies.clear();
    this.#layers.clear();
  }
}

/** These families have one sample for each owner. */
const only: readonly Series[] = [{ labels: {} }];
const componentLabels = components.map((component) => ({ component }));

function internalErrorFamily(counts: Float64Array): FamilyShare {
  const owners = componentLabels.map((labels, at) => ({ labels, values: () => [counts[at] ?? 0] }));
  return {
    definition: {
      name: 'breakwater_internal_errors_total',
      type: 'counter',
      help: 'What failed inside the library and was kept from the caller.',
      labelNames: ['component'],
      aggregation: 'sum',
    },
    series: only,
    owners: () => owners,
  };
}

function buildInfoFamily(version: string): FamilyShare {
  const owners = [{ labels: { version }, values: () => [1] }];
  return {
    definition: {
      name: 'breakwater_build_info',
      type: 'gauge',
      help: 'Always 1; says which version of breakwater runs.',
      labelNames: ['version'],
      // Two hubs, or four workers, of one version are still that version.
      aggregation: 'max',
    },
    series: only,
    owners: () => owners,
  };
}
