/** What heeds a caller's signal. */
export interface SignalFollower {
  /** The signal has aborted. */
  callerAborted(reason: unknown): void;
}

/** Those who heed a signal, and the one listener that serves them all. */
interface Following {
  readonly followers: Set<SignalFollower>;
  readonly onAbort: () => void;
}

const heeded = new WeakMap<AbortSignal, Following>();

/**
 * Tells `follower` when its caller's `signal` aborts. However many follow one signal, it carries one listener: a server
 * may hand its shutdown's signal to all its calls, and Node warns of a leak where a signal has more than ten.
 */
export function followSignal(signal: AbortSignal, follower: SignalFollower): void {
  const known = heeded.get(signal);
  if (known !== undefined) {
    known.followers.add(follower);
    return;
  }
  const followers = new Set([follower]);
  const onAbort = (): void => {
    heeded.delete(signal);
    for (const each of followers) each.callerAborted(signal.reason);
  };
  heeded.set(signal, { followers, onAbort });
  signal.addEventListener('abort', onAbort, { once: true });
}

/** `follower` heeds the signal no more; the last one takes the listener away. */
export function unfollowSignal(signal: AbortSignal, follower: SignalFollower): void {
  const known = heeded.get(signal);
  if (known === undefined || !known.followers.delete(follower) || known.followers.size > 0) return;
  heeded.delete(signal);
  signal.removeEventListener('abort', known.onAbort);
}
