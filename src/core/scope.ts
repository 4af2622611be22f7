import type { AsyncResource } from 'node:async_hooks';
import { inspect } from 'node:util';
import { deadlines, type Lane } from './deadlines.ts';

/** Why a scope ended before its work did. */
export type EndCause =
  /** An attempt took longer than the policy allows one attempt. */
  | 'attempt-timeout'
  /** The call took longer than the policy allows a call. */
  | 'total-timeout'
  /** The call took longer than its caller allowed this call. */
  | 'caller-deadline'
  /** The caller's own signal aborted. */
  | 'caller-abort'
  /** Nobody waits for the outcome any more. */
  | 'abandoned';

/** What a scope needs only where it ends early, or its signal is read. */
interface Fate {
  cause: EndCause | undefined;
  reason: unknown;
  controller: AbortController | undefined;
}

/**
 * A stretch of a call's life that can end before its work does: the call itself, the time a timeout allows, an
 * attempt, a wait.
 *
 * Ending a scope ends the scopes within it, innermost first. Whatever waits (an operation, a backoff, a store) then
 * settles at once with the scope's reason, and that outcome travels outward through every layer like any other. So
 * each layer sees exactly one outcome, in order, however a run ends.
 *
 * A scope has room for one deadline, being a node in a lane of `Deadlines` itself, so that arming it allocates
 * nothing. Its `AbortSignal` is made when first read.
 */
export abstract class Scope {
  // Not private to the language, since V8 inlines no `super()` where the parent class has fields with values.
  declare private lane: Lane | undefined;
  declare private previous: Scope | undefined;
  declare private following: Scope | undefined;
  declare private due: number;
  declare private within: Scope | Scope[] | undefined;
  declare private fate: Fate | undefined;

  /** @param around the scope that it lies in; `parent` gives the same */
  constructor(around: Scope | undefined) {
    this.lane = undefined;
    this.previous = undefined;
    this.following = undefined;
    this.due = 0;
    this.within = undefined;
    this.fate = undefined;
    if (around === undefined) return;
    const { cause, reason } = around;
    if (cause === undefined) Scope.#take(around, this);
    else this.fate = { cause, reason, controller: undefined };
  }

  /** The scope around it. */
  abstract get parent(): Scope | undefined;

  /** The asynchronous context of the call that it belongs to; `undefined` where that holds anyhow, or is not kept. */
  get context(): AsyncResource | undefined {
    return this.parent?.context;
  }

  /**
   * Runs `fn` in that context: for whoever gets it to go on from elsewhere, such as a timer that it shares with others,
   * or the end of another call that it waited for. So an application finds its own request's in `AsyncLocalStorage`.
   */
  inContext<T>(fn: () => T): T {
    const { context } = this;
    return context === undefined ? fn() : context.runInAsyncScope(fn);
  }

  /** Why it ended, or `undefined` while it lives. */
  get cause(): EndCause | undefined {
    return this.fate?.cause;
  }

  /** What an operation sees as `signal.reason`, and what its caller is told. */
  get reason(): unknown {
    return this.fate?.reason;
  }

  /** Aborts, with the scope's reason, when the scope ends early. */
  get signal(): AbortSignal {
    this.fate ??= { cause: undefined, reason: undefined, controller: undefined };
    const fate = this.fate;
    if (fate.controller === undefined) {
      fate.controller = new AbortController();
      if (fate.cause !== undefined) fate.controller.abort(fate.reason);
    }
    return fate.controller.signal;
  }

  /** Ends the scope early. The first end counts, unless `resume()` comes between; later ones do nothing. */
  end(cause: EndCause, reason: unknown): void {
    const controller = this.fate?.controller;
    if (this.cause !== undefined) return;
    this.fate = { cause, reason, controller };
    deadlines.clear(this);
    const within = this.within;
    this.within = undefined;
    if (Array.isArray(within)) for (const scope of within) scope.end(cause, reason);
    else within?.end(cause, reason);
    this.stopped(cause, reason);
    controller?.abort(reason);
  }

  /** The caller's own signal aborted. */
  callerAborted(reason: unknown): void {
    this.inContext(() => this.end('caller-abort', reason));
  }

  /** The work within is over: forgets the deadline and lets go of the scope around it. */
  close(): void {
    deadlines.clear(this);
    const { parent } = this;
    if (parent !== undefined) Scope.#release(parent, this);
  }

  /** Monotonic time of the nearest deadline of this scope and those around it, or `Infinity`. */
  deadlineAt(): number {
    let at = Number.POSITIVE_INFINITY;
    for (let scope: Scope | undefined = this; scope !== undefined; scope = scope.parent) {
      if (scope.lane !== undefined && scope.due < at) at = scope.due;
    }
    return at;
  }

  /** Whether its deadline is armed. */
  get armed(): boolean {
    return this.lane !== undefined;
  }

  /** Monotonic time at which its deadline is due; meaningful while armed. */
  get dueAt(): number {
    return this.due;
  }

  /** Called once, never before `dueAt`, unless the deadline is cleared first. It must not throw. */
  expire(_now: number): void {}

  /** @internal The one that is due after it in its lane. */
  get next(): Scope | undefined {
    return this.following;
  }

  /** @internal Puts its deadline off. */
  postpone(byMs: number): void {
    this.due += byMs;
  }

  /** @internal Joins the end of `lane`. */
  enqueue(lane: Lane, dueAt: number): void {
    this.due = dueAt;
    this.lane = lane;
    this.previous = lane.tail;
    if (lane.tail === undefined) lane.head = this;
    else lane.tail.following = this;
    lane.tail = this;
  }

  /** @internal Leaves its lane. False when it is in none. */
  dequeue(): boolean {
    const lane = this.lane;
    if (lane === undefined) return false;
    const previous = this.previous;
    const next = this.following;
    if (previous === undefined) lane.head = next;
    else previous.following = next;
    if (next === undefined) lane.tail = previous;
    else next.previous = previous;
    this.lane = undefined;
    this.previous = undefined;
    this.following = undefined;
    return true;
  }

  /**
   * A deadline hangs on every promise and socket that is made under it, and a log of one shows it: its name alone, for its
   * fields lead on to other calls.
   */
  [inspect.custom](): string {
    return `[${this.constructor.name}]`;
  }

  /** What waits in this very scope settles now: it has ended early, and so have the scopes within it. */
  protected stopped(_cause: EndCause, _reason: unknown): void {}

  /** What ended the scope lies behind it: a layer outside has taken the outcome, and goes on in the same scope. */
  protected resume(): void {
    this.fate = undefined;
  }

  // Static: private methods would cost each scope a field.

  static #take(around: Scope, scope: Scope): void {
    const within = around.within;
    if (within === undefined) around.within = scope;
    else if (Array.isArray(within)) within.push(scope);
    else around.within = [within, scope];
  }

  static #release(around: Scope, scope: Scope): void {
    const within = around.within;
    if (within === scope) around.within = undefined;
    else if (Array.isArray(within)) {
      const at = within.indexOf(scope);
      if (at !== -1) within.splice(at, 1);
    }
  }
}

/** A deadline that belongs to no call, as that of a body's next chunk. */
export abstract class Deadline extends Scope {
  constructor() {
    super(undefined);
  }

  override get parent(): undefined {
    return undefined;
  }
}
