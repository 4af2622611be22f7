import { EventEmitter } from 'node:events';
import type { PoolClient } from 'pg';

/** What pg's connections can and its types do not tell. */
interface CancelConnection extends EventEmitter {
  connect(portOrPath: number | string, host?: string): void;
  requestSsl(): void;
  cancel(processId: number, secretKey: number): void;
}

/** Whose statement to cancel. It stays good when the client is gone. */
export interface CancelTarget {
  readonly host: string;
  readonly port: number;
  readonly processId: number;
  readonly secretKey: number;
  /** Makes a connection like the client's own, with its TLS and socket options, not connected yet. */
  readonly connection: () => CancelConnection | undefined;
}

/** `undefined` for a client whose statements cannot be cancelled from here, as with pg-native. */
export function cancelTarget(client: PoolClient, clientOptions: object): CancelTarget | undefined {
  const processId: unknown = Reflect.get(client, 'processID');
  const secretKey: unknown = Reflect.get(client, 'secretKey');
  if (typeof processId !== 'number' || typeof secretKey !== 'number') return undefined;
  const { host, port } = client;
  const clientClass: unknown = client.constructor;
  return {
    host,
    port,
    processId,
    secretKey,
    connection: () => connectionMadeBy(clientClass, clientOptions),
  };
}

/**
 * Sends one CancelRequest (PostgreSQL documentation, "Canceling Requests in Progress"): a connection of its own, on
 * which the backend's key is sent, and which the server closes once it has passed the request on.
 *
 * @param done called once, with whether the server has taken the request
 * @returns gives the request up; what was sent is still delivered
 */
export function sendCancelRequest(target: CancelTarget, done: (taken: boolean) => void): () => void {
  let over = false;
  const finish = (taken: boolean): void => {
    if (over) return;
    over = true;
    const stream: unknown = connection === undefined ? undefined : Reflect.get(connection, 'stream');
    if (hasDestroy(stream)) stream.destroy();
    done(taken);
  };
  const connection = target.connection();
  if (connection === undefined) {
    finish(false);
    return () => {};
  }
  const send = (): void => connection.cancel(target.processId, target.secretKey);
  connection.on('error', () => finish(false));
  connection.once('end', () => finish(true));
  connection.once('connect', () => {
    if (!Reflect.get(connection, 'ssl')) send();
    else if (Reflect.get(connection, 'sslNegotiation') !== 'direct') connection.requestSsl();
  });
  connection.once('sslconnect', send);
  if (target.host.startsWith('/')) connection.connect(`${target.host}/.s.PGSQL.${target.port}`);
  else connection.connect(target.port, target.host);
  return () => finish(false);
}

function connectionMadeBy(client: unknown, options: object): CancelConnection | undefined {
  if (typeof client !== 'function') return undefined;
  try {
    const spare: unknown = Reflect.construct(client, [options]);
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
