import type { FastifyReply, FastifyRequest } from 'fastify';
import { isRejection } from '../../core/errors.ts';
import { answerOf } from '../../web/answers.ts';
import { isOutOfTime } from '../../web/deadline.ts';
import { Exchange } from '../../web/exchange.ts';
import { checkNoArguments } from '../../web/options.ts';
import { reply as send } from './reply.ts';

/** An error handler of a scope or of a route. */
export type ErrorHandler = (error: unknown, request: FastifyRequest, reply: FastifyReply) => unknown;

/**
 * An error handler that answers this library's errors, also those of policies within handlers: 503 with Retry-After
 * for an open circuit, a limit or a closed policy, 504 for a timeout, as JSON with the error's code. What a policy
 * within turned away, and what ran out of its caller's time, is marked with `x-should-retry: false`. All other
 * errors, and all errors once the headers are sent, go on to the error handler of the scope around it.
 *
 * The plugin puts it on every route that has none of its own. By hand: `app.setErrorHandler(breakwaterErrorHandler())`.
 *
 * @throws {InvalidOptionsError} when it is given an argument: it takes none
 */
export function breakwaterErrorHandler(...given: readonly []): ErrorHandler {
  checkNoArguments(given, 'breakwaterErrorHandler()');
  return (error, request, reply) => {
    const answer = answerOf(error, isRejection(error) || isOutOfTime(request.raw));
    // Fastify hands a rejection to the next error handler, whatever its value; of what is thrown, errors only.
    if (answer === undefined || reply.raw.headersSent) return Promise.reject(error);
    Exchange.of(request.raw)?.answeredByUs();
    send(reply, answer);
    return undefined;
  };
}
