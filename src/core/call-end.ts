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

/** How metrics and events name the end of a call that made so many attempts. */
export function callOutcome(outcome: Outcome, attempts: number): CallOutcome {
  if (outcome.source === 'stale' || outcome.source === 'fallback') return 'fallback';
  if (outcome.rejection !== undefined && attempts === 0) return 'rejected';
  switch (outcome.verdict) {
    case 'transient':
    case 'permanent':
      return outcome.cut === undefined ? 'failure' : 'timeout';
    case 'ignored':
      return outcome.cut === 'caller-deadline' ? 'timeout' : 'ignored';
    default:
      return outcome.verdict;
  }
}
