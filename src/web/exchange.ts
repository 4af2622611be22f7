import { EventEmitter } from 'node:events';
import { type IncomingMessage, ServerResponse } from 'node:http';
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

/**
 * Where a request keeps its exchange. A WeakMap would make garbage of each request wait for a full collection: a minor
 * one takes what a WeakMap's value refers to for alive, and the exchange refers to its request.
 */
const EXCHANGE = Symbol('breakwater.exchange');

interface Carrier {
  [EXCHANGE]?: Exchange;
}

/**
 * An HTTP request with its response, which one or more guards watch.
 *
 * It is over when the application, or this library in its place, has ended the response, however long the client
 * takes to read the rest; or when the connection closes before that.
 *
 * It reads the request and the response as seldom as it can: Express gives each a hidden class of its own, so that no
 * read is ever cached.
 */
export class Exchange implements GuardContext {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  #watchers: readonly ExchangeWatcher[] = [];
  #controller: AbortController | undefined = undefined;
  #cut: { readonly reason: unknown } | undefined = undefined;
  #answeredByUs = false;
  #end: ExchangeEnd | undefined = undefined;

  private constructor(request: IncomingMessage, response: ServerResponse) {
    this.request = request;
    this.response = response;
    if (response.destroyed || response.writableEnded) {
      this.#closed();
      return;
    }
    const closed = (): void => this.#closed();
    const stream = streamOf(response);
    // Emitted when the response is ended, where `finish` waits for the client to take everything. An HTTP/2 response
    // leaves that to its stream, which ends with the connection too.
    if (stream === undefined) response.on('prefinish', () => this.#over('application'));
    else stream.on('prefinish', closed);
    response.on('close', closed);
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
    return this.#end !== undefined;
  }

  /** Whether its handler may still run though nobody waits for it: a guard has answered in its place, or the client has gone. */
  get isLeft(): boolean {
    return this.#cut !== undefined;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#cut !== undefined) this.#controller.abort(this.#cut.reason);
    }
    return this.#controller.signal;
  }

  remainingMs(): number {
    if (this.over) return 0;
    return this.#watchers.reduce(
      (least, watcher) => Math.min(least, watcher.remainingMs()),
      Number.POSITIVE_INFINITY,
    );
  }

  /** Tells `watcher` of the end, at once where it is over already. */
  watch(watcher: ExchangeWatcher): void {
    if (this.#end === undefined) this.#watchers = [...this.#watchers, watcher];
    else watcher.ended(this.#end);
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

  #closed(): void {
    if (this.over) return;
    const { writableEnded, errored } = this.response;
    if (writableEnded) this.#over('application');
    else this.#over('nobody', errored);
  }

  #over(answeredBy: 'application' | 'nobody', error?: Error | null): void {
    if (this.over) return;
    const { statusCode } = this.response;
    const end: ExchangeEnd = { statusCode, answeredBy: this.#answeredByUs ? 'breakwater' : answeredBy };
    this.#end = end;
    if (answeredBy === 'nobody') {
      this.#abort(error ?? new DOMException('The client has closed the connection.', 'AbortError'));
    }
    for (const watcher of this.#watchers) {
      if (error === undefined || error === null || this.#answeredByUs) watcher.ended(end);
      else watcher.broken(error);
    }
  }

  #abort(reason: unknown): void {
    if (this.#cut !== undefined) return;
    this.#cut = { reason };
    this.#controller?.abort(reason);
  }
}

/** The stream of an HTTP/2 response. */
function streamOf(response: EventEmitter): EventEmitter | undefined {
  if (response instanceof ServerResponse) return undefined;
  return 'stream' in response && response.stream instanceof EventEmitter ? response.stream : undefined;
}

/** What a guard gives the handler of `request`; `undefined` where the request has passed no guard. */
export function guardContext(request: IncomingMessage): GuardContext | undefined {
  return Exchange.of(request);
}
