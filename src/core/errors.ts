/** Stable codes of what this library throws. */
export type BreakwaterErrorCode =
  | 'CIRCUIT_OPEN'
  | 'TIMEOUT'
  | 'BULKHEAD_FULL'
  | 'RATE_LIMITED'
  | 'LIMIT_REACHED'
  | 'THROTTLED'
  | 'INJECTED_FAULT'
  | 'CLOSED'
  | 'INVALID_OPTIONS';

/** Which wait ran out: the whole call's, one attempt's, for a place in a queue, or for more of an answer's body. */
export type TimeoutScope = 'total' | 'attempt' | 'queue' | 'body';

/** Marks this library's errors across duplicate copies of the package. */
const BRAND = Symbol.for('breakwater.error');

/**
 * The base of every error that this library makes. `code` is stable and `policy` names the policy that answered.
 *
 * Only `InvalidOptionsError` carries a stack trace: the others are answers about a dependency, not bugs, and
 * collecting a stack costs more than a rejection should.
 */
export class BreakwaterError extends Error {
  /** What kind of answer this is; stable across versions. */
  readonly code: BreakwaterErrorCode;
  /** The policy that gave the answer. */
  readonly policy: string;
  /** @internal */
  get [BRAND](): true {
    return true;
  }

  constructor(code: BreakwaterErrorCode, policy: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.policy = policy;
  }

  override get name(): string {
    return 'BreakwaterError';
  }
}

/** Makes `build` run with no stack collected, and puts the application's own limit back. */
export function withoutStack<T>(build: () => T): T {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 0;
  try {
    return build();
  } finally {
    Error.stackTraceLimit = limit;
  }
}

/** The circuit is open, or half-open with all its probes taken: the operation was not run. */
export class CircuitOpenError extends BreakwaterError {
  /**
   * Milliseconds until the circuit lets a probe through. When it waits for the outcome of a health check already, what
   * is left of that check's time; 0 when for that of a call.
   */
  readonly retryAfterMs: number;

  constructor(policy: string, retryAfterMs: number) {
    super(
      'CIRCUIT_OPEN',
      policy,
      `The circuit of policy '${policy}' is open; ${
        retryAfterMs === Number.POSITIVE_INFINITY
          ? 'it is held open until it is reset'
          : `it tries again in ${Math.ceil(retryAfterMs)} ms`
      }.`,
    );
    this.retryAfterMs = retryAfterMs;
  }

  override get name(): string {
    return 'CircuitOpenError';
  }
}

/**
 * A wait ran out. The operation's `signal` aborts with this error as its reason. Where an attempt of the call had failed
 * before, its error is the `cause`.
 */
export class TimeoutError extends BreakwaterError {
  /** The limit that was passed, in milliseconds; 0 where nothing was left of the deadline that the call was made under. */
  readonly timeoutMs: number;
  /** Which wait it was. */
  readonly scope: TimeoutScope;

  constructor(policy: string, timeoutMs: number, scope: TimeoutScope) {
    const isTooLate = scope === 'total' && timeoutMs === 0;
    super(
      'TIMEOUT',
      policy,
      isTooLate
        ? `Policy '${policy}' gave up: nothing was left of the deadline that it was called under.`
        : `Policy '${policy}' gave up: ${timeoutText[scope]} took longer than ${timeoutMs} ms.`,
    );
    this.timeoutMs = timeoutMs;
    this.scope = scope;
  }

  override get name(): string {
    return 'TimeoutError';
  }
}

const timeoutText: Readonly<Record<TimeoutScope, string>> = {
  total: 'the call',
  attempt: 'an attempt',
  queue: 'the wait for a place',
  body: 'the wait for more of the body',
};

/** All places of the bulkhead are taken, and so is its queue: the operation was not run. */
export class BulkheadFullError extends BreakwaterError {
  /** How many calls may be in it at once. */
  readonly maxConcurrent: number;
  /** How many may wait for a place. */
  readonly maxQueue: number;

  constructor(policy: string, maxConcurrent: number, maxQueue: number) {
    super(
      'BULKHEAD_FULL',
      policy,
      `The bulkhead of policy '${policy}' is full: ${maxConcurrent} in it, and ${
        maxQueue === 0 ? 'no queue' : `${maxQueue} queued`
      }.`,
    );
    this.maxConcurrent = maxConcurrent;
    this.maxQueue = maxQueue;
  }

  override get name(): string {
    return 'BulkheadFullError';
  }
}

/** The rate limit has no token for the call in time: the operation was not run. */
export class RateLimitedError extends BreakwaterError {
  /**
   * Milliseconds until there is a token for another call, those that wait for theirs included; `Infinity` where the rate
   * was set to 0 by hand.
   */
  readonly retryAfterMs: number;

