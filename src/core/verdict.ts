import isNetworkError from 'is-network-error';
import { isBreakwaterError, isRejection } from './errors.ts';

/**
 * What an attempt's outcome means, for retry, breaker, fallback and SLI alike.
 *
 * - `success`: the dependency did its work.
 * - `transient`: the dependency failed; another try may do.
 * - `permanent`: the dependency failed; another try will not do.
 * - `refused`: the dependency answered that the request is wrong (404, a constraint violated).
 * - `defect`: our own side is wrong (a programming error, credentials, a missing table).
 * - `ignored`: nobody can say, such as when the caller gave up.
 */
export type Verdict = 'success' | 'transient' | 'permanent' | 'refused' | 'defect' | 'ignored';

/** All verdicts, for checking what a `classify` returned. */
export const verdicts: ReadonlySet<unknown> = new Set<Verdict>([
  'success',
  'transient',
  'permanent',
  'refused',
  'defect',
  'ignored',
]);

/** A verdict with what the dependency said about when to come back. */
export interface Judgement {
  readonly verdict: Verdict;
  /** How long the dependency asked to be left alone, in milliseconds. Never shortened by a retry. */
  readonly retryAfterMs?: number | undefined;
  /**
   * The operation surely had no effect (it was never sent, or was rolled back), so that it may be repeated even
   * when it is not idempotent. Default false.
   */
  readonly safeToRepeat?: boolean | undefined;
  /**
   * What failed, in a few words of a closed set that code makes, such as `HTTP 503`: incidents count errors by it. At
   * most 100 characters; the rest is cut off. Default: name and code of the error.
   */
  readonly reason?: string | undefined;
}

/** How long a judgement's reason may be, in characters. */
export const MAX_REASON_LENGTH = 100;

/** How an attempt of the operation ended, as `classify` sees it. */
export type AttemptResult =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly error: unknown };

/** Decides what an outcome means. `undefined` leaves the decision to the default. */
export type Classify = (result: AttemptResult) => Verdict | Judgement | undefined;

/**
 * The default verdict on an error: `transient`, except that an `AbortError` (p-retry's or the platform's) and a nested
 * policy's rejection are `permanent`, and a programming error (`TypeError` that is no network error,
 * `ReferenceError`, `SyntaxError`) is a `defect`. The abort of the signal that a call was given never comes here: it is
 * `ignored`. So give a caller's signal to the call, and not only to the operation.
 */
export function verdictOnError(error: unknown): Verdict {
  try {
    return verdictOn(error);
  } catch {
    // What cannot even be read is no reason to lose the call.
    return 'transient';
  }
}

function verdictOn(error: unknown): Verdict {
  if (error instanceof TypeError) return isNetworkError(error) ? 'transient' : 'defect';
  if (error instanceof ReferenceError || error instanceof SyntaxError) return 'defect';
  if (isAbort(error) || isRejection(error)) return 'permanent';
  if (isBreakwaterError(error, 'CLOSED') || isBreakwaterError(error, 'INVALID_OPTIONS')) return 'defect';
  return 'transient';
}

/** p-retry's, which asks not to be repeated, or the platform's: somebody gave up what the operation waited for. */
function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}
