import { AsyncLocalStorage } from 'node:async_hooks';
import type { CallSettings } from './call-settings.ts';
import { monotonicNow } from './clock.ts';
import { deadlines } from './deadlines.ts';
import { callback, durationMsOrZero, options, parseOptions } from './options.ts';
import { Deadline } from './scope.ts';
import { isThenable } from './thenable.ts';

/** What a function that runs with a deadline is given. */
export interface DeadlineContext {
  /** Aborts with a `TimeoutError` of the platform's when the time is up. Made when first read. */
  readonly signal: AbortSignal;
  /** Milliseconds left, never below 0. */
  remainingMs(): number;
}

/**
 * The deadlines of the functions that run. Made at the first use, so that a process that never runs anything with a
 * deadline does not pay for asynchronous context.
 */
let storage: AsyncLocalStorage<AmbientDeadline | undefined> | undefined;

/** How long a deadline that has passed still holds for work of which nobody says when it is over, in milliseconds. */
const HOLDS_ON_MS = 30_000;

/**
 * A deadline that whatever happens within inherits, until what it was set for is over. Work that outlives it (a pool's
 * connection, a timer that others use) falls back to the deadline around it, if there is one.
 *
 * Not all work says when it is over: a handler whose client has gone, a promise that is never settled. So the deadline is
 * also taken for over when it has passed some time ago, lest it turn away for good whatever was first made within.
 */
export class AmbientDeadline extends Deadline {
  /** Monotonic time at which the time is up. */
  readonly endsAt: number;
  /** The one that it lies within. */
  readonly outer: AmbientDeadline | undefined;
  readonly #holdsOnMs: number;
  #isFinished = false;

  /**
   * @param timeoutMs counts from `now`; a deadline around it that is due sooner holds instead
   * @param holdsOnMs how long it holds after it has passed, unless what it was set for is over before
   */
  constructor(timeoutMs: number, now: number, outer = ambientDeadline(), holdsOnMs = HOLDS_ON_MS) {
    super();
    this.outer = outer;
    this.endsAt = Math.min(now + timeoutMs, outer?.endsAt ?? Number.POSITIVE_INFINITY);
    this.#holdsOnMs = holdsOnMs;
  }

  /** Whether what it was set for is over, or taken for over, so that it holds no more. */
  get isOver(): boolean {
    return this.#isFinished || monotonicNow() > this.endsAt + this.#holdsOnMs;
  }

  override get signal(): AbortSignal {
    if (this.cause === undefined && !this.armed && !this.#isFinished) {
      const now = monotonicNow();
      const leftMs = this.leftAt(now);
      if (leftMs > 0) deadlines.arm(this, leftMs, now);
      else this.expire();
    }
    return super.signal;
  }

  /** Milliseconds left at `now`, never below 0. */
  leftAt(now: number): number {
    return Math.max(0, this.endsAt - now);
  }

  override expire(): void {
    this.end('caller-deadline', new DOMException('The deadline has passed.', 'TimeoutError'));
  }

  /** Runs `fn`, and all that it awaits, with this deadline. */
  run<T>(fn: () => T): T {
    storage ??= new AsyncLocalStorage();
    return storage.run(this, fn);
  }

  /** What it was set for is over. */
  finish(): void {
    this.#isFinished = true;
    this.close();
  }
}

/** The deadline in force, if any. */
export function ambientDeadline(): AmbientDeadline | undefined {
  if (storage === undefined) return undefined;
  let deadline = storage.getStore();
  while (deadline?.isOver === true) deadline = deadline.outer;
  return deadline;
}

/**
 * Runs `fn` with a deadline: no call of a policy within it, or within what it awaits, waits past it. A call's time is
 * then the shortest of its policy's total timeout, its own `timeoutMs` and what is left; one that starts when nothing is
 * left rejects at once with a `TimeoutError` of scope `total`, without an attempt. That says nothing about a dependency
 * that had less time than an attempt may take, so it is no failure of it.
 *
 * Within another deadline it can only shorten it. The time is the monotonic clock's. Only policies heed it by
 * themselves; other work may heed `signal`. The deadline holds until the promise that `fn` gives is settled, or `fn`
 * returns where it gives none; where the promise is still not settled 30 s after the time was up, it holds no longer.
 *
 * A thenable that is no `Promise`, such as a query that begins when it is awaited, is outside: await it within `fn`.
 *
 * @param timeoutMs milliseconds from now, a finite number, 0 or more
 * @returns what `fn` returns; what it throws passes through
 * @throws {InvalidOptionsError} when an argument is wrong
 *
 * @example
 * const page = await runWithDeadline(800, async ({ signal }) => render(await findUser(7), { signal }));
 */
export function runWithDeadline<T>(timeoutMs: number, fn: (deadline: DeadlineContext) => T): T {
  checkArguments(timeoutMs, fn);
  const deadline = new AmbientDeadline(timeoutMs, monotonicNow());
  let result: T;
  try {
    result = deadline.run(() => fn(contextOf(deadline)));
  } catch (error) {
    deadline.finish();
    throw error;
  }
  const finish = (): void => deadline.finish();
  if (result instanceof Promise) result.then(finish, finish);
  // Another thenable may begin only when somebody asks for its value, so that nobody can wait for its end.
  else if (!isThenable(result)) finish();
  return result;
}

/**
 * Runs `fn` without the deadline that is in force: for work that a request starts and does not wait for.
 *
 * @returns what `fn` returns; what it throws passes through
 */
export function runWithoutDeadline<T>(fn: () => T): T {
  return runUnder(undefined, fn);
}

/** Milliseconds left of the deadline in force, never below 0; `Infinity` without one. */
export function remainingDeadlineMs(): number {
  return ambientDeadline()?.leftAt(monotonicNow()) ?? Number.POSITIVE_INFINITY;
}

/** Whether any deadline was ever in force in this process. */
export function knowsDeadlines(): boolean {
  return storage !== undefined;
}

/** Runs `fn` under `deadline`, or under none, whatever is in force where it is called: a shared timer, another's end. */
export function runUnder<T>(deadline: AmbientDeadline | undefined, fn: () => T): T {
  if (storage === undefined || ambientDeadline() === deadline) return fn();
  return storage.run(deadline, fn);
}

/** The settings of a call that starts now, under the deadline in force. */
export function underDeadline(settings: CallSettings): CallSettings {
  const deadline = ambientDeadline();
  return deadline === undefined ? settings : { ...settings, deadline };
}

/** What the function is given: apart from the deadline, so that it gets nothing else of it. */
function contextOf(deadline: AmbientDeadline): DeadlineContext {
  return {
    get signal() {
      return deadline.signal;
    },
    remainingMs: () => deadline.leftAt(monotonicNow()),
  };
}

const argumentsSchema = options({
  timeoutMs: durationMsOrZero,
  fn: callback<(deadline: DeadlineContext) => unknown>(),
});

function checkArguments(timeoutMs: unknown, fn: unknown): void {
  parseOptions(argumentsSchema, { timeoutMs, fn }, '', 'The arguments of runWithDeadline()');
}
