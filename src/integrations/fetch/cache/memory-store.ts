import { LRUCache } from 'lru-cache';
import { monotonicNow, wallNow } from '../../../core/clock.ts';
import type { CacheEntry, CacheStore } from '../../../strategies/cache-fallback/index.ts';

/** How many bytes of bodies one policy keeps in memory. */
const MAX_BYTES = 64 * 1_048_576;

/** What an entry weighs beside its body: its headers and its place. */
const ENTRY_BYTES = 1_024;

interface Kept {
  readonly value: unknown;
  readonly keptAt: number;
}

/** Responses in this process's memory: the least recently used goes first, by number and by bytes. */
export class MemoryStore implements CacheStore {
  readonly #entries: LRUCache<string, Kept>;

  constructor(maxEntries: number) {
    this.#entries = new LRUCache({
      max: maxEntries,
      maxSize: MAX_BYTES,
      sizeCalculation: ({ value }) => ENTRY_BYTES + bodyBytes(value),
    });
  }

  get(key: string): CacheEntry | undefined {
    const kept = this.#entries.get(key);
    if (kept === undefined) return undefined;
    // Ages are measured on the process's own clock, which nobody sets.
    return { value: kept.value, storedAt: wallNow() - (monotonicNow() - kept.keptAt) };
  }

  set(key: string, { value, storedAt }: CacheEntry): void {
    this.#entries.set(key, { value, keptAt: monotonicNow() - Math.max(0, wallNow() - storedAt) });
  }

  delete(key: string): void {
    this.#entries.delete(key);
  }
}

function bodyBytes(value: unknown): number {
  if (typeof value !== 'object' || value === null || !('body' in value)) return 0;
  return value.body instanceof Uint8Array ? value.body.byteLength : 0;
}
