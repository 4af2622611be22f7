import { connect, createServer, type Server } from 'node:net';
import { createInterface } from 'node:readline';
import type { Lookup, User } from '../support/operation.ts';

/** A dependency on a free port of the loopback: it is sent a key a line, and answers each with a user, in that order. */
export async function serveUsers(): Promise<{ readonly port: number; readonly server: Server }> {
  const server = createServer({ noDelay: true }, (socket) => {
    socket.setEncoding('utf8');
    // Of a line that comes in two pieces only the second has the end.
    socket.on('data', (chunk) => {
      const lines = chunk.toString().split('\n').length - 1;
      socket.write('{"id":"7","name":"Ada"}\n'.repeat(lines));
    });
    socket.on('error', () => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The dependency has no port');
  return { port: address.port, server };
}

/** Asks that dependency over one connection, as a pool or an HTTP/2 session would. */
export class RemoteUsers {
  runs = 0;
  readonly #waiting: ((user: User) => void)[] = [];
  readonly #socket;

  constructor(port: number) {
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true });
    createInterface(this.#socket).on('line', (line) => this.#waiting.shift()?.(JSON.parse(line)));
  }

  readonly lookup: Lookup = (key) =>
    new Promise((resolve) => {
      this.runs += 1;
      this.#waiting.push(resolve);
      this.#socket.write(`${key}\n`);
    });
}
