import {
  Counter,
  Gauge,
  Histogram,
  type OpenMetricsContentType,
  type PrometheusContentType,
  Registry,
} from 'prom-client';
import type { Exemplar } from './exemplars.ts';
import { FAMILY, type FamilyDefinition, type Labels, type SharedFamily } from './family.ts';
import { FamilySamples } from './samples.ts';

/** A prom-client registry, of either content type. */
export type MetricsRegistry = Registry<PrometheusContentType> | Registry<OpenMetricsContentType>;

/**
 * Puts a family into `registry` as a metric that holds no values of its own and reads its members when it is
 * asked. `registry.resetMetrics()` leaves it as it is: what it shows is what the policies counted, which also
 * feeds `stats()` and the error budgets, and a counter that a scrape sees go down only for a restart stays true.
 */
export function registerFamily(registry: MetricsRegistry, definition: FamilyDefinition): SharedFamily {
  const family = new FamilySamples(definition, () => {
    if (registry.getSingleMetric(definition.name) === metric) registry.removeSingleMetric(definition.name);
  });
  const metric = newMetric(registry, definition, family);
  return family;
}

function newMetric(registry: MetricsRegistry, definition: FamilyDefinition, samples: FamilySamples) {
  switch (definition.type) {
    case 'counter':
      return new SampledCounter(registry, definition, samples);
    case 'gauge':
      return new SampledGauge(registry, definition, samples);
    case 'histogram':
      return new SampledHistogram(registry, definition, samples);
  }
}

/** What all of them tell prom-client. */
function configurationOf({ name, help, labelNames, aggregation }: FamilyDefinition) {
  return { name, help, labelNames, aggregator: aggregation };
}

/*
 * Two readings each: `get` gives plain samples, for `getMetricsAsJSON` and the aggregator of a cluster;
 * `getForPromString`, where prom-client has it, gives label objects that prom-client formats once and remembers.
 * The endpoints of this library use neither, see `renderMetrics`.
 */

class SampledCounter extends Counter {
  readonly [FAMILY]: FamilySamples;
  readonly #name: string;
  readonly #registry: MetricsRegistry;

  constructor(registry: MetricsRegistry, definition: FamilyDefinition, samples: FamilySamples) {
    super({ ...configurationOf(definition), registers: [registry] });
    this[FAMILY] = samples;
    this.#name = definition.name;
    this.#registry = registry;
  }

  override async get() {
    return { ...(await super.get()), name: this.#name, values: collect(this[FAMILY], plainSample) };
  }

  /**
   * For OpenMetrics prom-client takes `_total` off the metric's own name, for good, and puts it behind each
   * sample; it must find the name in the form that the registry's content type calls for, at every scrape.
   */
  async getForPromString() {
    const name = counterName(this.#registry, this.#name);
    return { ...(await super.get()), name, values: collect(this[FAMILY], sharedSample) };
  }
}

/** Whether a registry's text is OpenMetrics, which has exemplars. */
export function isOpenMetrics({ contentType }: Pick<MetricsRegistry, 'contentType'>): boolean {
  return contentType === Registry.OPENMETRICS_CONTENT_TYPE;
}

/** What a registry's text calls a counter: OpenMetrics has `_total` at its samples, but not at the family. */
export function counterName(registry: Pick<MetricsRegistry, 'contentType'>, name: string): string {
  return isOpenMetrics(registry) ? name.replace(/_total$/, '') : name;
}

class SampledGauge extends Gauge {
  readonly [FAMILY]: FamilySamples;

  constructor(registry: MetricsRegistry, definition: FamilyDefinition, samples: FamilySamples) {
    super({ ...configurationOf(definition), registers: [registry] });
    this[FAMILY] = samples;
  }

  override async get() {
    return { ...(await super.get()), values: collect(this[FAMILY], plainSample) };
  }

  async getForPromString() {
    return { ...(await super.get()), values: collect(this[FAMILY], sharedSample) };
  }
}

class SampledHistogram extends Histogram {
  readonly [FAMILY]: FamilySamples;
  /** Gives the fields that are not samples; the inherited `get` would go through `getForPromString`. */
  readonly #empty: Histogram;

  constructor(registry: MetricsRegistry, definition: FamilyDefinition, samples: FamilySamples) {
    const configuration = { ...configurationOf(definition), buckets: [...(definition.buckets ?? [])] };
    super({ ...configuration, registers: [registry] });
    this[FAMILY] = samples;
    this.#empty = new Histogram({ ...configuration, registers: [] });
  }

  override async get() {
    return { ...(await this.#empty.get()), values: collect(this[FAMILY], plainSample) };
  }

  async getForPromString() {
    return { ...(await this.#empty.get()), values: collect(this[FAMILY], sharedSample) };
  }
}

/** Gives a sample the form that prom-client takes; `metricName` where it is not the family's own. */
type Shape<Sample> = (
  value: number,
  owner: Labels,
  series: Labels,
  metricName: string | undefined,
  exemplar: Exemplar | undefined,
) => Sample;

function plainSample(
  value: number,
  owner: Labels,
  series: Labels,
  metricName: string | undefined,
  exemplar: Exemplar | undefined,
) {
  return {
    value,
    labels: { ...owner, ...series },
    ...(metricName === undefined ? {} : { metricName }),
    ...(exemplar === undefined ? {} : { exemplar }),
  };
}

/** For `getForPromString`. */
export function sharedSample(
  value: number,
  owner: Labels,
  series: Labels,
  metricName: string | undefined,
  exemplar?: Exemplar,
) {
  return { value, labels: owner, sharedLabels: series, metricName, exemplar };
}

function collect<Sample>(family: FamilySamples, shape: Shape<Sample>): Sample[] {
  const { series, rows } = family.read();
  const columns = series.map(({ labels, suffix }) => ({
    labels,
    metricName: suffix === undefined ? undefined : family.definition.name + suffix,
  }));
  const samples: Sample[] = [];
  for (const { owner, values, exemplars } of rows) {
    for (let at = 0; at < columns.length; at += 1) {
      const column = columns[at];
      const value = values[at];
      if (column === undefined || value === undefined) continue;
      samples.push(shape(value, owner, column.labels, column.metricName, exemplars?.[at]));
    }
  }
  return samples;
}
