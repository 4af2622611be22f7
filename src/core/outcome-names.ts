import type { AttemptOutcome, CallOutcome } from './observer.ts';
import type { Outcome } from './outcome.ts';

/** How metrics and events name the end of an attempt, or of a run at an endpoint. */
export function attemptOutcome(outcome: Outcome): AttemptOutcome {
  const { verdict } = outcome;
  if (verdict !== 'transient' && verdict !== 'permanent') return verdict;
  return outcome.cut === undefined ? 'failure' : 'timeout';
}

/** How they name the end of a call that made so many attempts. */
export function callOutcome(outcome: Outcome, attempts: number): CallOutcome {
  if (outcome.source === 'stale' || outcome.source === 'fallback') return 'fallback';
  if (outcome.rejection !== undefined && attempts === 0) return 'rejected';
  if (outcome.verdict === 'ignored' && outcome.cut === 'caller-deadline') return 'timeout';
  return attemptOutcome(outcome);
}
