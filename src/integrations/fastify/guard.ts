import type { FastifyReply, FastifyRequest, HookHandlerDoneFunction } from 'fastify';
import type { Policy } from '../../core/policy.ts';
import type { WebAnswer } from '../../web/answers.ts';
import { Exchange, type GuardContext } from '../../web/exchange.ts';
import { GuardedRun, guardWith } from '../../web/guard.ts';
import { takeOver } from '../../web/take-over.ts';
import { reply as send } from './reply.ts';

/** A hook for `onRequest`, `preValidation` or `preHandler`, of a route or of a whole scope. */
export type GuardHook = (request: FastifyRequest, reply: FastifyReply, done: HookHandlerDoneFunction) => void;

/**
 * Puts what comes after it behind `policy`: `app.get('/users', { preHandler: guard(policy) }, handler)`. It needs no
 * plugin. The operation is the rest of the exchange, until the response is ended or the connection closes, and its
 * verdict is in the final status:
 *
 * - a status below 400 is a success, 4xx is refused, both healthy; 5xx, also out of an error handler, is a failure,
 *   and so is a response that the handler destroys with an error;
 * - answers that this library made, here or in `breakwaterErrorHandler()`, do not count, nor does a client that
 *   went away before the end.
 *
 * The policy's `classify` is asked first. It sees an `ExchangeEnd` as the value, or a `ServerAnswerError`.
 *
 * With the circuit open, at a limit or with the hub closed, the answer is 503 with Retry-After. At a timeout it is
 * 504, sent without the `onSend` hooks; the handler's `signal` aborts, and what the handler does to the reply from
 * then on is swallowed. A response that has begun by then cannot become a 504: its connection is closed. So a route
 * that streams for long needs a policy whose timeouts allow that.
 *
 * @throws {InvalidOptionsError} when the policy retries, hedges or has a fallback, or is no policy
 */
export function guard(policy: Policy): GuardHook {
  const enter = guardWith(policy);
  return (request, reply, done) => {
    enter(new FastifyRun(Exchange.meet(request.raw, reply.raw), reply, done));
  };
}

/** What a guard gives the handler of `request`; `undefined` where the request has passed no guard. */
export function guardContext(request: { readonly raw: object }): GuardContext | undefined {
  return Exchange.of(request.raw);
}

class FastifyRun extends GuardedRun {
  readonly #reply: FastifyReply;
  readonly #done: HookHandlerDoneFunction;

  constructor(exchange: Exchange, reply: FastifyReply, done: HookHandlerDoneFunction) {
    super(exchange);
    this.#reply = reply;
    this.#done = done;
  }

  protected proceed(error?: unknown): void {
    if (error === undefined) this.#done();
    else
      this.#done(error instanceof Error ? error : new Error('The guarded route failed.', { cause: error }));
  }

  protected refuse(answer: WebAnswer): void {
    send(this.#reply, answer);
  }

  protected takeOver(answer: WebAnswer): void {
    const { request, response } = this.exchange;
    // Hooks such as those of CORS have set headers on the reply, which hijacking leaves behind.
    for (const [name, value] of Object.entries(this.#reply.getHeaders())) {
      if (value !== undefined) response.setHeader(name, value);
    }
    this.#reply.hijack();
    takeOver(request, response, answer);
  }
}
