import type { IncomingMessage } from 'node:http';
import { type DeadlineOptions, deadlinesOf } from '../../web/deadline.ts';
import type { Middleware } from './guard.ts';

/**
 * Gives the rest of a request the time that its caller has left: `app.use(deadline({ trust: true, maxMs: 10_000 }))`.
 * The header `x-request-timeout-ms` says how long the caller waits, in whole milliseconds; `resilientFetch()` sends it.
 * No policy call within the request waits past that, as with `runWithDeadline()`; a `guard()` behind it answers 504. What
 * uses no policy heeds nothing.
 *
 * A header that is no whole number is passed over, as is one of a caller that is not trusted; more than `maxMs` is
 * `maxMs`; 0 says that nothing is left. Put it before `guard()` and the routes. Behind a middleware that loses the
 * asynchronous context it may be used again: the request goes on with the same deadline, or a shorter one set since.
 *
 * @throws {InvalidOptionsError} when the options are wrong
 */
export function deadline(options: DeadlineOptions<IncomingMessage>): Middleware {
  const enter = deadlinesOf(options);
  return (request, response, next) => enter(request, request, response, next);
}
