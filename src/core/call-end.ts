import type { Call } from './call.ts';
import { wallNow } from './clock.ts';
import type { CallOutcome } from './observer.ts';
import type { Outcome } from './outcome.ts';

/** Tells listeners how a call ended. */
export function announceEnd(call: Call, kind: CallOutcome, outcome: Outcome, durationMs: number): void {
  const { runtime, attempts, settings } = call;
  runtime.events.emit('call', {
    policy: runtime.name,
    time: wallNow(),
    outcome: kind,
    verdict: outcome.verdict,
    source: outcome.source,
    durationMs,
    attempts,
    error: outcome.error,
    metadata: settings.metadata,
    trace: settings.trace,
  });
}
