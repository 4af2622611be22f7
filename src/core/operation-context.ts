import type { Passage } from './passage.ts';

/**
 * What an operation is given.
 *
 * @typeParam Target what the endpoints of the policy's `failover` have as `target`
 */
export interface OperationContext<Target = unknown> {
  /** Name of the policy. */
  readonly policy: string;
  /** 1 for the first attempt of the call. */
  readonly attempt: number;
  /** Aborts on timeout, on the caller's abort, and when nobody waits for this attempt any more. Made when first read. */
  readonly signal: AbortSignal;
  /** Milliseconds left until the nearest deadline, never below 0; `Infinity` without one. */
  remainingMs(): number;
  /** What the call's options carried. */
  readonly metadata: unknown;
  /** Name of the endpoint that was chosen; `undefined` where the policy has no failover. */
  readonly endpoint: string | undefined;
  /** What that endpoint's options have as `target`; `undefined` where the policy has no failover. */
  readonly target: Target;
}

/** What the context tells of its attempt. */
interface AttemptAtWork {
  readonly parent: Passage;
  readonly attempt: number;
  readonly signal: AbortSignal;
  readonly remainingMs: number;
}

/** The context of one attempt: apart from it, so that an operation gets nothing else of it. */
export class AttemptContext implements OperationContext {
  readonly attempt: number;
  readonly #of: AttemptAtWork;

  constructor(attempt: AttemptAtWork) {
    this.attempt = attempt.attempt;
    this.#of = attempt;
  }

  get policy(): string {
    return this.#of.parent.call.runtime.name;
  }

  get signal(): AbortSignal {
    return this.#of.signal;
  }

  /** A getter, so that an operation may take it out of its context like the rest. */
  get remainingMs(): () => number {
    return () => this.#of.remainingMs;
  }

  get metadata(): unknown {
    return this.#of.parent.call.settings.metadata;
  }

  get endpoint(): string | undefined {
    return this.#of.parent.endpoint?.name;
  }

  get target(): unknown {
    return this.#of.parent.endpoint?.target;
  }
}
