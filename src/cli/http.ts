import pTimeout, { TimeoutError } from 'p-timeout';
import { LONGEST_TIMER_MS } from '../core/deadlines.ts';
import { formatDuration } from '../slo/spec/durations.ts';

/** What is fetched, and what it may cost. */
export interface GetRequest {
  readonly url: URL;
  readonly headers: Headers;
  /** For the whole answer, in milliseconds. */
  readonly timeoutMs: number;
  /** Of the answer's body. */
  readonly maxBytes: number;
}

/** An answer of any status, or why there is none, in words that hold no part of the request. */
export type GetAnswer =
  | { readonly ok: true; readonly status: number; readonly body: string }
  | { readonly ok: false; readonly problem: string };

/** Fetches a text. Redirects are not followed: credentials stay with the host that they were meant for. */
export async function get({ url, headers, timeoutMs, maxBytes }: GetRequest): Promise<GetAnswer> {
  const controller = new AbortController();
  try {
    return await pTimeout(fetchText({ url, headers, maxBytes, signal: controller.signal }), {
      milliseconds: Math.min(timeoutMs, LONGEST_TIMER_MS),
    });
  } catch (error) {
    if (error instanceof TimeoutError) {
      return { ok: false, problem: `it did not answer within ${formatDuration(timeoutMs)}` };
    }
    return { ok: false, problem: `the request failed (${networkCode(error)})` };
  } finally {
    controller.abort();
  }
}

async function fetchText({
  url,
  headers,
  maxBytes,
  signal,
}: {
  readonly url: URL;
  readonly headers: Headers;
  readonly maxBytes: number;
  readonly signal: AbortSignal;
}): Promise<GetAnswer> {
  const response = await fetch(url, { headers, signal, redirect: 'manual' });
  const decoder = new TextDecoder();
  let body = '';
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > maxBytes) return { ok: false, problem: `its answer has more than ${maxBytes} bytes` };
    body += decoder.decode(chunk, { stream: true });
  }
  if (response.status >= 300 && response.status < 400) {
    return { ok: false, problem: `it redirects elsewhere (HTTP ${response.status}), as to a login page` };
  }
  return { ok: true, status: response.status, body: body + decoder.decode() };
}

/** What went wrong on the way, as a code: a message could repeat the URL. */
function networkCode(error: unknown): string {
  for (const source of [error instanceof Error ? error.cause : undefined, error]) {
    if (typeof source !== 'object' || source === null) continue;
    if ('code' in source && typeof source.code === 'string') return source.code;
    if (source instanceof Error && source.message === 'bad port') return 'fetch refuses this port';
  }
  return error instanceof Error ? error.name : 'unknown';
}
