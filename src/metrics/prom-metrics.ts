import {
  Counter,
  Gauge,
  Histogram,
  type OpenMetricsContentType,
  type PrometheusContentType,
  Registry,
} from 'prom-client';
import { FAMILY, type FamilyDefinition, type SharedFamily } from './family.ts';
import { FamilySamples, type Sample } from './samples.ts';

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
    const values = this[FAMILY].collect().map(plainValue);
    return { ...(await super.get()), name: this.#name, values };
  }

  /**
   * For OpenMetrics prom-client takes `_total` off the metric's own name, for good, and puts it behind each
   * sample; it must find the name in the form that the registry's content type calls for, at every scrape.
   */
  async getForPromString() {
    const openMetrics = this.#registry.contentType === Registry.OPENMETRICS_CONTENT_TYPE;
    const name = openMetrics ? this.#name.replace(/_total$/, '') : this.#name;
    const values = this[FAMILY].collect().map((sample) => sharedValue(undefined, sample));
    return { ...(await super.get()), name, values };
  }
}

class SampledGauge extends Gauge {
  readonly [FAMILY]: FamilySamples;

  constructor(registry: MetricsRegistry, definition: FamilyDefinition, samples: FamilySamples) {
    super({ ...configurationOf(definition), registers: [registry] });
    this[FAMILY] = samples;
  }

  override async get() {
    return { ...(await super.get()), values: this[FAMILY].collect().map(plainValue) };
  }

  async getForPromString() {
    const values = this[FAMILY].collect().map((sample) => sharedValue(undefined, sample));
    return { ...(await super.get()), values };
  }
}

class SampledHistogram extends Histogram {
  readonly [FAMILY]: FamilySamples;
  readonly #name: string;
  /** Gives the fields that are not samples; the inherited `get` would go through `getForPromString`. */
  readonly #empty: Histogram;

  constructor(registry: MetricsRegistry, definition: FamilyDefinition, samples: FamilySamples) {
    const configuration = { ...configurationOf(definition), buckets: [...(definition.buckets ?? [])] };
    super({ ...configuration, registers: [registry] });
    this[FAMILY] = samples;
    this.#name = definition.name;
    this.#empty = new Histogram({ ...configuration, registers: [] });
  }

  override async get() {
    const values = this[FAMILY].collect().map((sample) => ({
      ...plainValue(sample),
      metricName: this.#name + (sample.suffix ?? ''),
    }));
    return { ...(await this.#empty.get()), values };
  }

  async getForPromString() {
    const values = this[FAMILY].collect().map((sample) => sharedValue(this.#name, sample));
    return { ...(await this.#empty.get()), values };
  }
}

function plainValue({ value, owner, series }: Sample) {
  return { value, labels: { ...owner, ...series } };
}

function sharedValue(name: string | undefined, { value, owner, series, suffix = '' }: Sample) {
  return {
    value,
    labels: owner,
    sharedLabels: series,
    metricName: name === undefined ? undefined : name + suffix,
  };
}
