import { context, metrics, type Span, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  AggregationTemporality,
  type DataPoint,
  DataPointType,
  type Histogram,
  MeterProvider,
  MetricReader,
} from '@opentelemetry/sdk-metrics';
import {
  AlwaysOnSampler,
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  type Sampler,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';

/** Collects when it is asked to, and exports nothing. */
class Reader extends MetricReader {
  protected override onForceFlush(): Promise<void> {
    return Promise.resolve();
  }
  protected override onShutdown(): Promise<void> {
    return Promise.resolve();
  }
}

/** The metrics part of an SDK. */
export class MetricsSdk {
  readonly provider: MeterProvider;
  readonly #reader: Reader;

  constructor(temporality = AggregationTemporality.CUMULATIVE) {
    this.#reader = new Reader({ aggregationTemporalitySelector: () => temporality });
    this.provider = new MeterProvider({ readers: [this.#reader] });
  }

  async collect(): Promise<Collected> {
    const { resourceMetrics, errors } = await this.#reader.collect();
    if (errors.length > 0) throw new AggregateError(errors);
    return new Collected(resourceMetrics.scopeMetrics.flatMap(({ metrics: found }) => found));
  }

  async shutdown(): Promise<void> {
    await this.provider.shutdown();
  }
}

type CollectedMetric = Awaited<
  ReturnType<Reader['collect']>
>['resourceMetrics']['scopeMetrics'][number]['metrics'][number];
type Attributes = Readonly<Record<string, unknown>>;

/** What one collection gave. */
export class Collected {
  readonly metrics: readonly CollectedMetric[];

  constructor(found: readonly CollectedMetric[]) {
    this.metrics = found;
  }

  metric(name: string): CollectedMetric | undefined {
    return this.metrics.find(({ descriptor }) => descriptor.name === name);
  }

  /** The points of a metric that have these attributes, among others. */
  points(name: string, attributes: Attributes = {}): readonly DataPoint<number | Histogram>[] {
    const metric = this.metric(name);
    if (metric === undefined || metric.dataPointType === DataPointType.EXPONENTIAL_HISTOGRAM) return [];
    return metric.dataPoints.filter((point) =>
      Object.entries(attributes).every(([key, value]) => point.attributes[key] === value),
    );
  }

  /** The one number with these attributes; `undefined` where there is none. */
  value(name: string, attributes: Attributes = {}): number | undefined {
    const [point, ...others] = this.points(name, attributes);
    if (others.length > 0) throw new Error(`${name} has more than one such point`);
    return typeof point?.value === 'number' ? point.value : undefined;
  }

  /** The one histogram with these attributes. */
  histogram(name: string, attributes: Attributes = {}): Histogram | undefined {
    const [point, ...others] = this.points(name, attributes);
    if (others.length > 0) throw new Error(`${name} has more than one such point`);
    return typeof point?.value === 'object' ? point.value : undefined;
  }
}

/** The tracing part of an SDK, as the global one. */
export class TracingSdk {
  readonly #exporter = new InMemorySpanExporter();

  constructor(sampler: Sampler = new AlwaysOnSampler()) {
    const provider = new BasicTracerProvider({
      sampler,
      spanProcessors: [new SimpleSpanProcessor(this.#exporter)],
    });
    trace.setGlobalTracerProvider(provider);
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  }

  /** Runs `work` in a span of its own, and ends it with it. */
  async span<T>(name: string, work: (span: Span) => Promise<T>): Promise<T> {
    return await trace.getTracer('test').startActiveSpan(name, async (span) => {
      try {
        return await work(span);
      } finally {
        span.end();
      }
    });
  }

  /** The spans that have ended. */
  get ended(): readonly ReadableSpan[] {
    return this.#exporter.getFinishedSpans();
  }

  /** The events of a span that has ended. */
  eventsOf(name: string): readonly (readonly [string, Attributes])[] {
    const span = this.ended.find((other) => other.name === name);
    return (span?.events ?? []).map((event) => [event.name, event.attributes ?? {}]);
  }
}

/** Takes whatever was set globally away. */
export function removeSdk(): void {
  trace.disable();
  context.disable();
  metrics.disable();
}
