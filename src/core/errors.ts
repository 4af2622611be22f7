/** Stable codes of what this library throws. */
export type BreakwaterErrorCode =
  | 'CIRCUIT_OPEN'
  | 'TIMEOUT'
  | 'BULKHEAD_FULL'
  | 'RATE_LIMITED'
  | 'THROTTLED'
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
  /** Milliseconds until the circuit lets a probe through; 0 when it already waits for a probe's outcome. */
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
  /** The limit that was passed, in milliseconds. */
  readonly timeoutMs: number;
  /** Which wait it was. */
  readonly scope: TimeoutScope;

  constructor(policy: string, timeoutMs: number, scope: TimeoutScope) {
    super(
      'TIMEOUT',
      policy,
      `Policy '${policy}' gave up: ${timeoutText[scope]} took longer than ${timeoutMs} ms.`,
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
  readonly BULKHEAD_FULL: BreakwaterError;
  readonly RATE_LIMITED: BreakwaterError;
  readonly THROTTLED: BreakwaterError;
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
    isBreakwaterError(error, 'THROTTLED')
  );
}
