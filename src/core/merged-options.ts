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

/** Whether two options come to the same: plain objects by what is in them, anything else by identity. */
export function sameOption(a: unknown, b: unknown): boolean {
  if (!isPlainObject(a) || !isPlainObject(b)) return Object.is(a, b);
  return keysOf(a, b).every((key) => sameOption(a[key], b[key]));
}

/** An option that has another value than before. */
export interface OptionChange {
  /** Where it is, as in `retry.maxRetries`. */
  readonly option: string;
  readonly from: unknown;
  readonly to: unknown;
}

/** Where two options differ, each place once. */
export function optionChanges(path: string, from: unknown, to: unknown): OptionChange[] {
  if (sameOption(from, to)) return [];
  if (!isPlainObject(from) || !isPlainObject(to)) return [{ option: path, from, to }];
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
