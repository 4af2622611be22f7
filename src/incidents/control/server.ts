import { createServer, type Server, type Socket } from 'node:net';
import { ControlPeer } from './connection.ts';
import type { Controlled } from './controlled.ts';
import { listenAt } from './listen.ts';
import { IDLE_MS } from './protocol.ts';

/** How many may be connected at once. */
const MAX_CONNECTIONS = 16;

/** What makes a `ControlServer`. */
export interface ControlServerParts {
  /** Where the socket is made. */
  readonly path: string;
  readonly controlled: Controlled;
  /** Is told what fails and is kept from the application. It must not throw. */
  readonly report: (error: unknown) => void;
  /** How long a connection may say nothing. Default 30 000 ms. */
  readonly idleMs?: number | undefined;
}

/**
 * Answers the `breakwater` command at a Unix socket. It keeps no process alive, and what fails in it is reported and
 * reaches nobody else.
 */
export class ControlServer {
  readonly #parts: ControlServerParts;
  readonly #server: Server;
  readonly #peers = new Set<ControlPeer>();
  #removeFile: () => void = () => {};
  #closed = false;

  private constructor(parts: ControlServerParts) {
    this.#parts = parts;
    this.#server = createServer((socket) => this.#connected(socket));
    this.#server.maxConnections = MAX_CONNECTIONS;
    this.#server.unref();
  }

  /**
   * Opens the socket.
   *
   * @throws {Error} as a rejection, when it cannot be opened: another process has it, the folder is missing
   */
  static async open(parts: ControlServerParts): Promise<ControlServer> {
    const opened = new ControlServer(parts);
    opened.#removeFile = await listenAt(opened.#server, parts.path);
    opened.#server.on('error', parts.report);
    return opened;
  }

  /** Takes the socket away and ends all connections, and with them what they began. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    try {
      this.#removeFile();
    } catch (error) {
      this.#parts.report(error);
    }
    this.#server.close();
    for (const peer of [...this.#peers]) peer.end();
  }

  #connected(socket: Socket): void {
    const { controlled, report, idleMs = IDLE_MS } = this.#parts;
    socket.unref();
    const peer = new ControlPeer({ socket, controlled, report, idleMs });
    this.#peers.add(peer);
    peer.ended.addEventListener('abort', () => this.#peers.delete(peer), { once: true });
  }
}
