import type { Invocation } from './call.ts';
import type { CallSettings } from './call-settings.ts';
import type { KeySpace } from './key-space.ts';
import { shown } from './options.ts';
import type { PolicyRuntime } from './runtime.ts';
import { isThenable } from './thenable.ts';

/** A wrap, checked. */
export interface Wrap {
  readonly invocation: Invocation;
  readonly keys: KeySpace;
  readonly cacheKey: ((...args: readonly unknown[]) => string | undefined) | undefined;
  readonly settings: CallSettings;
}

/**
 * A wrapped call's key. A `cacheKey` that throws, or gives anything but a string, is reported, and the call goes on
 * without a key: a key made of an object's name would be every object's key.
 */
export function keyOf(
  { cacheKey, keys }: Wrap,
  args: readonly unknown[],
  runtime: PolicyRuntime,
): string | undefined {
  if (cacheKey === undefined) return undefined;
  try {
    const key: unknown = applied(cacheKey, undefined, args);
    if (key === undefined) return undefined;
    if (typeof key === 'string') return keys.keyOf(key);
    if (isThenable(key)) Promise.resolve(key).catch(() => {});
    throw new TypeError(
      `expected a string from cacheKey, or undefined for a call that is not kept: got ${shown(key)}`,
    );
  } catch (error) {
    runtime.report('cache-key', error);
    return undefined;
  }
}

/** Calls `fn` with `args`. One alone is passed by itself: a list of unknown length costs V8 several times as much. */
export function applied<T>(fn: (...args: never[]) => T, self: unknown, args: readonly unknown[]): T {
  return args.length === 1 ? Reflect.apply(fn, self, [args[0]]) : Reflect.apply(fn, self, args);
}
