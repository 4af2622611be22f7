import { retryAfterMs } from '../../core/retry-after.ts';
import type { AttemptResult, Classify, Judgement, Verdict } from '../../core/verdict.ts';
import { isResponse } from './http-response.ts';
import { neverSent, refusalVerdict } from './network-error.ts';
import type { OutgoingRequest } from './request.ts';

/** Statuses after which another try may do. */
const TRANSIENT_STATUSES: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504]);

/** What a status says. */
export function statusVerdict(status: number): Verdict {
  if (status < 400) return 'success';
  if (TRANSIENT_STATUSES.has(status)) return 'transient';
  if (status >= 500) return 'permanent';
  return status === 401 || status === 403 ? 'defect' : 'refused';
}

/**
 * What the attempts of `request` mean: a response's status, with what Retry-After asks for, or an error. `undefined`
 * leaves the decision to the default: network errors are transient, and other `TypeError`s, such as an invalid
 * header, are defects.
 *
 * A server that says so (`x-should-retry: false`) is not asked again: its answer is permanent then.
 *
 * A connection that never came about makes any request safe to repeat whose body is still there.
 */
export function httpVerdict({ url, oneShotBody }: OutgoingRequest): Classify {
  return (result: AttemptResult): Judgement | undefined => {
    if (result.ok) return isResponse(result.value) ? responseVerdict(result.value) : undefined;
    const refusal = refusalVerdict(result.error);
    if (refusal !== undefined) return { verdict: refusal };
    if (!neverSent(result.error, url)) return undefined;
    return { verdict: 'transient', safeToRepeat: !oneShotBody };
  };
}

function responseVerdict({ status, headers }: Response): Judgement {
  const verdict = statusVerdict(status);
  if (verdict === 'success' || verdict === 'refused') return { verdict };
  const reason = `HTTP ${status}`;
  if (verdict === 'defect') return { verdict, reason };
  // Whoever is overloaded, deeper down than its callers can help, says so.
  if (verdict === 'transient' && asksForNoRetry(headers)) {
    return { verdict: 'permanent', retryAfterMs: retryAfterMs(headers.get('retry-after')), reason };
  }
  return { verdict, retryAfterMs: retryAfterMs(headers.get('retry-after')), reason };
}

/**
 * Whether the server asks not to be asked again: by this library's own mark, which SDKs made by Stainless heed too, or by
 * Envoy's on a request that it has dropped, which Envoy itself never repeats.
 */
function asksForNoRetry(headers: Headers): boolean {
  return isWord(headers.get('x-should-retry'), 'false') || isWord(headers.get('x-envoy-overloaded'), 'true');
}

function isWord(header: string | null | undefined, word: string): boolean {
  return header?.trim().toLowerCase() === word;
}
