import { cutShort, failed, fulfilled, type Outcome, rejected, served } from '../../src/core/outcome.ts';
import type { Verdict } from '../../src/core/verdict.ts';

/** A live value with the verdict given, that passed its check or not. */
export function live(verdict: Verdict = 'success', correct = true): Outcome {
  return fulfilled('value', verdict, undefined, false, correct);
}

export function threw(verdict: Verdict): Outcome {
  return failed(new Error('it failed'), verdict);
}

export const stale: Outcome = served('value', 'stale', 5_000);
export const fresh: Outcome = served('value', 'cache', 5);
export const madeUp: Outcome = served('value', 'fallback', 0);
export const turnedAway: Outcome = rejected(() => new Error('open'), 'circuit_open', 1_000);
export const timedOut: Outcome = cutShort(new Error('timeout'), 'total-timeout', 'transient');
export const callerGaveUp: Outcome = cutShort(new Error('gone'), 'caller-abort', 'ignored');
