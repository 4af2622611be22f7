/** What `fetch` takes first. */
export type FetchInput = string | URL | Request;

/** The arguments of a call, read once, so that every attempt sends the same. */
export interface OutgoingRequest {
  readonly input: string | Request;
  /** Less the signal, which each attempt has its own of. */
  readonly init: RequestInit;
  readonly url: URL;
  readonly method: string;
  readonly headers: Headers;
  /** The caller's own. */
  readonly signal: AbortSignal | undefined;
  /** The body can be sent once only. */
  readonly oneShotBody: boolean;
}

/** Members that an `init` may inherit, as when it is a `Request`; its own are copied whatever they are called. */
const INIT_MEMBERS = [
  'method',
  'headers',
  'body',
  'redirect',
  'cache',
  'credentials',
  'mode',
  'referrer',
  'referrerPolicy',
  'integrity',
  'keepalive',
  'duplex',
  'dispatcher',
  'signal',
] as const;

/**
 * Reads the arguments of a call, or gives `undefined` for what is no HTTP request or is wrong, which `fetch` itself
 * then answers.
 */
export function readRequest(input: FetchInput, given: RequestInit | undefined): OutgoingRequest | undefined {
  try {
    const request = input instanceof Request ? input : undefined;
    const url = new URL(request?.url ?? String(input));
    if (url.protocol !== 'https:' && url.protocol !== 'http:') return undefined;
    const { signal: ofInit, ...init } = copyInit(given);
    const signal = ofInit === undefined ? request?.signal : (ofInit ?? undefined);
    if (signal !== undefined && !(signal instanceof AbortSignal)) return undefined;
    if (init.headers !== undefined) init.headers = copyHeaders(init.headers);
    return {
      input: request ?? String(input),
      init,
      url,
      method: String(init.method ?? request?.method ?? 'GET').toUpperCase(),
      headers: new Headers(init.headers ?? request?.headers),
      signal,
      oneShotBody: isOneShot(init.body ?? request?.body),
    };
  } catch {
    return undefined;
  }
}

/** Methods whose repetition has the effect of one request (RFC 9110, section 9.2.2). */
const IDEMPOTENT_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']);

/** Whether the request may be sent again after it may have reached the server. */
export function mayBeRepeated({ method, headers, oneShotBody }: OutgoingRequest): boolean {
  if (oneShotBody) return false;
  return IDEMPOTENT_METHODS.has(method) || (headers.get('idempotency-key') ?? '') !== '';
}

function copyInit(given: RequestInit | undefined): RequestInit {
  if (given === undefined || given === null) return {};
  const copy: RequestInit = { ...given };
  const prototype: unknown = Object.getPrototypeOf(given);
  if (prototype === Object.prototype || prototype === null) return copy;
  for (const name of INIT_MEMBERS) {
    if (name in given && !Object.hasOwn(copy, name)) Reflect.set(copy, name, Reflect.get(given, name));
  }
  return copy;
}

/** A copy that keeps the names' case, and can be read more than once whatever was given. */
function copyHeaders(headers: NonNullable<RequestInit['headers']>): NonNullable<RequestInit['headers']> {
  if (headers instanceof Headers) return new Headers(headers);
  if (Symbol.iterator in headers) return Array.from(headers, ([name = '', value = '']) => [name, value]);
  return { ...headers };
}

/** Anything that is not known to give the same bytes again is taken for a stream. */
function isOneShot(body: unknown): boolean {
  return !(
    body === undefined ||
    body === null ||
    typeof body === 'string' ||
    body instanceof URLSearchParams ||
    body instanceof Blob ||
    body instanceof FormData ||
    body instanceof ArrayBuffer ||
    ArrayBuffer.isView(body)
  );
}
