import { z } from 'zod';
import type { CallSettings, StreamSettings } from './call-settings.ts';
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
  /**
   * The caller's own signal. When it aborts, the call rejects at once with the signal's reason. Any number of calls may
   * share one, such as that of a shutdown: it carries one listener for all of them.
   */
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
  /**
   * With `end`, a stream that the operation gives (an async iterable, a Node `Readable`, a web `ReadableStream`) is
   * protected until its last chunk. The caller gets the same kind of thing, with back-pressure, as soon as it begins; the
   * call, its attempt and the places that it takes last until the stream ends, and so do its latency and its verdict:
   *
   * - its end is a success, its error is judged as an operation's error, and nothing is repeated or replaced any more;
   * - the attempt timeout bounds the time until it begins, `idleTimeoutMs` each wait for a chunk, the total timeout and
   *   `timeoutMs` the whole, to its last chunk;
   * - a consumer that stops after a chunk or more has had what it wanted: a success. One that stops before the first, or
   *   with an error, says nothing: `ignored`. A stream that nobody holds any more is closed.
   *
   * Any other value, a `Response` among them, is a value as ever. It cannot be given with `cacheKey` or `check`.
   * Default: a stream is a value like any other.
   */
  readonly until?: 'end' | undefined;
  /**
   * With `until: 'end'`, the longest wait for a stream's next chunk, in milliseconds, counted while the consumer waits
   * for one. When it runs out the stream ends with a `TimeoutError` of scope `body`. Default 10 000; `false` for none.
   */
  readonly idleTimeoutMs?: number | false | undefined;
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
  stream: undefined,
};

/** How long a stream may leave its consumer waiting where nobody says, in milliseconds. */
const DEFAULT_IDLE_TIMEOUT_MS = 10_000;

const sharedCallShape = {
  check: callback<(value: unknown) => boolean>().optional(),
  discard: callback<(value: unknown) => void>().optional(),
  classify: callback<Classify>().optional(),
  timeoutMs: durationMs.optional(),
  idempotent: flag.optional(),
  priority: oneOf(priorities).optional(),
  metadata: z.unknown().optional(),
  until: oneOf(['end']).optional(),
  idleTimeoutMs: z
    .union([durationMs, z.literal(false)], {
      error: 'must be a finite number of milliseconds above 0, such as 5_000, or false',
    })
    .optional(),
};

/** What is asked of a stream, among a call's other options. */
interface StreamAsked {
  readonly until?: 'end' | undefined;
  readonly idleTimeoutMs?: number | false | undefined;
  readonly cacheKey?: unknown;
  readonly check?: unknown;
}

/** Notes what cannot stand together. */
function checkStream({ value, issues }: z.core.ParsePayload<StreamAsked>): void {
  const { until, idleTimeoutMs } = value;
  const note = (path: string, message: string): void => {
    issues.push({ code: 'custom', path: [path], message, input: value });
  };
  if (until === undefined) {
    if (idleTimeoutMs !== undefined) note('idleTimeoutMs', "needs until: 'end'");
    return;
  }
  if (value.cacheKey !== undefined)
    note('cacheKey', "cannot be given with until: 'end': a stream passes once and is not remembered");
  if (value.check !== undefined)
    note('check', "cannot be given with until: 'end': a stream has no value to check before it has passed");
}

function streamSettings({ until, idleTimeoutMs }: StreamAsked): StreamSettings | undefined {
  return until === undefined ? undefined : { idleTimeoutMs: idleTimeoutMs ?? DEFAULT_IDLE_TIMEOUT_MS };
}

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
}).check(checkStream);

/** Checks `WrapOptions`. */
export const wrapSchema = options({
  ...sharedCallShape,
  name: text.optional(),
  cacheKey: callback<(...args: never[]) => string | undefined>().optional(),
})
  .check(checkStream)
  .transform(({ until, idleTimeoutMs, ...others }) => ({
    ...others,
    stream: streamSettings({ until, idleTimeoutMs }),
  }));

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
  ['until', (value) => value === 'end'],
  [
    'idleTimeoutMs',
    (value) =>
      value === false || (typeof value === 'number' && value > 0 && value < Number.POSITIVE_INFINITY),
  ],
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
  return {
    check,
    discard,
    classify,
    timeoutMs,
    idempotent,
    priority: rankOf(priority),
    metadata,
    signal,
    stream: streamSettings(settings),
  };
}

/** Whether nothing is wrong with the options. Inherited ones would be read too, so they are looked at too. */
function isPlain(given: CallOptions): boolean {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return false;
  for (const key in given) {
    const value: unknown = Reflect.get(given, key);
    if (isAcceptable.get(key)?.(value) !== true && (value !== undefined || !isAcceptable.has(key)))
      return false;
  }
  if (given.until === undefined) return given.idleTimeoutMs === undefined;
  return given.cacheKey === undefined && given.check === undefined;
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
