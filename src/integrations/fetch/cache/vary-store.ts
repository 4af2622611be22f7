import { LRUCache } from 'lru-cache';
import { isThenable } from '../../../core/thenable.ts';
import type { CacheEntry, CacheStore } from '../../../strategies/cache-fallback/index.ts';
import { type RequestKey, readCallKey, storeKey } from './key.ts';
import { varyOf } from './stored-response.ts';

/** For how many targets it is known which headers their responses depend on. */
const MAX_TARGETS = 10_000;

/**
 * A store of responses that takes the keys of calls and makes `Vary` part of what it stores under (RFC 9111, section
 * 4.1). Which headers those are is learnt from the last response of each target; before the first, nothing is found.
 */
export class VaryStore implements CacheStore {
  readonly #store: CacheStore;
  readonly #namespace: string;
  readonly #varyByTarget = new LRUCache<string, readonly string[]>({ max: MAX_TARGETS });

  constructor(store: CacheStore, namespace: string) {
    this.#store = store;
    this.#namespace = namespace;
  }

  get(callKey: string): CacheEntry | undefined | Promise<CacheEntry | undefined> {
    const request = readCallKey(callKey);
    const vary = this.#varyByTarget.get(request.target) ?? [];
    const found = this.#store.get(this.#keyOf(request, vary));
    if (!isThenable(found)) return matching(found, vary);
    return Promise.resolve(found).then((entry) => matching(entry, vary));
  }

  set(callKey: string, entry: CacheEntry, ttlMs: number): unknown {
    const request = readCallKey(callKey);
    const vary = varyOf(entry.value) ?? [];
    this.#varyByTarget.set(request.target, vary);
    return this.#store.set(this.#keyOf(request, vary), entry, ttlMs);
  }

  delete(callKey: string): unknown {
    const request = readCallKey(callKey);
    return this.#store.delete(this.#keyOf(request, this.#varyByTarget.get(request.target) ?? []));
  }

  #keyOf(request: RequestKey, vary: readonly string[]): string {
    return `${this.#namespace}${storeKey(request, vary)}`;
  }
}

/** The entry, unless it depends on other headers than it was looked up by. What is no response is for the codec. */
function matching(entry: CacheEntry | undefined, vary: readonly string[]): CacheEntry | undefined {
  if (typeof entry !== 'object' || entry === null) return entry;
  const depends = varyOf(entry.value);
  return depends === undefined || depends.join() === vary.join() ? entry : undefined;
}
