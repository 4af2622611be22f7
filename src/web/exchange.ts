import { EventEmitter } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { WebAnswer } from './answers.ts';

/** What a handler behind a guard is given. */
export interface GuardContext {
  /** Aborts when the guard has answered in the handler's place, and when the client has gone. Made when first read. */
  readonly signal: AbortSignal;
  /** Milliseconds left until the guard answers in the handler's place, never below 0; `Infinity` without a timeout. */
  remainingMs(): number;
}

/** How an HTTP exchange ended: what `classify` of a guard's policy sees as the value, unless it was a failure. */
export interface ExchangeEnd {
  /** The status code of the answer; where nobody answered, the one that had been set. */
  readonly statusCode: number;
  /**
   * Who answered: the application; this library, as with 503 for an open circuit; or nobody, because the client
   * had gone.
   */
  readonly answeredBy: 'application' | 'breakwater' | 'nobody';
}

/** A guard that waits for the exchange to end. */
export interface ExchangeWatcher {
  remainingMs(): number;
  ended(end: ExchangeEnd): void;
  broken(error: unknown): void;
}

const EXCHANGE = Symbol('breakwater.exchange');

interface Carrier {
  [EXCHANGE]?: Exchange;
}

/**
 * An HTTP request with its response, which one or more guards watch.
 *
 * It is over when the application, or this library in its place, has ended the response, however long the client
 * takes to read the rest; or when the connection closes before that.
 */
export class Exchange implements GuardContext {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly #watchers: ExchangeWatcher[] = [];
  #controller: AbortController | undefined = undefined;
  #cut: { readonly reason: unknown } | undefined = undefined;
  #answeredByUs = false;
  #over = false;

  private constructor(request: IncomingMessage, response: ServerResponse) {
    this.request = request;
    this.response = response;
    if (response.destroyed || response.writableEnded) {
      this.#end();
      return;
    }
    const end = (): void => this.#end();
    // Emitted when the response is ended, where `finish` waits for the client to take everything. An HTTP/2 response
    // leaves that to its stream.
    writerOf(response).on('prefinish', end);
    response.on('close', end);
  }

  /** The exchange of `request`, if a guard has met it. */
  static of(request: object & Carrier): Exchange | undefined {
    return request[EXCHANGE];
  }

  /** The exchange of `request`, now met by a guard. */
  static meet(request: IncomingMessage & Carrier, response: ServerResponse): Exchange {
    const known = request[EXCHANGE];
    if (known !== undefined) return known;
    const exchange = new Exchange(request, response);
    request[EXCHANGE] = exchange;
    return exchange;
  }

  /** Whether nobody waits for an answer any more. */
  get over(): boolean {
    return this.#over;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#cut !== undefined) this.#controller.abort(this.#cut.reason);
    }
    return this.#controller.signal;
  }

  remainingMs(): number {
    if (this.#over) return 0;
    return this.#watchers.reduce(
      (least, watcher) => Math.min(least, watcher.remainingMs()),
      Number.POSITIVE_INFINITY,
    );
  }

  /** Tells `watcher` of the end, at once where it is over already. */
  watch(watcher: ExchangeWatcher): void {
    if (this.#over) watcher.ended(this.#howItEnded());
    else this.#watchers.push(watcher);
  }

  /** This library is about to answer. */
  answeredByUs(): void {
    this.#answeredByUs = true;
  }

  /**
   * The handler has had its time: `answer` goes out in its place, by `send`, or, where its own answer has begun,
   * the connection is closed so that the client can tell that the answer is not whole.
   */
  giveUp(reason: unknown, answer: WebAnswer, send: (answer: WebAnswer) => void): void {
    this.#answeredByUs = true;
    if (!this.response.headersSent) send(answer);
    else if (!this.response.writableEnded) this.response.destroy();
    this.#abort(reason);
  }

  #end(): void {
    if (this.#over) return;
    this.#over = true;
    const { response } = this;
    const error = response.writableEnded ? undefined : response.errored;
    if (!response.writableEnded) {
      this.#abort(error ?? new DOMException('The client has closed the connection.', 'AbortError'));
    }
    for (const watcher of this.#watchers) {
      if (error === undefined || error === null || this.#answeredByUs) watcher.ended(this.#howItEnded());
      else watcher.broken(error);
    }
  }

  #howItEnded(): ExchangeEnd {
    const { statusCode, writableEnded } = this.response;
    const answeredBy = this.#answeredByUs ? 'breakwater' : writableEnded ? 'application' : 'nobody';
    return { statusCode, answeredBy };
  }

  #abort(reason: unknown): void {
    if (this.#cut !== undefined) return;
    this.#cut = { reason };
    this.#controller?.abort(reason);
  }
}

function writerOf(response: ServerResponse): EventEmitter {
  return 'stream' in response && response.stream instanceof EventEmitter ? response.stream : response;
}

/** What a guard gives the handler of `request`; `undefined` where the request has passed no guard. */
export function guardContext(request: IncomingMessage): GuardContext | undefined {
  return Exchange.of(request);
}
