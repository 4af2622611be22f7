import type { AmbientDeadline } from './ambient-deadline.ts';
import type { Classify } from './verdict.ts';

/** A call as a function that a user gave for an option sees it, such as `perKey`. */
export interface CallDescription {
  /** Name of the policy. */
  readonly policy: string;
  /** Under what the call's value is remembered, if at all. */
  readonly cacheKey: string | undefined;
  /** What the call's options carried. */
  readonly metadata: unknown;
  /** The arguments of a wrapped function; empty for `execute`. */
  readonly args: readonly unknown[];
}

/** What a call's options say, checked and copied. Shared by all calls of one `wrap`. */
export interface CallSettings {
  readonly check: ((value: unknown) => boolean) | undefined;
  readonly discard: ((value: unknown) => void) | undefined;
  readonly classify: Classify | undefined;
  readonly timeoutMs: number | undefined;
  readonly idempotent: boolean | undefined;
  /** Its place in `priorities`: 0 is the most important. */
  readonly priority: number;
  readonly metadata: unknown;
  readonly signal: AbortSignal | undefined;
  /** How a stream that the operation gives is protected until its end; `undefined` where it is a value like any other. */
  readonly stream: StreamSettings | undefined;
  /** The deadline in force where the call started; left out, like `trace`, where there is none. */
  readonly deadline?: AmbientDeadline | undefined;
  /**
   * What traced the call's caller when it started. It stands here, and is left out where nothing traces, so that a
   * call that is not traced is no larger for it.
   */
  readonly trace?: unknown;
}

/** What a call asks for whose stream is protected until its end. */
export interface StreamSettings {
  /** The longest wait for the next chunk, in milliseconds; `false` for no bound. */
  readonly idleTimeoutMs: number | false;
}
