import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Policy } from '../../core/policy.ts';
import { sendAnswer, type WebAnswer } from '../../web/answers.ts';
import { Exchange } from '../../web/exchange.ts';
import { GuardedRun, guardWith } from '../../web/guard.ts';
import { takeOver } from '../../web/take-over.ts';

/** Goes on to what comes next, or to the error handlers. */
export type Next = (error?: unknown) => void;

/** A middleware. Any Express application or router takes it, and keeps its own types for the handlers. */
export type Middleware = (request: IncomingMessage, response: ServerResponse, next: Next) => void;

/**
 * Puts what comes after it behind `policy`: `app.get('/users', guard(policy), handler)`. The operation is the rest
 * of the exchange, until the response is ended or the connection closes, and its verdict is in the final status:
 *
 * - a status below 400 is a success, 4xx is refused, both healthy; 5xx, also out of an error handler, is a failure,
 *   and so is a response that the handler destroys with an error;
 * - answers that this library made, here or in `breakwaterErrorHandler()`, do not count, nor does a client that
 *   went away before the end.
 *
 * The policy's `classify` is asked first. It sees an `ExchangeEnd` as the value, or a `ServerAnswerError`.
 *
 * With the circuit open, at a limit or with the hub closed, the answer is 503 with Retry-After. At a timeout it is
 * 504, the handler's `signal` aborts, and what the handler does to the response from then on is swallowed. A
 * response that has begun by then cannot become a 504: its connection is closed. So a route that streams for long
 * needs a policy whose timeouts allow that.
 *
 * @throws {InvalidOptionsError} when the policy retries, hedges or has a fallback, or is no policy
 */
export function guard(policy: Policy): Middleware {
  const enter = guardWith(policy);
  return (request, response, next) => {
    enter(new ExpressRun(Exchange.meet(request, response), next));
  };
}

class ExpressRun extends GuardedRun {
  readonly #next: Next;

  constructor(exchange: Exchange, next: Next) {
    super(exchange);
    this.#next = next;
  }

  protected proceed(error?: unknown): void {
    if (error === undefined) this.#next();
    else this.#next(error);
  }

  protected refuse(answer: WebAnswer): void {
    sendAnswer(this.exchange.request, this.exchange.response, answer);
  }

  protected takeOver(answer: WebAnswer): void {
    takeOver(this.exchange.request, this.exchange.response, answer);
  }
}
