import type { Attributes } from '@opentelemetry/api';
import type { Breakwater } from '../../breakwater.ts';
import type {
  AttemptEvent,
  ChaosEvent,
  CircuitEvent,
  FailoverEvent,
  FallbackEvent,
  HedgeEvent,
  RejectionEvent,
  RetryEvent,
} from '../../core/events.ts';
import { errorTypeOf } from './error-type.ts';
import { activeSpan, isSpan } from './span.ts';

/**
 * Adds what befalls a call to the span that was active when the call started, as events, while the span records. Names
 * and attributes stay what they are; durations, waits and ages are in seconds.
 *
 * @returns the function that ends it
 */
export function addSpanEvents(breakwater: Breakwater): () => void {
  const stops = [
    breakwater.useTracing(activeSpan),
    breakwater.on('attempt', (event) => add(event.trace, 'breakwater.attempt', () => attempt(event))),
    breakwater.on('retry', (event) => add(event.trace, 'breakwater.retry', () => retry(event))),
    breakwater.on('hedge', (event) => add(event.trace, 'breakwater.hedge', () => hedge(event))),
    breakwater.on('failover', (event) => add(event.trace, 'breakwater.failover', () => failover(event))),
    breakwater.on('chaos', (event) => add(event.trace, 'breakwater.chaos', () => chaos(event))),
    breakwater.on('rejection', (event) => add(event.trace, 'breakwater.rejection', () => rejection(event))),
    breakwater.on('fallback', (event) => add(event.trace, 'breakwater.fallback', () => fallback(event))),
    breakwater.on('circuit', (event) => add(event.trace, 'breakwater.circuit', () => circuit(event))),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}

function add(to: unknown, name: string, attributes: () => Attributes): void {
  if (isSpan(to) && to.isRecording()) to.addEvent(name, attributes());
}

function attempt({ policy, attempt, outcome, durationMs, error }: AttemptEvent): Attributes {
  return {
    'breakwater.policy': policy,
    'breakwater.attempt': attempt,
    'breakwater.outcome': outcome,
    'breakwater.duration': durationMs / 1_000,
    ...errorType(error, outcome),
  };
}

function retry({ policy, retry, reason, waitMs, error }: RetryEvent): Attributes {
  return {
    'breakwater.policy': policy,
    'breakwater.retry': retry,
    'breakwater.reason': reason,
    'breakwater.wait': waitMs / 1_000,
    ...errorType(error, 'failure'),
  };
}

function hedge({ policy, hedge, waitedMs, afterFailure }: HedgeEvent): Attributes {
  return {
    'breakwater.policy': policy,
    'breakwater.hedge': hedge,
    'breakwater.wait': waitedMs / 1_000,
    'breakwater.after_failure': afterFailure,
  };
}

function failover({ policy, from, to, error }: FailoverEvent): Attributes {
  return {
    'breakwater.policy': policy,
    'breakwater.from': from,
    'breakwater.to': to,
    ...errorType(error, 'failure'),
  };
}

/** A fault that was made on purpose in a call. */
function chaos({ policy, fault }: ChaosEvent): Attributes {
  return { 'breakwater.policy': policy, ...(fault === undefined ? {} : { 'breakwater.fault': fault }) };
}

function rejection({ policy, reason, shadow, retryAfterMs }: RejectionEvent): Attributes {
  return {
    'breakwater.policy': policy,
    'breakwater.reason': reason,
    'breakwater.shadow': shadow,
    ...seconds('breakwater.retry_after', retryAfterMs),
  };
}

function fallback({ policy, source, ageMs, error }: FallbackEvent): Attributes {
  return {
    'breakwater.policy': policy,
    'breakwater.source': source,
    'breakwater.age': ageMs / 1_000,
    ...errorType(error, 'failure'),
  };
}

function circuit({ policy, from, to, reason, shadow, openForMs }: CircuitEvent): Attributes {
  return {
    'breakwater.policy': policy,
    'breakwater.from': from,
    'breakwater.to': to,
    'breakwater.reason': reason,
    'breakwater.shadow': shadow,
    ...seconds('breakwater.open_for', openForMs),
  };
}

function errorType(error: unknown, outcome: string): Attributes {
  const type = errorTypeOf(error, outcome);
  return type === undefined ? {} : { 'error.type': type };
}

/** `Infinity` is no value of an attribute everywhere, so it is left out like none. */
function seconds(name: string, ms: number | undefined): Attributes {
  return ms === undefined || !Number.isFinite(ms) ? {} : { [name]: ms / 1_000 };
}
