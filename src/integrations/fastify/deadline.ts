import type { FastifyReply, FastifyRequest, HookHandlerDoneFunction } from 'fastify';
import { type DeadlineOptions, deadlinesOf } from '../../web/deadline.ts';

/** A hook for `onRequest`, `preValidation` or `preHandler`, of a route or of a whole scope. */
export type DeadlineHook = (
  request: FastifyRequest,
  reply: FastifyReply,
  done: HookHandlerDoneFunction,
) => void;

/**
 * Gives the rest of a request the time that its caller has left. It needs no plugin, and the plugin's option `deadline`
 * uses it for all routes. By hand it is a hook before `guard()`: `{ preHandler: [deadline({ trust: true }), guard(policy)] }`.
 * The header `x-request-timeout-ms` says how long the caller waits, in whole milliseconds; `resilientFetch()` sends it.
 * No policy call within the request waits past that, as with `runWithDeadline()`; a guard behind it answers 504. What
 * uses no policy heeds nothing.
 *
 * A header that is no whole number is passed over, as is one of a caller that is not trusted; more than `maxMs` is
 * `maxMs`; 0 says that nothing is left. The time counts from the first hook that it is used as. Behind a hook that loses
 * the asynchronous context it may be used again: the request goes on with the same deadline, or a shorter one set since.
 *
 * @throws {InvalidOptionsError} when the options are wrong
 */
export function deadline(options: DeadlineOptions<FastifyRequest>): DeadlineHook {
  const enter = deadlinesOf(options);
  return (request, reply, done) => enter(request, request.raw, reply.raw, () => done());
}
