import { z } from 'zod';
import type { CallSettings } from './call.ts';
import { callback, durationMs, flag, oneOf, options, parseOptions, shown, text } from './options.ts';
import { type Priority, priorities, rankOf } from './priority.ts';
import type { Classify } from './verdict.ts';

/** Options of one call. */
export interface CallOptions<T = unknown> {
  /**
   * Under what the value is remembered for the cache fallback. Without it nothing is. It is used as it is, so in a
   * store that policies share it must tell them apart.
   */
  readonly cacheKey?: string | undefined;
  /** Whether a value is correct, for the correctness SLI; a value that is not is not remembered either. */
  readonly check?: ((value: T) => boolean) | undefined;
  /** The caller's own signal. When it aborts, the call rejects at once with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** The caller's own deadline in milliseconds. It can shorten the policy's total timeout, never lengthen it. */
  readonly timeoutMs?: number | undefined;
  /**
   * Whether the operation may be run more than once. With `false` it is repeated only where an integration proves
   * that it never reached the dependency. Default: may be repeated.
   */
  readonly idempotent?: boolean | undefined;
  /** What goes first where calls queue, and last where calls are turned away. Default `medium`. */
  readonly priority?: Priority | undefined;
  /** Anything; handed to the operation and to listeners. */
  readonly metadata?: unknown;
  /** Lets go of a value that nobody will get: one that came late, or that a retry or a fallback replaced. */
  readonly discard?: ((value: T) => void) | undefined;
  /** Decides what the call's outcomes mean where the policy's own `classify` says nothing. Default: see `Verdict`. */
  readonly classify?: Classify | undefined;
}

/** Options of a wrapped function, for all its calls. */
export interface WrapOptions<Args extends readonly unknown[], T>
  extends Omit<CallOptions<T>, 'cacheKey' | 'signal'> {
  /**
   * Names the wrap's own key namespace: its keys are stored as `<policy>:<name>:<key>`, with `%` and `:` in the names
   * percent-encoded. Default: a namespace unique in this process; required with a `cacheKey` where the cache has a
   * store of your own.
   */
  readonly name?: string | undefined;
  /** Gives a call's key within this wrap's namespace; `undefined` for a call that is not to be remembered. */
  readonly cacheKey?: ((...args: Args) => string | undefined) | undefined;
}

/** The settings of a call without options. */
export const NO_SETTINGS: CallSettings = {
  check: undefined,
  discard: undefined,
  classify: undefined,
  timeoutMs: undefined,
  idempotent: undefined,
  priority: rankOf(undefined),
  metadata: undefined,
  signal: undefined,
};

const sharedCallShape = {
  check: callback<(value: unknown) => boolean>().optional(),
  discard: callback<(value: unknown) => void>().optional(),
  classify: callback<Classify>().optional(),
  timeoutMs: durationMs.optional(),
  idempotent: flag.optional(),
  priority: oneOf(priorities).optional(),
  metadata: z.unknown().optional(),
};

const callSchema = options({
  ...sharedCallShape,
  cacheKey: z
    .custom<string>((key) => typeof key === 'string', {
      error: (issue) => `must be a string, not ${shown(issue.input)}`,
    })
    .optional(),
  signal: z
    .custom<AbortSignal>((signal) => isAbortSignal(signal), {
      error: (issue) => `must be an AbortSignal, not ${shown(issue.input)}`,
    })
    .optional(),
});

/** Checks `WrapOptions`. */
export const wrapSchema = options({
  ...sharedCallShape,
  name: text.optional(),
  cacheKey: callback<(...args: never[]) => string | undefined>().optional(),
});

type Check = (value: unknown) => boolean;

const isFunction: Check = (value) => typeof value === 'function';

/** What each option of a call may be, told without the schema, which costs more than a call may. */
const isAcceptable: ReadonlyMap<string, Check> = new Map<string, Check>([
  ['cacheKey', (value) => typeof value === 'string'],
  ['check', isFunction],
  ['discard', isFunction],
  ['classify', isFunction],
  ['timeoutMs', (value) => typeof value === 'number' && value > 0 && value < Number.POSITIVE_INFINITY],
  ['idempotent', (value) => typeof value === 'boolean'],
  ['priority', (value) => priorities.some((priority) => priority === value)],
  ['metadata', () => true],
  ['signal', isAbortSignal],
]);

/**
 * A call's options, checked and copied.
 *
 * @throws {InvalidOptionsError} when an option is wrong
 */
export function callSettings(given: CallOptions, policy: string): CallSettings {
  const settings = isPlain(given)
    ? given
    : parseOptions(callSchema, given, policy, `Options of a call of policy '${policy}'`);
  const { check, discard, classify, timeoutMs, idempotent, priority, metadata, signal } = settings;
  return { check, discard, classify, timeoutMs, idempotent, priority: rankOf(priority), metadata, signal };
}

/** Whether nothing is wrong with the options. Inherited ones would be read too, so they are looked at too. */
function isPlain(given: CallOptions): boolean {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return false;
  for (const key in given) {
    const value: unknown = Reflect.get(given, key);
    if (isAcceptable.get(key)?.(value) !== true && (value !== undefined || !isAcceptable.has(key)))
      return false;
  }
  return true;
}

function isAbortSignal(value: unknown): value is AbortSignal {
  return (
    typeof value === 'object' &&
    value !== null &&
    'aborted' in value &&
    typeof value.aborted === 'boolean' &&
    'addEventListener' in value &&
    typeof value.addEventListener === 'function' &&
    'removeEventListener' in value &&
    typeof value.removeEventListener === 'function'
  );
}