  constructor(policy: string, retryAfterMs: number) {
    super(
      'RATE_LIMITED',
      policy,
      `Policy '${policy}' is at its rate limit; ${
        retryAfterMs === Number.POSITIVE_INFINITY
          ? 'its rate was set to 0 by hand, and there is no room until that is changed'
          : `there is room again in ${Math.ceil(retryAfterMs)} ms`
      }.`,
    );
    this.retryAfterMs = retryAfterMs;
  }

  override get name(): string {
    return 'RateLimitedError';
  }
}

/** As many calls are in flight as the adaptive limit allows now: the operation was not run. */
export class LimitReachedError extends BreakwaterError {
  /** How many it allows now. */
  readonly limit: number;

  constructor(policy: string, limit: number) {
    super(
      'LIMIT_REACHED',
      policy,
      `Policy '${policy}' is at its adaptive limit: ${limit} ${limit === 1 ? 'call is' : 'calls are'} in flight.`,
    );
    this.limit = limit;
  }

  override get name(): string {
    return 'LimitReachedError';
  }
}

/** The dependency refused so many of the latest calls that this one was not even sent: the operation was not run. */
export class ThrottledError extends BreakwaterError {
  /** The share of calls like this one that are turned away now, above 0 and below 1. */
  readonly probability: number;

  constructor(policy: string, probability: number) {
    super(
      'THROTTLED',
      policy,
      `Policy '${policy}' is throttled: ${(probability * 100).toFixed(1)} % of such calls are turned away now.`,
    );
    this.probability = probability;
  }

  override get name(): string {
    return 'ThrottledError';
  }
}

/** A fault that `chaos` made on purpose in the operation's place. */
export class InjectedFaultError extends BreakwaterError {
  constructor(policy: string) {
    super('INJECTED_FAULT', policy, `The chaos layer of policy '${policy}' made this fault on purpose.`);
  }

  override get name(): string {
    return 'InjectedFaultError';
  }
}

/** The policy or its hub is closed and takes no new calls. */
export class ClosedError extends BreakwaterError {
  /** @param what what is closed; default: the policy */
  constructor(policy: string, what = `Policy '${policy}'`) {
    super('CLOSED', policy, `${what} is closed and takes nothing new.`);
  }

  override get name(): string {
    return 'ClosedError';
  }
}

/** One thing that is wrong with an options object. */
export interface OptionsProblem {
  /** Where it is, as in `retry.maxRetries`; empty for the object itself. */
  readonly path: string;
  /** What is wrong and what to write instead. */
  readonly message: string;
}

/** An options object or an argument is wrong; `problems` has all that is wrong with it. */
export class InvalidOptionsError extends BreakwaterError {
  /** All that is wrong, in the order of the options. */
  readonly problems: readonly OptionsProblem[];

  constructor(policy: string, subject: string, problems: readonly OptionsProblem[]) {
    const list = problems
      .map(({ path, message }) => `\n  ${path === '' ? '' : `${path}: `}${message}`)
      .join('');
    super('INVALID_OPTIONS', policy, `${subject}:${list}`);
    this.problems = problems;
  }

  override get name(): string {
    return 'InvalidOptionsError';
  }
}

interface ErrorsByCode {
  readonly CIRCUIT_OPEN: CircuitOpenError;
  readonly TIMEOUT: TimeoutError;
  readonly CLOSED: ClosedError;
  readonly INVALID_OPTIONS: InvalidOptionsError;
  readonly BULKHEAD_FULL: BulkheadFullError;
  readonly RATE_LIMITED: RateLimitedError;
  readonly LIMIT_REACHED: LimitReachedError;
  readonly THROTTLED: ThrottledError;
  readonly INJECTED_FAULT: InjectedFaultError;
}

/**
 * Whether `error` is this library's, and of that `code` where one is given. Unlike `instanceof` it also works
 * where two copies of the package are loaded.
 */
export function isBreakwaterError(error: unknown): error is BreakwaterError;
export function isBreakwaterError<Code extends BreakwaterErrorCode>(
  error: unknown,
  code: Code,
): error is ErrorsByCode[Code];
export function isBreakwaterError(error: unknown, code?: BreakwaterErrorCode): boolean {
  if (typeof error !== 'object' || error === null || !(BRAND in error)) return false;
  return code === undefined || ('code' in error && error.code === code);
}

/** Whether `error` says that a strategy turned a call away without asking the dependency. */
export function isRejection(error: unknown): boolean {
  return (
    isBreakwaterError(error, 'CIRCUIT_OPEN') ||
    isBreakwaterError(error, 'BULKHEAD_FULL') ||
    isBreakwaterError(error, 'RATE_LIMITED') ||
    isBreakwaterError(error, 'LIMIT_REACHED') ||
    isBreakwaterError(error, 'THROTTLED') ||
    (isBreakwaterError(error, 'TIMEOUT') && error.scope === 'queue')
  );
}
