import { LRUCache } from 'lru-cache';
import pTimeout from 'p-timeout';
import type { LiveSettings } from '../../core/adjustable.ts';
import { runWithoutDeadline } from '../../core/ambient-deadline.ts';
import { monotonicNow, wallNow } from '../../core/clock.ts';
import { LONGEST_TIMER_MS } from '../../core/deadlines.ts';
import type { Outcome } from '../../core/outcome.ts';
import type { PolicyRuntime } from '../../core/runtime.ts';
import { isThenable } from '../../core/thenable.ts';
import type { CacheCodec, CacheEntry, CacheStore, cacheFallbackSchema, Encoded } from './options.ts';

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
  /** The application's store, which other processes may share, so that ages go by the clock that they share. */
  readonly #store: CacheStore | undefined;
  /** Remembers where there is no store of the application's. */
  readonly #local: LocalStore;
  readonly #codec: CacheCodec | undefined;
  readonly #live: LiveSettings<typeof cacheFallbackSchema>;
  readonly #runtime: PolicyRuntime;

  constructor(live: LiveSettings<typeof cacheFallbackSchema>, runtime: PolicyRuntime) {
    this.#live = live;
    this.#runtime = runtime;
    this.#store = live.current.store;
    this.#local = new LocalStore(live.current.maxEntries);
    this.#codec = live.current.codec;
    live.onChange(({ maxEntries }) => this.#local.resize(maxEntries));
  }

  /** Looks `key` up: at once where the store answers at once. The promise never rejects. */
  recall(key: string): Found | Promise<Found> {
    try {
      const answer: unknown = this.#store === undefined ? this.#local.get(key) : this.#store.get(key);
      if (!isThenable(answer)) return this.#checked(answer);
      return this.#inTime(answer, 'get')
        .then((entry) => this.#checked(entry))
        .catch((error) => this.#unusable(error));
    } catch (error) {
      return this.#unusable(error);
    }
  }

  /**
   * Remembers a good value; nobody waits for it.
   *
   * @param since monotonic time at which the run that gave it began: the value may be as old as that
   */
  remember(key: string, outcome: Outcome, since: number): void {
    if (!outcome.ok || outcome.verdict !== 'success' || !outcome.correct) return;
    try {
      if (this.#codec === undefined) {
        this.#save(key, this.share(outcome.value), since);
        return;
      }
      const encoded = this.#codec.encode(outcome.value);
      if (encoded instanceof Promise) this.#saveLater(key, encoded, since);
      else if (encoded !== undefined) this.#save(key, encoded.stored, since);
    } catch (error) {
      this.#report(error);
    }
  }

  /** The value to answer with, or a report where it cannot be made. */
  decode({ stored, ageMs }: Recalled, source: 'cache' | 'stale'): { readonly value: unknown } | 'unusable' {
    try {
      const value =
        this.#codec === undefined ? this.share(stored) : this.#codec.decode(stored, { source, ageMs });
      return { value };
    } catch (error) {
      return this.#unusable(error);
    }
  }

  /** Whether a run's value may answer all the calls that share the run; not where nobody can tell. */
  mayShare(value: unknown): boolean {
    try {
      return this.#codec?.mayShare?.(value) ?? true;
    } catch (error) {
      this.#runtime.report('cache-store', error);
      return false;
    }
  }

  /** A value for another to keep. */
  share(value: unknown): unknown {
    const { clone } = this.#live.current;
    return clone === undefined ? value : clone(value);
  }

  #save(key: string, stored: unknown, since: number): void {
    if (this.#store === undefined) {
      this.#local.set(key, stored, since);
      return;
    }
    const { freshForMs, staleIfErrorMs } = this.#live.current;
    const storedAt = wallNow() - (monotonicNow() - since);
    const ttlMs = Math.max(freshForMs, staleIfErrorMs);
    const store = this.#store;
    // Nobody waits for it, so that no caller's deadline holds for it.
    const saving = runWithoutDeadline(() => store.set(key, { value: stored, storedAt }, ttlMs));
    if (isThenable(saving)) this.#inTime(saving, 'set').catch((error) => this.#report(error));
  }

  #saveLater(key: string, encoding: Promise<Encoded | undefined>, since: number): void {
    encoding
      .then((encoded) => (encoded === undefined ? undefined : this.#save(key, encoded.stored, since)))
      .catch((error) => this.#report(error));
  }

  #inTime(answer: PromiseLike<unknown>, method: string): Promise<unknown> {
    const { storeTimeoutMs } = this.#live.current;
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
    const ageMs = (this.#store === undefined ? monotonicNow() : wallNow()) - entry.storedAt;
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
class LocalStore {
  #maxEntries: number;
  #entries: LRUCache<string, { value: unknown; storedAt: number }> | undefined = undefined;

  constructor(maxEntries: number) {
    this.#maxEntries = maxEntries;
  }

  /** Keeps what there is room for, the most recently used first. */
  resize(maxEntries: number): void {
    if (maxEntries === this.#maxEntries) return;
    this.#maxEntries = maxEntries;
    const known = this.#entries;
    if (known === undefined) return;
    this.#entries = new LRUCache({ max: maxEntries });
    this.#entries.load(known.dump());
  }

  get(key: string): CacheEntry | undefined {
    return this.#entries?.get(key);
  }

  set(key: string, value: unknown, storedAt: number): void {
    this.#entries ??= new LRUCache({ max: this.#maxEntries });
    const known = this.#entries.get(key, new LookUp());
    if (known === undefined) this.#entries.set(key, { value, storedAt });
    // A run that began later may have remembered its value already.
    else if (known.storedAt <= storedAt) {
      known.value = value;
      known.storedAt = storedAt;
    }
  }
}

/** The options of a look-up. The cache writes into them each time, for which an object without the field is enlarged. */
class LookUp implements LRUCache.GetOptions<string, CacheEntry, unknown> {
  status?: LRUCache.Status<string, CacheEntry, unknown>;
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
