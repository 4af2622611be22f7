import { LRUCache } from 'lru-cache';
import pTimeout from 'p-timeout';
import { monotonicNow, wallNow } from '../../core/clock.ts';
import { LONGEST_TIMER_MS } from '../../core/deadlines.ts';
import type { Outcome } from '../../core/outcome.ts';
import type { PolicyRuntime } from '../../core/runtime.ts';
import { isThenable } from '../../core/thenable.ts';
import type { CacheCodec, CacheEntry, CacheFallbackSettings, CacheStore, Encoded } from './options.ts';

/** Clocks of two processes that share a store may differ by this much; an entry from further ahead is rubbish. */
const CLOCK_SKEW_MS = 60_000;

/** What is remembered under a key. */
export interface Recalled {
  readonly stored: unknown;
  readonly ageMs: number;
}

/** What a look-up finds: a value, nothing, or something that cannot be used. */
export type Found = Recalled | undefined | 'unusable';

/**
 * A policy's remembered values: the store, held to its time, with its failures reported and passed over, so that
 * the call goes on as if there were no cache.
 */
export class Memory {
  readonly #store: CacheStore;
  readonly #codec: CacheCodec;
  readonly #settings: CacheFallbackSettings;
  readonly #runtime: PolicyRuntime;
  /** Whether other processes may share the store, so that ages go by the clock that they share. */
  readonly #shared: boolean;
  readonly #ttlMs: number;

  constructor(settings: CacheFallbackSettings, runtime: PolicyRuntime) {
    this.#settings = settings;
    this.#runtime = runtime;
    this.#store = settings.store ?? memoryStore(settings.maxEntries);
    this.#codec = settings.codec ?? cloningCodec(settings.clone);
    this.#shared = settings.store !== undefined;
    this.#ttlMs = Math.max(settings.freshForMs, settings.staleIfErrorMs);
  }

  /** Looks `key` up and tells `done`, at once where the store answers at once. */
  recall(key: string, done: (found: Found) => void): void {
    let found: Found;
    try {
      const answer: unknown = this.#store.get(key);
      if (isThenable(answer)) {
        this.#inTime(answer, 'get')
          .then((entry) => this.#checked(entry))
          .catch((error) => this.#unusable(error))
          .then(done);
        return;
      }
      found = this.#checked(answer);
    } catch (error) {
      found = this.#unusable(error);
    }
    done(found);
  }

  /**
   * Remembers a good value; nobody waits for it.
   *
   * @param since monotonic time at which the run that gave it began: the value may be as old as that
   */
  remember(key: string, outcome: Outcome, since: number): void {
    if (!outcome.ok || outcome.verdict !== 'success' || !outcome.correct) return;
    const storedAt = this.#shared ? wallNow() - (monotonicNow() - since) : since;
    try {
      const encoded = this.#codec.encode(outcome.value);
      if (encoded instanceof Promise) this.#saveLater(key, encoded, storedAt);
      else this.#save(key, encoded, storedAt);
    } catch (error) {
      this.#report(error);
    }
  }

  /** The value to answer with, or a report where it cannot be made. */
  decode({ stored, ageMs }: Recalled, source: 'cache' | 'stale'): { readonly value: unknown } | 'unusable' {
    try {
      return { value: this.#codec.decode(stored, { source, ageMs }) };
    } catch (error) {
      return this.#unusable(error);
    }
  }

  /** Whether a run's value may answer all the calls that share the run; not where nobody can tell. */
  mayShare(value: unknown): boolean {
    try {
      return this.#codec.mayShare?.(value) ?? true;
    } catch (error) {
      this.#runtime.report('cache-store', error);
      return false;
    }
  }

  /** A value for one more of the calls that share a run. */
  share(value: unknown): unknown {
    return this.#settings.clone === undefined ? value : this.#settings.clone(value);
  }

  #save(key: string, encoded: Encoded | undefined, storedAt: number): void {
    if (encoded === undefined) return;
    const saving = this.#store.set(key, { value: encoded.stored, storedAt }, this.#ttlMs);
    if (isThenable(saving)) this.#inTime(saving, 'set').catch((error) => this.#report(error));
  }

  #saveLater(key: string, encoding: Promise<Encoded | undefined>, storedAt: number): void {
    encoding.then((encoded) => this.#save(key, encoded, storedAt)).catch((error) => this.#report(error));
  }

  #inTime(answer: PromiseLike<unknown>, method: string): Promise<unknown> {
    const { storeTimeoutMs } = this.#settings;
    const message = `The cache store's ${method}() took longer than ${storeTimeoutMs} ms.`;
    return pTimeout(Promise.resolve(answer), {
      milliseconds: Math.min(storeTimeoutMs, LONGEST_TIMER_MS),
      message,
    });
  }

  #checked(entry: unknown): Found {
    if (entry === undefined || entry === null) return undefined;
    if (!isEntry(entry)) {
      return this.#unusable(new TypeError('The cache store returned something that is no entry.'));
    }
    const ageMs = (this.#shared ? wallNow() : monotonicNow()) - entry.storedAt;
    return ageMs < -CLOCK_SKEW_MS ? undefined : { stored: entry.value, ageMs: Math.max(0, ageMs) };
  }

  /** A look-up failed; it is counted as that. */
  #unusable(error: unknown): 'unusable' {
    this.#runtime.observer.cacheAnswered('error');
    this.#report(error);
    return 'unusable';
  }

  #report(error: unknown): void {
    this.#runtime.report('cache-store', error);
  }
}

/** The default store. It takes its place in memory with the first value, so that an idle policy has none. */
function memoryStore(maxEntries: number): CacheStore {
  let entries: LRUCache<string, CacheEntry> | undefined;
  return {
    get: (key) => entries?.get(key),
    set: (key, entry) => {
      entries ??= new LRUCache({ max: maxEntries });
      // A run that began later has remembered its value already.
      const known = entries.peek(key);
      if (known === undefined || known.storedAt <= entry.storedAt) entries.set(key, entry);
    },
    delete: (key) => void entries?.delete(key),
  };
}

function cloningCodec(clone: (value: unknown) => unknown = (value) => value): CacheCodec {
  return { encode: (value) => ({ stored: clone(value) }), decode: (stored) => clone(stored) };
}

/** Stores that serialise may drop a value that is `undefined`, so its absence is no fault. */
function isEntry(entry: unknown): entry is CacheEntry {
  return (
    typeof entry === 'object' &&
    entry !== null &&
    'storedAt' in entry &&
    typeof entry.storedAt === 'number' &&
    Number.isFinite(entry.storedAt)
  );
}
