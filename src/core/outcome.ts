import { isBreakwaterError, isRejection } from './errors.ts';
import type { EndCause } from './scope.ts';
import type { Verdict } from './verdict.ts';

/** Where a call's value came from. */
export type Source =
  /** The operation ran and gave it. */
  | 'live'
  /** It was remembered and still fresh: the operation was not run. */
  | 'cache'
  /** It was remembered, and served because the call failed. */
  | 'stale'
  /** The policy's fallback made it. */
  | 'fallback';

/** Why a strategy turned a call or an attempt away. */
export type RejectionReason =
  | 'circuit_open'
  | 'bulkhead_full'
  | 'rate_limited'
  | 'limit_reached'
  | 'throttled'
  | 'budget_spent';

/** What every outcome tells, whether it has a value or an error. */
interface OutcomeFacts {
  readonly verdict: Verdict;
  /** How long the dependency asked to be left alone. */
  readonly retryAfterMs: number | undefined;
  /** The operation surely had no effect, so that even what is not idempotent may be repeated. */
  readonly safeToRepeat: boolean;
  /** What failed, in the words of whoever judged it. */
  readonly reason: string | undefined;
  readonly source: Source;
  /** Age of a remembered value in milliseconds; 0 for the others. */
  readonly ageMs: number;
  /** Whether the value passed the call's `check`. */
  readonly correct: boolean;
  /** Set when a strategy answered in the operation's place. */
  readonly rejection: RejectionReason | undefined;
  /** Set when the work was cut short, with what cut it. */
  readonly cut: EndCause | undefined;
}

/** The operation, or something in its place, gave a value. Its verdict may still be a failure, as with HTTP 503. */
export interface Fulfilled extends OutcomeFacts {
  readonly ok: true;
  readonly value: unknown;
  readonly error: undefined;
}

/** There is an error to throw. */
export interface Rejected extends OutcomeFacts {
  readonly ok: false;
  readonly value: undefined;
  readonly error: unknown;
}

/** How an attempt, or what a layer made of it, ended. Layers hand these on; only the edge of the call throws. */
export type Outcome = Fulfilled | Rejected;

/**
 * A plain success, and correct. Nearly every attempt ends with one, so it carries nothing but its value, and the rest are
 * getters.
 */
class Success implements Fulfilled {
  readonly value: unknown;

  constructor(value: unknown) {
    this.value = value;
  }

  get ok(): true {
    return true;
  }

  get correct(): true {
    return true;
  }

  get verdict(): 'success' {
    return 'success';
  }

  get source(): 'live' {
    return 'live';
  }

  get ageMs(): number {
    return 0;
  }

  get safeToRepeat(): boolean {
    return false;
  }

  get error(): undefined {
    return undefined;
  }

  get retryAfterMs(): undefined {
    return undefined;
  }

  get reason(): undefined {
    return undefined;
  }

  get rejection(): undefined {
    return undefined;
  }

  get cut(): undefined {
    return undefined;
  }
}

/** An operation's own value, judged a success. */
export function succeeded(value: unknown, correct: boolean): Fulfilled {
  return correct ? new Success(value) : fulfilled(value, 'success', undefined, false, false);
}

/** An operation's own value. */
export function fulfilled(
  value: unknown,
  verdict: Verdict,
  retryAfterMs: number | undefined,
  safeToRepeat: boolean,
  correct: boolean,
  reason: string | undefined = undefined,
): Fulfilled {
  return {
    ok: true,
    value,
    error: undefined,
    verdict,
    retryAfterMs,
    safeToRepeat,
    reason,
    source: 'live',
    ageMs: 0,
    correct,
    rejection: undefined,
    cut: undefined,
  };
}

/** An operation's own error. */
export function failed(
  error: unknown,
  verdict: Verdict,
  retryAfterMs: number | undefined = undefined,
  safeToRepeat = false,
  reason: string | undefined = undefined,
): Rejected {
  return {
    ok: false,
    value: undefined,
    error,
    verdict,
    retryAfterMs,
    safeToRepeat,
    reason,
    source: 'live',
    ageMs: 0,
    correct: false,
    rejection: undefined,
    cut: undefined,
  };
}

/**
 * A strategy's answer in the operation's place. Its error is made when somebody asks for it: most are, but not where a
 * remembered value answers instead.
 */
class Rejection implements Rejected {
  readonly rejection: RejectionReason;
  readonly retryAfterMs: number | undefined;
  readonly #makeError: () => unknown;
  #error: unknown = undefined;

  constructor(makeError: () => unknown, rejection: RejectionReason, retryAfterMs: number | undefined) {
    this.#makeError = makeError;
    this.rejection = rejection;
    this.retryAfterMs = retryAfterMs;
  }

  get error(): unknown {
    this.#error ??= this.#makeError();
    return this.#error;
  }

  get ok(): false {
    return false;
  }

  get verdict(): 'transient' {
    return 'transient';
  }

  get source(): 'live' {
    return 'live';
  }

  get ageMs(): number {
    return 0;
  }

  get safeToRepeat(): boolean {
    return false;
  }

  get reason(): undefined {
    return undefined;
  }

  get correct(): boolean {
    return false;
  }

  get value(): undefined {
    return undefined;
  }

  get cut(): undefined {
    return undefined;
  }
}

/** A strategy's answer in the operation's place. */
export function rejected(
  makeError: () => unknown,
  rejection: RejectionReason,
  retryAfterMs: number | undefined,
): Rejected {
  return new Rejection(makeError, rejection, retryAfterMs);
}

/** What waited was told to stop: the scope's reason becomes the error. */
export function cutShort(error: unknown, cut: EndCause, verdict: Verdict): Rejected {
  return { ...failed(error, verdict), cut };
}

/** A value that a fallback or the cache gave. */
export function served(value: unknown, source: Exclude<Source, 'live'>, ageMs: number): Fulfilled {
  return {
    ok: true,
    value,
    error: undefined,
    verdict: 'success',
    retryAfterMs: undefined,
    safeToRepeat: false,
    reason: undefined,
    source,
    ageMs,
    correct: source === 'cache',
    rejection: undefined,
    cut: undefined,
  };
}

/** The same outcome with another value, and whether that is correct for another of the calls that share it. */
export function withValue(outcome: Fulfilled, value: unknown, correct: boolean): Fulfilled {
  const { verdict, retryAfterMs, safeToRepeat, source, ageMs } = outcome;
  return { ...fulfilled(value, verdict, retryAfterMs, safeToRepeat, correct), source, ageMs };
}

/** Whether a fallback may answer in this outcome's place. */
export function wantsFallback(outcome: Outcome): boolean {
  return outcome.verdict === 'transient' || outcome.verdict === 'permanent';
}

/** Whether it was turned away before the dependency was asked: by a strategy, or by one of a policy within the operation. */
export function isTurnedAway(outcome: Outcome): boolean {
  return outcome.rejection !== undefined || isRejection(outcome.error);
}

/** A call that ran out of time tells what its attempt before failed with. */
export function tellCause(outcome: Outcome, before: Outcome): void {
  if (outcome.cut === undefined || before.ok) return;
  const { error } = outcome;
  if (before.error === error) return;
  if (isBreakwaterError(error, 'TIMEOUT') && error.cause === undefined) error.cause = before.error;
}
