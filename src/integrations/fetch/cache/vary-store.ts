import { isThenable } from '../../../core/thenable.ts';
import type { CacheEntry, CacheStore } from '../../../strategies/cache-fallback/index.ts';
import { type RequestKey, readCallKey, storeKey } from './key.ts';
import { varyOf } from './stored-response.ts';

/** Stands in a response's place where there is one for each value of some headers. */
interface Signpost {
  readonly variesBy: readonly string[];
}

/**
 * A store of responses that takes the keys of calls, whatever the policy puts before them, and makes `Vary` part
 * of what it stores under (RFC 9111, section 4.1). Which headers those are, the last response of each target has said: it left a signpost under the target alone,
 * in the same store, so that another process finds its way too.
 */
export class VaryStore implements CacheStore {
  readonly #store: CacheStore;
  readonly #namespace: string;

  constructor(store: CacheStore, policy: string) {
    this.#store = store;
    this.#namespace = `breakwater:fetch:${policy}:`;
  }

  get(key: string): CacheEntry | undefined | Promise<CacheEntry | undefined> {
    const request = readCallKey(key);
    const found = this.#store.get(this.#keyOf(request, []));
    if (!isThenable(found)) return this.#follow(request, found);
    return Promise.resolve(found).then((entry) => this.#follow(request, entry));
  }

  set(key: string, entry: CacheEntry, ttlMs: number): unknown {
    const request = readCallKey(key);
    const variesBy = varyOf(entry.value);
    const saved = [this.#store.set(this.#keyOf(request, variesBy), entry, ttlMs)];
    if (variesBy.length > 0) {
      const signpost: CacheEntry = { value: { variesBy } satisfies Signpost, storedAt: entry.storedAt };
      saved.push(this.#store.set(this.#keyOf(request, []), signpost, ttlMs));
    }
    return saved.some(isThenable) ? Promise.all(saved) : undefined;
  }

  delete(key: string): unknown {
    return this.#store.delete(this.#keyOf(readCallKey(key), []));
  }

  #follow(
    request: RequestKey,
    entry: CacheEntry | undefined,
  ): CacheEntry | undefined | Promise<CacheEntry | undefined> {
    const value = entry?.value;
    return isSignpost(value) ? this.#store.get(this.#keyOf(request, value.variesBy)) : entry;
  }

  #keyOf(request: RequestKey, vary: readonly string[]): string {
    return `${this.#namespace}${storeKey(request, vary)}`;
  }
}

function isSignpost(value: unknown): value is Signpost {
  return typeof value === 'object' && value !== null && 'variesBy' in value && Array.isArray(value.variesBy);
}
