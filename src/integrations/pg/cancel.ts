import { EventEmitter } from 'node:events';
import type { PoolClient } from 'pg';

/** How many cancel requests are under way at once; each is a connection of its own. */
const CONCURRENT_REQUESTS = 4;

/** What pg's connections can and its types do not tell. */
interface CancelConnection extends EventEmitter {
  connect(portOrPath: number | string, host?: string): void;
  requestSsl(): void;
  cancel(processId: number, secretKey: number): void;
}

/**
 * Cancels statements on the server, with the protocol's CancelRequest (PostgreSQL documentation, "Canceling
 * Requests in Progress"): a connection of its own, on which the backend's key is sent, and which the server closes
 * once it has passed the request on.
 *
 * It is bounded in number and in time: few requests run at once, and one that is not over in time, its wait for a
 * turn included, is given up.
 */
export class Canceller {
  readonly #clientOptions: object;
  readonly #timeoutMs: number;
  readonly #waiting = new Set<() => void>();
  #running = 0;

  /**
   * @param clientOptions what the pool makes its clients with
   * @param timeoutMs how long one request may take, its wait for a turn included
   */
  constructor(clientOptions: object, timeoutMs: number) {
    this.#clientOptions = clientOptions;
    this.#timeoutMs = timeoutMs;
  }

  /** Asks the server to cancel what `client` runs. Calls `done` once, when that was done or given up. */
  cancel(client: PoolClient, done: () => void): void {
    const request = requestOf(client, this.#clientOptions);
    if (request === undefined) {
      done();
      return;
    }
    let ended = false;
    const end = (): void => {
      if (ended) return;
      ended = true;
      clearTimeout(timer);
      if (this.#waiting.delete(start)) request.close();
      else this.#finish(request);
      done();
    };
    const start = (): void => {
      this.#running += 1;
      request.send(end);
    };
    const timer = setTimeout(end, this.#timeoutMs);
    if (this.#running < CONCURRENT_REQUESTS) start();
    else this.#waiting.add(start);
  }

  #finish(request: CancelRequest): void {
    request.close();
    this.#running -= 1;
    for (const next of this.#waiting) {
      this.#waiting.delete(next);
      next();
      return;
    }
  }
}

interface CancelRequest {
  send(done: () => void): void;
  close(): void;
}

/** `undefined` for a client whose statements cannot be cancelled from here, as with pg-native. */
function requestOf(client: PoolClient, clientOptions: object): CancelRequest | undefined {
  const processId: unknown = Reflect.get(client, 'processID');
  const secretKey: unknown = Reflect.get(client, 'secretKey');
  if (typeof processId !== 'number' || typeof secretKey !== 'number') return undefined;
  const connection = spareConnection(client, clientOptions);
  if (connection === undefined) return undefined;
  const { host, port } = client;
  const send = (): void => connection.cancel(processId, secretKey);
  return {
    send(done) {
      const ssl: unknown = Reflect.get(connection, 'ssl');
      connection.on('error', done);
      connection.once('end', done);
      connection.once('connect', () => {
        if (!ssl) send();
        else if (Reflect.get(connection, 'sslNegotiation') !== 'direct') connection.requestSsl();
      });
      connection.once('sslconnect', send);
      if (host.startsWith('/')) connection.connect(`${host}/.s.PGSQL.${port}`);
      else connection.connect(port, host);
    },
    close() {
      // What was written before is still delivered.
      const stream: unknown = Reflect.get(connection, 'stream');
      if (hasDestroy(stream)) stream.destroy();
    },
  };
}

/** A connection like the client's own, with its TLS and socket options, not connected yet. */
function spareConnection(client: PoolClient, clientOptions: object): CancelConnection | undefined {
  try {
    const spare: unknown = Reflect.construct(client.constructor, [clientOptions]);
    const connection: unknown =
      typeof spare === 'object' && spare !== null ? Reflect.get(spare, 'connection') : undefined;
    return isCancelConnection(connection) ? connection : undefined;
  } catch {
    return undefined;
  }
}

function isCancelConnection(value: unknown): value is CancelConnection {
  return (
    value instanceof EventEmitter &&
    ['connect', 'requestSsl', 'cancel'].every((method) => typeof Reflect.get(value, method) === 'function')
  );
}

function hasDestroy(value: unknown): value is { destroy(): void } {
  return typeof value === 'object' && value !== null && typeof Reflect.get(value, 'destroy') === 'function';
}
