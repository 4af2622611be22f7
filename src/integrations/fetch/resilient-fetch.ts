import type { Breakwater } from '../../breakwater.ts';
import type { OperationContext } from '../../core/attempt.ts';
import type { Policy } from '../../core/policy.ts';
import type { CallMemory, ResponseCache } from './cache/response-cache.ts';
import { withDeadline } from './deadline-header.ts';
import { type BodyBounds, withGuardedBody } from './guarded-body.ts';
import { isResponse } from './http-response.ts';
import { type FetchSettings, fetchSettings, type ResilientFetchOptions } from './options.ts';
import { FetchPolicies, type FetchPolicy } from './policies.ts';
import { release } from './release.ts';
import { mayBeRepeated, type OutgoingRequest, readRequest } from './request.ts';
import { httpVerdict } from './verdict.ts';

type Fetch = typeof globalThis.fetch;

/**
 * A `fetch` whose every request goes through a policy, by default one for each origin.
 *
 * It resolves and rejects as `fetch` does: an HTTP error resolves, and when retries run out the last response is
 * returned. Beyond that it rejects with this library's errors: `CircuitOpenError`, `TimeoutError`.
 *
 * - 408, 425, 429, 500, 502, 503, 504 and network errors are `transient`, other 5xx `permanent`, 401 and 403 `defect`,
 *   other 4xx `refused`; a `classify` in the options is asked first.
 * - GET, HEAD, OPTIONS, PUT and DELETE are repeated, where there is a `retry`; others only with an `Idempotency-Key`
 *   header, or when no connection came about. A body that is a stream, and so the body of a `Request`, is never sent
 *   twice. A body must not be changed while the call lasts.
 * - `Retry-After`, in seconds or as a date, is heeded, and so is `x-should-retry: false` (and Envoy's
 *   `x-envoy-overloaded`), with which a server asks for no other try.
 * - Under a deadline (`runWithDeadline()`), the server is told what is left of it.
 * - What is no HTTP request, such as a `data:` URL, and arguments that `fetch` refuses are `fetch`'s own to answer.
 *
 * @throws {InvalidOptionsError} naming everything that is wrong with the options
 *
 * @example
 * const fetch = resilientFetch(breakwater, { retry: { maxRetries: 2 }, cacheFallback: { staleIfErrorMs: 600_000 } });
 * const response = await fetch('https://prices.example.com/v1/eur');
 */
export function resilientFetch(breakwater: Breakwater, options: ResilientFetchOptions = {}): Fetch {
  const settings = fetchSettings(breakwater, options);
  const policies = new FetchPolicies(breakwater, settings);
  const globalAtFirst = globalThis.fetch;

  /** What sends: never itself, also where it has taken the place of the global one. */
  function sender(): Fetch {
    if (settings.fetch !== undefined) return settings.fetch;
    return globalThis.fetch === resilient ? globalAtFirst : globalThis.fetch;
  }

  const resilient: Fetch = async (input, init) => {
    const send = sender();
    const request = readRequest(input, init);
    if (request === undefined) return send(input, init);
    return run(request, send, policies.for(request.url), settings);
  };
  return resilient;
}

async function run(
  request: OutgoingRequest,
  send: Fetch,
  { policy, cache }: FetchPolicy,
  { bodyTimeoutMs, cacheKey, deadlineHeader }: FetchSettings,
): Promise<Response> {
  const { signal } = request;
  const memory = memoryOf(request, policy, cache, cacheKey);
  // A response that several callers share outlives any one of them.
  const isShared = memory !== undefined && cache?.coalesces === true;
  const bounds: BodyBounds = {
    policy: policy.name,
    timeoutMs: bodyTimeoutMs,
    signal: isShared ? undefined : signal,
  };
  const operation = (context: OperationContext): Promise<Response> => {
    const init = withDeadline(request, context, deadlineHeader);
    return attempt(request, init, send, context, bounds, cache, memory);
  };
  const answer = await policy.execute(operation, {
    signal,
    idempotent: mayBeRepeated(request),
    classify: httpVerdict(request),
    discard: release,
    cacheKey: memory?.key,
  });
  return isShared ? withGuardedBody(answer, { ...bounds, timeoutMs: false, signal }) : answer;
}

/** How the answer is remembered. A `cacheKey` that fails is reported, and the call goes on without a key. */
function memoryOf(
  request: OutgoingRequest,
  policy: Policy,
  cache: ResponseCache | undefined,
  cacheKey: FetchSettings['cacheKey'],
): CallMemory | undefined {
  try {
    return cache?.memoryOf(request, cacheKey);
  } catch (error) {
    policy.failedInside(error, 'cache-key');
    return undefined;
  }
}

/** Sends the request once. */
async function attempt(
  { input }: OutgoingRequest,
  init: RequestInit,
  send: Fetch,
  { signal }: OperationContext,
  bounds: BodyBounds,
  cache: ResponseCache | undefined,
  memory: CallMemory | undefined,
): Promise<Response> {
  const response = await send(input, { ...init, signal });
  if (!isResponse(response)) return response;
  const held = memory === undefined ? undefined : cache?.held(response, bounds, memory);
  return held ?? withGuardedBody(response, bounds);
}
