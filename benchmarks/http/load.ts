import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** What a load did. */
export interface LoadResult {
  readonly requests: number;
  readonly seconds: number;
}

/**
 * Requests to one route over connections that are kept alive, each sending its next request as soon as it has its
 * answer. It writes and counts bytes only, so that it costs less than what it measures: answers to one request are
 * of one length, which the first one tells.
 */
export class Load {
  readonly #request: Buffer;
  readonly #sockets: readonly Socket[];
  readonly #answerLength: number;

  private constructor(request: Buffer, sockets: readonly Socket[], answerLength: number) {
    this.#request = request;
    this.#sockets = sockets;
    this.#answerLength = answerLength;
  }

  static async connect(port: number, path: string, connections: number): Promise<Load> {
    const request = Buffer.from(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`);
    const sockets = Array.from({ length: connections }, () =>
      connect({ port, host: '127.0.0.1', noDelay: true }),
    );
    await Promise.all(sockets.map((socket) => once(socket, 'connect')));
    let answerLength = 0;
    for (const socket of sockets) answerLength = await firstAnswer(socket, request);
    return new Load(request, sockets, answerLength);
  }

  /** Loads the route for so long, and gives what was answered. */
  async run(durationMs: number): Promise<LoadResult> {
    const begun = performance.now();
    const until = begun + durationMs;
    const counts = await Promise.all(this.#sockets.map((socket) => this.#drive(socket, until)));
    const requests = counts.reduce((total, count) => total + count, 0);
    return { requests, seconds: (performance.now() - begun) / 1_000 };
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #drive(socket: Socket, until: number): Promise<number> {
    return new Promise((resolve, reject) => {
      let answers = 0;
      let received = 0;
      const stop = (): void => {
        socket.off('data', onData);
        socket.off('close', onClose);
      };
      const onClose = (): void => {
        stop();
        reject(new Error('The server closed a connection'));
      };
      const onData = (chunk: Buffer): void => {
        if (received === 0 && !isSuccess(chunk)) {
          stop();
          reject(new Error(`The server answered ${chunk.toString('latin1').split('\r\n', 1)[0]}`));
          return;
        }
        received += chunk.length;
        if (received < this.#answerLength) return;
        received = 0;
        answers += 1;
        if (performance.now() < until) socket.write(this.#request);
        else {
          stop();
          resolve(answers);
        }
      };
      if (socket.destroyed) {
        onClose();
        return;
      }
      socket.on('data', onData);
      socket.on('close', onClose);
      socket.write(this.#request);
    });
  }
}

const SUCCESS = Buffer.from('HTTP/1.1 200 ');

function isSuccess(chunk: Buffer): boolean {
  return chunk.subarray(0, SUCCESS.length).equals(SUCCESS);
}

/** Asks once, and gives the answer's length in bytes. */
function firstAnswer(socket: Socket, request: Buffer): Promise<number> {
  return new Promise((resolve, reject) => {
    let text = '';
    const onData = (chunk: Buffer): void => {
      text += chunk.toString('latin1');
      const headEnd = text.indexOf('\r\n\r\n');
      if (headEnd < 0) return;
      const bodyLength = Number(/^content-length: (\d+)/im.exec(text)?.[1]);
      const length = headEnd + 4 + bodyLength;
      if (!text.startsWith('HTTP/1.1 200 ') || Number.isNaN(bodyLength)) {
        reject(new Error(`No answer to count by: ${text.slice(0, 200)}`));
      } else if (text.length === length) {
        socket.off('data', onData);
        resolve(length);
      }
    };
    socket.on('data', onData);
    socket.write(request);
  });
}
