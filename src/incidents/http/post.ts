import { retryAfterMs } from '../../core/retry-after.ts';
import { type Receipt, SinkError, type SinkFailure } from '../sink.ts';

/** What is posted where. */
export interface Post {
  readonly href: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly signal: AbortSignal;
  /** Default: the global one at the time of the call. */
  readonly fetch: typeof globalThis.fetch | undefined;
}

/**
 * Posts once. Any 2xx answer is a receipt. Redirects are not followed, and the answer's body is let go unread.
 *
 * @throws {SinkError} with what another try would be good for
 */
export async function post({
  href,
  headers,
  body,
  signal,
  fetch = globalThis.fetch,
}: Post): Promise<Receipt> {
  let response: Response;
  try {
    response = await fetch(href, { method: 'POST', headers, body, signal, redirect: 'manual' });
  } catch (error) {
    throw new SinkError(`the request failed (${networkCode(error)})`, 'transient');
  }
  // The body is of no interest, and a broken one is no reason to send again what has been taken.
  await response.body?.cancel().catch(() => undefined);
  const detail = `HTTP ${response.status}`;
  if (response.ok) return { detail };
  const failure = failureOf(response.status);
  throw new SinkError(
    detail,
    failure,
    failure === 'transient' ? retryAfterMs(response.headers.get('retry-after')) : undefined,
  );
}

function failureOf(status: number): SinkFailure {
  if (status === 410) return 'gone';
  return status >= 500 || status === 408 || status === 425 || status === 429 ? 'transient' : 'permanent';
}

/** What went wrong on the way, as a code: a message could repeat the URL. */
function networkCode(error: unknown): string {
  for (const source of [error instanceof Error ? error.cause : undefined, error]) {
    if (typeof source !== 'object' || source === null) continue;
    if ('code' in source && typeof source.code === 'string') return source.code;
  }
  return error instanceof Error ? error.name : 'unknown';
}
