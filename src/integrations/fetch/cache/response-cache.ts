import { shown } from '../../../core/options.ts';
import { isThenable } from '../../../core/thenable.ts';
import type { CacheCodec, CacheFallbackOptions } from '../../../strategies/cache-fallback/index.ts';
import { type BodyBounds, withCopiedBody, withGuardedBody } from '../guarded-body.ts';
import { isResponse } from '../http-response.ts';
import type { KeyedRequest } from '../options.ts';
import type { OutgoingRequest } from '../request.ts';
import { callKey } from './key.ts';
import { MemoryStore } from './memory-store.ts';
import {
  isImpersonal,
  mayBeAnsweredFromCache,
  mayBeKept,
  mayBeShared,
  redirectMode,
  varyNames,
} from './rules.ts';
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
  /** Responses that are for one call only. */
  readonly #unshared = new WeakSet<object>();

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

  /**
   * How the answer to `request` is remembered, or `undefined` where it is not.
   *
   * @throws what `cacheKey` throws, and a `TypeError` when it gives anything but a string or `undefined`
   */
  memoryOf(
    request: OutgoingRequest,
    cacheKey: ((request: KeyedRequest) => string | undefined) | undefined,
  ): CallMemory | undefined {
    if (!mayBeAnsweredFromCache(request)) return undefined;
    const { method, headers } = request;
    const target = `${method} ${resourceOf(request.url)} ${redirectMode(request)}`;
    if (cacheKey === undefined) {
      return isImpersonal(request) ? { key: callKey(target, request), isCallersKey: false } : undefined;
    }
    const own = checkedKey(
      cacheKey({ method, url: withoutFragment(request.url), headers: new Headers(headers) }),
    );
    if (own === undefined) return undefined;
    // Quoted, so that where it ends is no matter of what is in it.
    return { key: callKey(`${target} ${JSON.stringify(own)}`, request), isCallersKey: true };
  }

  /** The response with its body held to `bounds`, and where it is to be kept a copy made on the way. */
  held(response: Response, bounds: BodyBounds, { isCallersKey }: CallMemory): Response {
    const held = this.#copying(response, bounds, isCallersKey) ?? withGuardedBody(response, bounds);
    if (!mayBeShared(response, isCallersKey)) this.#unshared.add(held);
    return held;
  }

  #copying(response: Response, bounds: BodyBounds, isCallersKey: boolean): Response | undefined {
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
      mayShare: (value) => !isResponse(value) || !this.#unshared.has(value),
    };
  }
}

/** Another response like `value` for one more of the calls that share it; itself where its body has been let go. */
function anotherOf(value: unknown): unknown {
  if (!isResponse(value) || value.bodyUsed || value.body?.locked === true) return value;
  return value.clone();
}

/** What a `cacheKey` gave: a key made of an object's or a promise's name would be everybody's key. */
function checkedKey(given: unknown): string | undefined {
  if (given === undefined || typeof given === 'string') return given;
  if (isThenable(given)) Promise.resolve(given).catch(() => undefined);
  throw new TypeError(`Expected a string or undefined from cacheKey, not ${shown(given)}.`);
}

/** The URL in a key: credentials in it have no place in a store, and who asks the caller's own key tells. */
function resourceOf(url: URL): string {
  const copy = new URL(url);
  copy.username = '';
  copy.password = '';
  return withoutFragment(copy);
}

function withoutFragment(url: URL): string {
  const copy = new URL(url);
  copy.hash = '';
  return copy.href;
}
