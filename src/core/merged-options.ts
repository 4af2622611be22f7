import { shown } from './options.ts';

/**
 * What `given` makes of `base`: options objects are merged key by key, one level deep, and what is `undefined` changes
 * nothing. Anything else is replaced.
 */
export function mergedOption(base: unknown, given: unknown): unknown {
  if (given === undefined) return base;
  return isPlainObject(base) && isPlainObject(given) ? { ...base, ...defined(given) } : copied(given);
}

/** A copy as deep as options are, so that nobody changes them afterwards. What is no plain object is shared. */
export function copied(value: unknown): unknown {
  if (!isPlainObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, copied(inner)]));
}

/**
 * Whether two options come to the same: plain objects by what is in them, lists by what is in their items, anything else
 * by identity. What an item holds, such as an endpoint's target, is not looked into.
 */
export function sameOption(a: unknown, b: unknown): boolean {
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((item, at) => sameItem(item, b[at]));
  if (!isPlainObject(a) || !isPlainObject(b)) return Object.is(a, b);
  return keysOf(a, b).every((key) => sameOption(a[key], b[key]));
}

function sameItem(a: unknown, b: unknown): boolean {
  if (!isPlainObject(a) || !isPlainObject(b)) return Object.is(a, b);
  return keysOf(a, b).every((key) => Object.is(a[key], b[key]));
}

/** An option that has another value than before. */
export interface OptionChange {
  /** Where it is, as in `retry.maxRetries`. */
  readonly option: string;
  /** What it was and what it is: as it is where that is plain data, else in words, since it may hold what is secret. */
  readonly from: unknown;
  readonly to: unknown;
}

/** Where two options differ, each place once. */
export function optionChanges(path: string, from: unknown, to: unknown): OptionChange[] {
  if (sameOption(from, to)) return [];
  if (!isPlainObject(from) || !isPlainObject(to)) return [{ option: path, from: told(from), to: told(to) }];
  return keysOf(from, to).flatMap((key) => optionChanges(`${path}.${key}`, from[key], to[key]));
}

/** Whether it is an object as a literal makes it, and not an instance of something. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** What was given, less what was given as `undefined`. */
function defined(value: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).filter(([, inner]) => inner !== undefined));
}

function keysOf(a: Record<string, unknown>, b: Record<string, unknown>): string[] {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])];
}

function told(value: unknown): unknown {
  return (typeof value === 'object' && value !== null) || typeof value === 'function' ? shown(value) : value;
}
