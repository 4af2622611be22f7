import { Deadline, deadlines } from './deadlines.ts';

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

/** How a scope ended early. */
interface Ending {
  readonly cause: EndCause;
  readonly reason: unknown;
}

/** What waits inside a scope and must stop waiting when the scope ends. */
export interface ScopeWatcher {
  /** Called once, synchronously. What waited settles its receiver before this returns. */
  scopeEnded(scope: Scope): void;
}

/**
 * A stretch of a call's life that can end before its work does: the call itself, the time a timeout allows, one
 * of several attempts at once.
 *
 * Ending a scope ends the scopes within it and tells whatever waits there, innermost first. Whatever waits (an
 * operation, a backoff, a store) then settles at once with the scope's reason, and that outcome travels outward
 * through every layer like any other. So each layer sees exactly one outcome, in order, however a run ends.
 *
 * A scope is its own deadline, and its `AbortSignal` is made when first read.
 */
export class Scope extends Deadline implements ScopeWatcher {
  readonly #parent: Scope | undefined;
  #watchers: ScopeWatcher | ScopeWatcher[] | undefined = undefined;
  #controller: AbortController | undefined = undefined;
  #ended: Ending | undefined = undefined;

  constructor(parent: Scope | undefined) {
    super();
    this.#parent = parent;
    if (parent === undefined) return;
    if (parent.#ended === undefined) parent.watch(this);
    else this.#ended = parent.#ended;
  }

  /** Why it ended, or `undefined` while it lives. */
  get cause(): EndCause | undefined {
    return this.#ended?.cause;
  }

  /** What an operation sees as `signal.reason`, and what its caller is told. */
  get reason(): unknown {
    return this.#ended?.reason;
  }

  /** Aborts, with the scope's reason, when the scope ends early. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#ended !== undefined) this.#controller.abort(this.#ended.reason);
    }
    return this.#controller.signal;
  }

  /** Ends the scope early. The first end counts; later ones do nothing. */
  end(cause: EndCause, reason: unknown): void {
    if (this.#ended !== undefined) return;
    this.#ended = { cause, reason };
    deadlines.clear(this);
    const watchers = this.#watchers;
    this.#watchers = undefined;
    if (Array.isArray(watchers)) for (const watcher of watchers) watcher.scopeEnded(this);
    else watchers?.scopeEnded(this);
    this.#controller?.abort(reason);
  }

  /** The work within is over: forgets the deadline and lets go of the parent. */
  leave(): void {
    deadlines.clear(this);
    this.#parent?.unwatch(this);
  }

  watch(watcher: ScopeWatcher): void {
    if (this.#watchers === undefined) this.#watchers = watcher;
    else if (Array.isArray(this.#watchers)) this.#watchers.push(watcher);
    else this.#watchers = [this.#watchers, watcher];
  }

  unwatch(watcher: ScopeWatcher): void {
    if (this.#watchers === watcher) this.#watchers = undefined;
    else if (Array.isArray(this.#watchers)) {
      const at = this.#watchers.indexOf(watcher);
      if (at !== -1) this.#watchers.splice(at, 1);
    }
  }

  /** Monotonic time of the nearest deadline of this scope and those around it, or `Infinity`. */
  deadlineAt(): number {
    let at = Number.POSITIVE_INFINITY;
    for (let scope: Scope | undefined = this; scope !== undefined; scope = scope.#parent) {
      if (scope.lane !== undefined && scope.dueAt < at) at = scope.dueAt;
    }
    return at;
  }

  scopeEnded(parent: Scope): void {
    if (parent.#ended !== undefined) this.end(parent.#ended.cause, parent.#ended.reason);
  }

  override expire(_now: number): void {}
}
