import type { Scope } from './scope.ts';

/** The calls that heed a signal, and the one listener that serves them all. */
interface Followers {
  readonly scopes: Set<Scope>;
  readonly onAbort: () => void;
}

const followers = new WeakMap<AbortSignal, Followers>();

/** Ends `scope` when its caller's `signal` aborts. However many calls share a signal, it carries one listener. */
export function followSignal(signal: AbortSignal, scope: Scope): void {
  const known = followers.get(signal);
  if (known !== undefined) {
    known.scopes.add(scope);
    return;
  }
  const scopes = new Set([scope]);
  const onAbort = (): void => {
    followers.delete(signal);
    for (const follower of scopes) follower.inContext(() => follower.end('caller-abort', signal.reason));
  };
  followers.set(signal, { scopes, onAbort });
  signal.addEventListener('abort', onAbort, { once: true });
}

/** The scope heeds the signal no more; the last one takes the listener away. */
export function unfollowSignal(signal: AbortSignal, scope: Scope): void {
  const known = followers.get(signal);
  if (known === undefined || !known.scopes.delete(scope) || known.scopes.size > 0) return;
  followers.delete(signal);
  signal.removeEventListener('abort', known.onAbort);
}
