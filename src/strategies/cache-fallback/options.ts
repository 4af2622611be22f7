import { z } from 'zod';
import {
  callback,
  durationMs,
  durationMsOrZero,
  flag,
  numberThat,
  options,
  shown,
} from '../../core/options.ts';

/** A remembered value. */
export interface CacheEntry {
  readonly value: unknown;
  /** When it was remembered: milliseconds since the epoch, or, in the default store, on the process's own clock. */
  readonly storedAt: number;
}

/** Where values are remembered. Each method may answer at once or with a promise. */
export interface CacheStore {
  /** The entry under `key`, or `undefined`. */
  get(key: string): CacheEntry | undefined | Promise<CacheEntry | undefined>;
  /** @param ttlMs after how many milliseconds nobody will ask for the entry any more */
  set(key: string, entry: CacheEntry, ttlMs: number): unknown;
  delete(key: string): unknown;
}

/** What a codec makes of a value to be stored. */
export interface Encoded {
  readonly stored: unknown;
}

/** How values are put into the store and taken out, where a shared reference will not do. */
export interface CacheCodec {
  /** What to store for `value`, or `undefined` for not remembering it. May take its time: no call waits for it. */
  encode(value: unknown): Encoded | undefined | Promise<Encoded | undefined>;
  /** The value to answer with. */
  decode(stored: unknown, facts: { readonly source: 'cache' | 'stale'; readonly ageMs: number }): unknown;
  /**
   * Whether a value may answer each of the coalesced calls. One that may not goes to the first of them, and every other
   * makes a run of its own. Default: any may.
   */
  mayShare?(value: unknown): boolean;
}

/** Options of `cacheFallback()`. */
export interface CacheFallbackOptions {
  /** A remembered value younger than this many milliseconds answers in a failed call's place. Default 3 600 000. */
  readonly staleIfErrorMs?: number | undefined;
  /** A remembered value younger than this many milliseconds answers without calling; 0 for never. Default 0. */
  readonly freshForMs?: number | undefined;
  /**
   * Whether concurrent calls with one key share one run. A run has the priority of the call that began it, so a more
   * important call begins one of its own, which those that come after join; and calls with `idempotent: false` share
   * runs only with each other. Default false.
   */
  readonly coalesce?: boolean | undefined;
  /** How many values the default store remembers, at most 1 000 000; the least recently used goes first. Default 1 000. */
  readonly maxEntries?: number | undefined;
  /** Where values are remembered. Default: in this process's memory, on lru-cache. */
  readonly store?: CacheStore | undefined;
  /** How long a store may take to answer, in milliseconds, before it is passed over. Default 50. */
  readonly storeTimeoutMs?: number | undefined;
  /** Copies a value when it is remembered, served, or shared between coalesced calls. Default: shared by reference. */
  readonly clone?: ((value: unknown) => unknown) | undefined;
  /** How values are put into the store and taken out. Default: as they are, or as `clone` copies them. */
  readonly codec?: CacheCodec | undefined;
}

function withMethods<T>(...methods: readonly string[]) {
  return z.custom<T>(
    (value) =>
      typeof value === 'object' &&
      value !== null &&
      methods.every((method) => typeof Reflect.get(value, method) === 'function'),
    {
      error: (issue) => `must be an object with the methods ${methods.join(', ')}, not ${shown(issue.input)}`,
    },
  );
}

export const cacheFallbackSchema = options({
  staleIfErrorMs: durationMs.default(3_600_000),
  freshForMs: durationMsOrZero.default(0),
  coalesce: flag.default(false),
  maxEntries: numberThat(
    (n) => Number.isSafeInteger(n) && n >= 1 && n <= 1_000_000,
    'a whole number from 1 to 1 000 000',
  ).default(1_000),
  store: withMethods<CacheStore>('get', 'set', 'delete').optional(),
  storeTimeoutMs: durationMs.default(50),
  clone: callback<(value: unknown) => unknown>().optional(),
  codec: withMethods<CacheCodec>('encode', 'decode').optional(),
});

/** Checked options. */
export type CacheFallbackSettings = z.output<typeof cacheFallbackSchema>;
