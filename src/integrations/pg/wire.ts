import { EventEmitter } from 'node:events';
import type { PoolClient } from 'pg';

/** The state of a connection's transaction, as the server tells it: idle, in a transaction, in a failed one. */
export type WireStatus = 'I' | 'T' | 'E';

/**
 * What the server last said about a connection. PostgreSQL ends each statement's answer with ReadyForQuery, which
 * carries the transaction's state; an error reaches the caller before that.
 */
export class Wire {
  /** Statements whose ReadyForQuery is still to come. */
  pending = 0;
  status: WireStatus;
  /** Called at the next ReadyForQuery. */
  onReady: (() => void) | undefined = undefined;

  constructor(status: WireStatus) {
    this.status = status;
  }

  heard(message: unknown): void {
    const status: unknown =
      typeof message === 'object' && message !== null ? Reflect.get(message, 'status') : undefined;
    if (isStatus(status)) this.status = status;
    if (this.pending > 0) this.pending -= 1;
    this.onReady?.();
  }
}

const wires = new WeakMap<object, Wire>();

/** The wire of a client, or `undefined` where there is none to listen to, as with pg-native. */
export function wireOf(client: PoolClient): Wire | undefined {
  const known = wires.get(client);
  if (known !== undefined) return known;
  const connection: unknown = Reflect.get(client, 'connection');
  if (!(connection instanceof EventEmitter)) return undefined;
  const wire = new Wire(statusNow(client));
  // Before pg's own listener, which calls back whoever waits for the statement.
  connection.prependListener('readyForQuery', (message: unknown) => wire.heard(message));
  wires.set(client, wire);
  return wire;
}

/** What pg itself knows, in the versions that keep it: a client may have been used before. */
function statusNow(client: PoolClient): WireStatus {
  const ask: unknown = Reflect.get(client, 'getTransactionStatus');
  const status: unknown = typeof ask === 'function' ? Reflect.apply(ask, client, []) : undefined;
  return isStatus(status) ? status : 'I';
}

function isStatus(value: unknown): value is WireStatus {
  return value === 'I' || value === 'T' || value === 'E';
}
