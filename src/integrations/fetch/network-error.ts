import type { Verdict } from '../../core/verdict.ts';

/** How deep the causes of an error are looked into. */
const MAX_DEPTH = 5;

/** Codes that only come before a connection exists. */
const CONNECT_CODES: ReadonlySet<unknown> = new Set(['ECONNREFUSED', 'UND_ERR_CONNECT_TIMEOUT']);

/** System calls that come before a connection exists. */
const CONNECT_CALLS: ReadonlySet<unknown> = new Set(['connect', 'getaddrinfo', 'queryA', 'queryAaaa']);

/**
 * Whether `error` says that no connection came about, so that the server cannot have seen the request. It looks into
 * the causes that `fetch` wraps, and into each of the addresses that were tried (RFC 8305).
 */
export function neverSent(error: unknown, url: URL | undefined = undefined, depth = 0): boolean {
  if (!(error instanceof Error) || depth > MAX_DEPTH) return false;
  if (error instanceof AggregateError && error.errors.length > 0) {
    return error.errors.every((each) => neverSent(each, url, depth + 1));
  }
  const failedToConnect =
    ('code' in error && CONNECT_CODES.has(error.code)) ||
    ('syscall' in error && CONNECT_CALLS.has(error.syscall));
  if (failedToConnect) return url === undefined || concerns(url, error);
  return neverSent(error.cause, url, depth + 1);
}

/**
 * Whether a failed connection was to `url`, as far as the error tells. One to another place was made after a redirect,
 * and so after a server had seen the request.
 */
function concerns(url: URL, error: Error): boolean {
  const port = url.port !== '' ? Number(url.port) : url.protocol === 'https:' ? 443 : 80;
  if ('port' in error && typeof error.port === 'number' && error.port !== port) return false;
  return !('hostname' in error) || typeof error.hostname !== 'string' || error.hostname === url.hostname;
}

/** Why Node's `fetch` gives up without a network fault: what the server did, or what the caller asked for. */
const REFUSALS: ReadonlyMap<string, Verdict> = new Map([
  ['unexpected redirect', 'permanent'],
  ['redirect count exceeded', 'permanent'],
  ['integrity mismatch', 'permanent'],
  ['bad port', 'defect'],
  ['blocked', 'defect'],
  ['invalid method', 'defect'],
  ['unknown scheme', 'defect'],
  ['URL scheme must be a HTTP(S) scheme', 'defect'],
]);

/** The verdict on an error of `fetch` that is no network error although it is dressed as one. */
export function refusalVerdict(error: unknown): Verdict | undefined {
  if (!(error instanceof TypeError) || !(error.cause instanceof Error) || 'code' in error.cause)
    return undefined;
  return REFUSALS.get(error.cause.message);
}
