import { remainingDeadlineMs } from '../../core/ambient-deadline.ts';
import type { OperationContext } from '../../core/attempt.ts';
import type { OutgoingRequest } from './request.ts';

/** The most that is sent, some 116 days: a plain number that every reader takes. */
const MOST_MS = 9_999_999_999;

/**
 * The `init` of one attempt: under a deadline in force, with a header that tells how long the attempt has, which is never
 * more than is left of the deadline. A request that has such a header of its own keeps that.
 */
export function withDeadline(
  { init, headers }: OutgoingRequest,
  { remainingMs }: Pick<OperationContext, 'remainingMs'>,
  name: string | false,
): RequestInit {
  const leftMs = remainingDeadlineMs();
  if (leftMs === Number.POSITIVE_INFINITY || name === false || headers.has(name)) return init;
  const value = String(Math.floor(Math.min(leftMs, remainingMs(), MOST_MS)));
  return { ...init, headers: withHeader(init.headers ?? headers, name, value) };
}

/** A copy with one header more, which keeps the names' case where the original does. */
function withHeader(
  given: NonNullable<RequestInit['headers']>,
  name: string,
  value: string,
): NonNullable<RequestInit['headers']> {
  if (given instanceof Headers) {
    const headers = new Headers(given);
    headers.set(name, value);
    return headers;
  }
  if (Array.isArray(given)) return [...given, [name, value]];
  return { ...given, [name]: value };
}
