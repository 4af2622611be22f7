import type { CacheCodec, CacheFallbackOptions } from '../../../strategies/cache-fallback/index.ts';
import { type BodyBounds, withCopiedBody } from '../guarded-body.ts';
import { isResponse } from '../http-response.ts';
import type { OutgoingRequest } from '../request.ts';
import { callKey } from './key.ts';
import { MemoryStore } from './memory-store.ts';
import { hasCredentials, mayBeAnsweredFromCache, mayBeKept, redirectMode, varyNames } from './rules.ts';
import { fromStored, toStored } from './stored-response.ts';
import { VaryStore } from './vary-store.ts';

/** How a call's answer is remembered. */
export interface CallMemory {
  readonly key: string;
  /** Whether the key is the caller's own, so that what is one user's may be kept under it. */
  readonly isCallersKey: boolean;
}

/** How many responses the default store remembers. */
const MAX_ENTRIES = 1_000;

/** The copies of a policy's responses: which calls have a key, which responses are kept, and how. */
export class ResponseCache {
  /** The policy's cache fallback, with responses copied in their own way. */
  readonly options: CacheFallbackOptions;
  /** Whether concurrent calls may share a response. */
  readonly coalesces: boolean;
  readonly #maxBodyBytes: number;
  /** What is to be stored of a response, once its body is whole. */
  readonly #copies = new WeakMap<object, Promise<Uint8Array | undefined>>();

  constructor(given: CacheFallbackOptions, maxBodyBytes: number, policy: string) {
    const inMemory = given.store === undefined;
    const store = given.store ?? new MemoryStore(given.maxEntries ?? MAX_ENTRIES);
    this.#maxBodyBytes = maxBodyBytes;
    this.coalesces = given.coalesce ?? false;
    this.options = {
      ...given,
      store: new VaryStore(store, policy),
      codec: this.#codec(inMemory),
      clone: anotherOf,
    };
  }

  /** How the answer to `request` is remembered, or `undefined` where it is not. */
  memoryOf(
    request: OutgoingRequest,
    cacheKey: ((request: Pick<Request, 'method' | 'url' | 'headers'>) => string | undefined) | undefined,
  ): CallMemory | undefined {
    if (!mayBeAnsweredFromCache(request)) return undefined;
    const { method, headers } = request;
    const url = withoutFragment(request.url);
    if (cacheKey === undefined) {
      if (hasCredentials(request)) return undefined;
      return { key: callKey(`${method} ${url} ${redirectMode(request)}`, request), isCallersKey: false };
    }
    const own: unknown = cacheKey({ method, url, headers: new Headers(headers) });
    if (own === undefined) return undefined;
    return { key: callKey(`key ${String(own)} ${redirectMode(request)}`, request), isCallersKey: true };
  }

  /** The response with its body held to `bounds`, and a copy made on the way; `undefined` where none is to be kept. */
  copying(response: Response, bounds: BodyBounds, { isCallersKey }: CallMemory): Response | undefined {
    if (!mayBeKept(response, isCallersKey)) return undefined;
    if (Number(response.headers.get('content-length') ?? 0) > this.#maxBodyBytes) return undefined;
    const copied = withCopiedBody(response, bounds, this.#maxBodyBytes);
    this.#copies.set(copied.response, copied.copy);
    return copied.response;
  }

  #codec(inMemory: boolean): CacheCodec {
    return {
      encode: async (value) => {
        const copy = isResponse(value) ? this.#copies.get(value) : undefined;
        if (copy === undefined || !isResponse(value)) return undefined;
        const { headers } = value;
        const bytes = await copy;
        if (bytes === undefined) return undefined;
        const body = inMemory ? bytes : Buffer.from(bytes).toString('base64');
        return { stored: toStored(value, varyNames(headers) ?? [], body) };
      },
      decode: (stored, { source, ageMs }) => fromStored(stored, source, ageMs),
    };
  }
}

/** Another response like `value` for one more of the calls that share it; itself where its body has been let go. */
function anotherOf(value: unknown): unknown {
  if (!isResponse(value) || value.bodyUsed || value.body?.locked === true) return value;
  return value.clone();
}

function withoutFragment(url: URL): string {
  const copy = new URL(url);
  copy.hash = '';
  return copy.href;
}
