import { retryAfterMs } from '../../core/retry-after.ts';
import { type Receipt, SinkError, type SinkFailure } from '../sink.ts';
import { type Explain, explanation } from './explanation.ts';

/** What is posted where. */
export interface Post {
  readonly href: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly signal: AbortSignal;
  /** Default: the global one at the time of the call. */
  readonly fetch: typeof globalThis.fetch | undefined;
  /** Default: `POST`. */
  readonly method?: 'POST' | 'PUT' | undefined;
  /** Why the request was refused, from the answer's body; told in the error unless it has something of a secret. */
  readonly explain?: Explain | undefined;
}

/**
 * Posts once. Any 2xx answer is a receipt. Redirects are not followed, and the answer's body is let go unread unless it
 * can explain a refusal.
 *
 * @throws {SinkError} with what another try would be good for
 */
export async function post({
  href,
  headers,
  body,
  signal,
  fetch = globalThis.fetch,
  method = 'POST',
  explain,
}: Post): Promise<Receipt> {
  let response: Response;
  try {
    response = await fetch(href, { method, headers, body, signal, redirect: 'manual' });
  } catch (error) {
    throw new SinkError(`the request failed (${networkCode(error)})`, 'transient');
  }
  const detail = `HTTP ${response.status}`;
  if (response.ok || explain === undefined) {
    // The body is of no interest, and neither is when it is let go: of a copied one, that may be never.
    void response.body?.cancel().catch(() => undefined);
    if (response.ok) return { detail };
  }
  const reason = explain && (await explanation(response, explain));
  const failure = failureOf(response.status);
  throw new SinkError(
    reason === undefined ? detail : `${detail}: ${reason}`,
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
