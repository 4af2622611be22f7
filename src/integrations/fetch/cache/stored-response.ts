import { responseWith } from '../http-response.ts';

/** A response in the store: plain data, so that any store can take it. */
export interface StoredResponse {
  readonly status: number;
  readonly statusText: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly url: string;
  readonly redirected: boolean;
  /** The names of request headers that it depends on, in order. */
  readonly vary: readonly string[];
  /** The body's bytes, as they are in this process's memory, and as base64 in any other store. */
  readonly body: Uint8Array | string;
}

/** What of a response is stored. Its cookies were for the one who asked then, so they are left out. */
export function toStored(
  response: Response,
  vary: readonly string[],
  body: Uint8Array | string,
): StoredResponse {
  const { status, statusText, url, redirected } = response;
  const headers = [...response.headers].filter(([name]) => name !== 'set-cookie');
  return { status, statusText, headers, url, redirected, vary, body };
}

/**
 * A response made from a stored one. `Age` says how old it is in whole seconds (RFC 9111, section 5.1), and
 * `X-Breakwater-Cache` that it comes from here: `stale; age=12` or `fresh; age=0`. A stale one also has the warning of
 * RFC 7234, section 5.5.1.
 *
 * @throws {TypeError} when `stored` is no stored response
 */
export function fromStored(stored: unknown, source: 'cache' | 'stale', ageMs: number): Response {
  if (!isStored(stored))
    throw new TypeError('The cache store returned something that is no stored response.');
  const { status, statusText, url, redirected, body } = stored;
  const headers = new Headers(stored.headers.map(([name, value]) => [name, value]));
  const seconds = Math.floor(ageMs / 1_000);
  headers.set('age', String(ageAtReceipt(headers) + seconds));
  headers.set('x-breakwater-cache', `${source === 'stale' ? 'stale' : 'fresh'}; age=${seconds}`);
  if (source === 'stale') headers.append('warning', '110 breakwater "Response is Stale"');
  const bytes = typeof body === 'string' ? new Uint8Array(Buffer.from(body, 'base64')) : body;
  return responseWith(bytes, { status, statusText, headers, url, redirected, type: 'basic' });
}

/** Which headers a stored response depends on. */
export function varyOf(stored: unknown): readonly string[] {
  return isStored(stored) ? stored.vary : [];
}

function ageAtReceipt(headers: Headers): number {
  const age = headers.get('age');
  return age !== null && /^\d{1,10}$/.test(age) ? Number(age) : 0;
}

function isStored(stored: unknown): stored is StoredResponse {
  if (typeof stored !== 'object' || stored === null) return false;
  const has = (name: keyof StoredResponse): unknown => Reflect.get(stored, name);
  const { isArray } = Array;
  const headers = has('headers');
  const vary = has('vary');
  const body = has('body');
  return (
    Number.isInteger(has('status')) &&
    typeof has('statusText') === 'string' &&
    typeof has('url') === 'string' &&
    typeof has('redirected') === 'boolean' &&
    isArray(headers) &&
    headers.every((pair) => isArray(pair) && pair.length === 2) &&
    isArray(vary) &&
    vary.every((name) => typeof name === 'string') &&
    (typeof body === 'string' || body instanceof Uint8Array)
  );
}
