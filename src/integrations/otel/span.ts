import { isSpanContextValid, type Span, TraceFlags, trace } from '@opentelemetry/api';
import type { ExemplarLabels, Tracing } from '../../core/tracing.ts';

/** Traces a call by the span that is active where it starts. */
export const activeSpan = {
  capture: () => trace.getActiveSpan(),
  exemplar,
} satisfies Tracing;

/** What a sampled trace is found by, under the names that Prometheus and Grafana know. */
function exemplar(of: unknown): ExemplarLabels | undefined {
  if (!isSpan(of)) return undefined;
  const context = of.spanContext();
  const sampled = (context.traceFlags & TraceFlags.SAMPLED) !== 0;
  return sampled && isSpanContextValid(context)
    ? { trace_id: context.traceId, span_id: context.spanId }
    : undefined;
}

/** Whether what traces a call is a span: the application may have set another tracing than this. */
export function isSpan(of: unknown): of is Span {
  return (
    typeof of === 'object' &&
    of !== null &&
    'spanContext' in of &&
    typeof of.spanContext === 'function' &&
    'addEvent' in of &&
    typeof of.addEvent === 'function' &&
    'isRecording' in of &&
    typeof of.isRecording === 'function'
  );
}
