import type { OutgoingRequest } from '../request.ts';

/** Headers that carry a secret, which may change while the user stays the same. */
const CREDENTIALS: ReadonlySet<string> = new Set([
  'authorization',
  'cookie',
  'proxy-authorization',
  'x-api-key',
  'x-auth-token',
  'x-amz-security-token',
]);

/**
 * Headers that do not tell who asks: what is accepted, how the message travels, what it is traced by. Any other may
 * be one's own (`private-token`, `x-session-id`, `x-tenant`), as may `Referer` and `Baggage`, which hold anything.
 */
const IMPERSONAL: ReadonlySet<string> = new Set([
  'accept',
  'accept-charset',
  'accept-encoding',
  'accept-language',
  'b3',
  'cache-control',
  'connection',
  'content-type',
  'dnt',
  'host',
  'keep-alive',
  'origin',
  'pragma',
  'priority',
  'request-id',
  'sec-fetch-dest',
  'sec-fetch-mode',
  'sec-fetch-site',
  'sec-fetch-user',
  'sec-gpc',
  'te',
  'traceparent',
  'tracestate',
  'upgrade-insecure-requests',
  'user-agent',
  'x-b3-flags',
  'x-b3-parentspanid',
  'x-b3-sampled',
  'x-b3-spanid',
  'x-b3-traceid',
  'x-correlation-id',
  'x-request-id',
]);

/** Headers of requests that want a part, or an answer that depends on what the caller has. */
const CONDITIONS: readonly string[] = [
  'range',
  'if-match',
  'if-none-match',
  'if-modified-since',
  'if-unmodified-since',
  'if-range',
];

/** Statuses of whole answers that are good for a later request. */
const KEPT_STATUSES: ReadonlySet<number> = new Set([200, 203, 204]);

/** Directives of a response that answers one request only (RFC 9111, section 5.2.2). */
const NOT_SHARED = ['no-store', 'no-cache', 'private'];

/** Directives of a response that is not to be kept, or not to be served without asking again. */
const NOT_KEPT = [...NOT_SHARED, 'must-revalidate'];

/** Whether a remembered response may answer `request`, whoever asks. */
export function mayBeAnsweredFromCache({ method, headers, input, init }: OutgoingRequest): boolean {
  if (method !== 'GET' || CONDITIONS.some((name) => headers.has(name))) return false;
  if (!['default', 'force-cache'].includes(requestMember(input, init, 'cache', 'default'))) return false;
  if (requestMember(input, init, 'integrity', '') !== '') return false;
  const asked = directives(headers.get('cache-control'));
  return (
    !asked.has('no-store') && !asked.has('no-cache') && !directives(headers.get('pragma')).has('no-cache')
  );
}

/** How `request` wants redirects to be taken. */
export function redirectMode({ input, init }: OutgoingRequest): string {
  return requestMember(input, init, 'redirect', 'follow');
}

/** Whether nothing in `request` tells who asks, so that its answer may be good for anybody. */
export function isImpersonal({ url, headers }: OutgoingRequest): boolean {
  return (
    url.username === '' && url.password === '' && [...headers.keys()].every((name) => IMPERSONAL.has(name))
  );
}

/** Whether the header `name`, in lower case, is known to carry a secret. */
export function isCredential(name: string): boolean {
  return CREDENTIALS.has(name);
}

/** Whether `response` may be remembered; under a key of the caller's own, also where it is one user's. */
export function mayBeKept({ status, headers }: Response, underCallersKey: boolean): boolean {
  if (!KEPT_STATUSES.has(status) || varyNames(headers) === undefined) return false;
  if (underCallersKey) return true;
  const said = directives(headers.get('cache-control'));
  return !headers.has('set-cookie') && !NOT_KEPT.some((directive) => said.has(directive));
}

/** Whether `response` may answer several calls at once; a cookie is only ever for the one who gets it. */
export function mayBeShared({ headers }: Response, underCallersKey: boolean): boolean {
  if (headers.has('set-cookie') || varyNames(headers) === undefined) return false;
  if (underCallersKey) return true;
  const said = directives(headers.get('cache-control'));
  return !NOT_SHARED.some((directive) => said.has(directive));
}

/** The request headers that the response depends on, in order; `undefined` where it depends on more than headers. */
export function varyNames(headers: Headers): readonly string[] | undefined {
  const names = listed(headers.get('vary')).map((name) => name.toLowerCase());
  return names.includes('*') ? undefined : [...new Set(names)].sort();
}

/** Names of the directives in a Cache-Control header, whatever their arguments. */
function directives(header: string | null): ReadonlySet<string> {
  // A quoted argument may have commas in it, and what follows one there is no directive.
  const unquoted = header === null ? null : header.replaceAll(/"(?:[^"\\]|\\.)*"/g, '');
  return new Set(listed(unquoted).map((directive) => directive.split('=', 1)[0]?.trim().toLowerCase() ?? ''));
}

function listed(header: string | null): string[] {
  return (header ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

function requestMember(
  input: OutgoingRequest['input'],
  init: RequestInit,
  name: string,
  byDefault: string,
): string {
  const given: unknown =
    Reflect.get(init, name) ?? (typeof input === 'string' ? undefined : Reflect.get(input, name));
  return given === undefined || given === null ? byDefault : String(given);
}
