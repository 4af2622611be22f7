import type { QueryConfig, Submittable } from 'pg';

/** What `query` may be given instead of a statement: pg's cursors and streams. */
export type { Submittable };

/** Called with an error or a result, as pg calls it. */
export type QueryCallback = (error: unknown, result?: unknown) => void;

/** The arguments of `query`, in order. */
export interface QueryRequest {
  /** The text or the object, as it was given; an object may have accessors of its own, so it is never copied. */
  readonly config: unknown;
  readonly values: readonly unknown[] | undefined;
  readonly callback: QueryCallback | undefined;
}

/** Sorts the arguments of `query`: text or object, then values or callback, then callback. */
export function readRequest(args: readonly unknown[]): QueryRequest {
  const [config, second, third] = args;
  const callback = [config, second, third].find(isCallback);
  return { config, values: Array.isArray(second) ? second : undefined, callback };
}

/** Whether `config` is a cursor, a stream or a query object of pg's, which runs itself on a client. */
export function isSubmittable(config: unknown): config is Submittable {
  return typeof config === 'object' && config !== null && 'submit' in config && isCallback(config.submit);
}

/** Whether pg takes `config` as a statement. */
export function isStatement(config: unknown): config is string | QueryConfig {
  return typeof config === 'string' || (typeof config === 'object' && config !== null);
}

/** Gives a promise's outcome to a callback, outside the promise, so that what the callback throws is not lost. */
export function callBack(promise: Promise<unknown>, callback: (...args: unknown[]) => void): void {
  promise.then(
    (value) => process.nextTick(callback, undefined, value),
    (error) => process.nextTick(callback, error),
  );
}

function isCallback(value: unknown): value is QueryCallback {
  return typeof value === 'function';
}
