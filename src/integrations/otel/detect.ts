import {
  createNoopMeter,
  type Meter,
  type MeterProvider,
  metrics,
  ProxyTracerProvider,
  trace,
} from '@opentelemetry/api';
import { VERSION } from '../../version.ts';

/** The meter of this library; `undefined` where no SDK would hear what it records. */
export function findMeter(provider: MeterProvider | undefined): Meter | undefined {
  const meter = (provider ?? metrics).getMeter('breakwater', VERSION);
  return meter === createNoopMeter() ? undefined : meter;
}

/** Whether an SDK makes spans. */
export function makesSpans(): boolean {
  const provider = trace.getTracerProvider();
  // Without an SDK the API has a proxy, whose delegate is the one that every proxy begins with.
  return (
    !(provider instanceof ProxyTracerProvider) ||
    provider.getDelegate() !== new ProxyTracerProvider().getDelegate()
  );
}
