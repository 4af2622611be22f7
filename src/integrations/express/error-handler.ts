import type { IncomingMessage, ServerResponse } from 'node:http';
import { isRejection } from '../../core/errors.ts';
import { answerOf, sendAnswer } from '../../web/answers.ts';
import { isOutOfTime } from '../../web/deadline.ts';
import { Exchange } from '../../web/exchange.ts';
import { checkNoArguments } from '../../web/options.ts';
import type { Next } from './guard.ts';

/** An error-handling middleware. */
export type ErrorMiddleware = (
  error: unknown,
  request: IncomingMessage,
  response: ServerResponse,
  next: Next,
) => void;

/**
 * An error handler that answers this library's errors, also those of policies within handlers: 503 with Retry-After
 * for an open circuit, a limit or a closed policy, 504 for a timeout, as JSON with the error's code. What a policy
 * within turned away, and what ran out of its caller's time, is marked with `x-should-retry: false`. All other
 * errors, and all errors once the headers are sent, go on to the next error handler as they are.
 *
 * Use it after the routes: `app.use(breakwaterErrorHandler())`.
 *
 * @throws {InvalidOptionsError} when it is given an argument: it takes none
 */
export function breakwaterErrorHandler(...given: readonly []): ErrorMiddleware {
  checkNoArguments(given, 'breakwaterErrorHandler()');
  // Express tells an error handler by its four parameters.
  return (error, request, response, next) => {
    const answer = answerOf(error, isRejection(error) || isOutOfTime(request));
    if (answer === undefined || response.headersSent) {
      next(error);
      return;
    }
    Exchange.of(request)?.answeredByUs();
    sendAnswer(request, response, answer);
  };
}
