import { createConnection, type Socket } from 'node:net';
import { LONGEST_TIMER_MS } from '../../core/deadlines.ts';
import type { OptionsProblem } from '../../core/errors.ts';
import { LineSplitter } from './lines.ts';
import { type ControlMessage, controlMessage, lineOf, MAX_RESPONSE_BYTES } from './protocol.ts';

/**
 * Why the application did not do what it was asked.
 *
 * - `unreachable`: nobody listens at the socket.
 * - `refused`: the application says no; `problems` has all that speaks against it.
 * - `lost`: the connection ended before the answer came, so that nobody knows.
 * - `timeout`: no answer in time; likewise.
 */
export type ControlFailureKind = 'unreachable' | 'refused' | 'lost' | 'timeout';

/** The running application could not be asked, or said no. */
export class ControlFailure extends Error {
  readonly kind: ControlFailureKind;
  /** What speaks against it, where it was refused. */
  readonly problems: readonly OptionsProblem[];

  constructor(kind: ControlFailureKind, message: string, problems: readonly OptionsProblem[] = []) {
    super(message);
    this.kind = kind;
    this.problems = problems;
  }

  override get name(): string {
    return 'ControlFailure';
  }
}

/** How a call over the socket is made. */
export interface ControlCallOptions {
  /** How long the answer may take, in milliseconds. Default 10 000. */
  readonly timeoutMs?: number | undefined;
  /** Ends the wait; the call rejects with its reason. */
  readonly signal?: AbortSignal | undefined;
}

/** How often a connection that waits says that it is there, in milliseconds. */
const KEEP_ALIVE_MS = 5_000;

interface Waiter {
  resolve(result: unknown): void;
  reject(error: unknown): void;
}

/** A connection to a running application, over which it tells what goes on too. */
export class ControlConnection {
  readonly #path: string;
  readonly #socket: Socket;
  readonly #lines = new LineSplitter(MAX_RESPONSE_BYTES);
  readonly #waiters = new Map<number, Waiter>();
  readonly #listeners = new Set<(event: string, data: unknown) => void>();
  readonly #keepAlive: NodeJS.Timeout;
  #nextId = 1;
  #lost: ControlFailure | undefined = undefined;
  /** Resolves when the connection has ended. */
  readonly ended: Promise<void>;

  private constructor(path: string, socket: Socket) {
    this.#path = path;
    this.#socket = socket;
    this.ended = new Promise((resolve) => socket.once('close', () => resolve()));
    socket.on('data', (chunk) => this.#read(chunk));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#end(`the connection to ${this.#path} ended`));
    this.#keepAlive = setInterval(() => {
      this.call('ping').catch(() => undefined);
    }, KEEP_ALIVE_MS);
    this.#keepAlive.unref();
  }

  /**
   * Connects to the socket at `path`.
   *
   * @throws {ControlFailure} as a rejection, when nobody listens there
   */
  static connect(
    path: string,
    { signal }: Pick<ControlCallOptions, 'signal'> = {},
  ): Promise<ControlConnection> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const socket = createConnection(path);
      const aborted = (): void => {
        socket.destroy();
        reject(signal?.reason);
      };
      const failed = (error: Error): void => {
        signal?.removeEventListener('abort', aborted);
        reject(new ControlFailure('unreachable', `nobody answers at ${path}: ${reasonOf(error)}`));
      };
      signal?.addEventListener('abort', aborted, { once: true });
      socket.once('error', failed);
      socket.once('connect', () => {
        signal?.removeEventListener('abort', aborted);
        socket.off('error', failed);
        resolve(new ControlConnection(path, socket));
      });
    });
  }

  /**
   * Asks the application to do something.
   *
   * @throws {ControlFailure} as a rejection
   */
  call(
    method: string,
    params: unknown = {},
    { timeoutMs = 10_000, signal }: ControlCallOptions = {},
  ): Promise<unknown> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      if (this.#lost !== undefined) throw this.#lost;
      const id = this.#nextId;
      this.#nextId += 1;
      const done = (): void => {
        this.#waiters.delete(id);
        clearTimeout(timer);
        signal?.removeEventListener('abort', aborted);
      };
      const waiter: Waiter = {
        resolve: (result) => {
          done();
          resolve(result);
        },
        reject: (error) => {
          done();
          reject(error);
        },
      };
      const aborted = (): void => waiter.reject(signal?.reason);
      const timer = setTimeout(
        () =>
          waiter.reject(new ControlFailure('timeout', `${this.#path} gave no answer within ${timeoutMs} ms`)),
        Math.min(timeoutMs, LONGEST_TIMER_MS),
      );
      signal?.addEventListener('abort', aborted, { once: true });
      this.#waiters.set(id, waiter);
      this.#socket.write(lineOf({ id, method, params }));
    });
  }

  /** Calls `listener` at each event until it is taken back with the function that this returns. */
  onEvent(listener: (event: string, data: unknown) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Ends the connection, and with it what it began in the application. */
  close(): void {
    this.#socket.destroy();
    this.#end('the connection was closed');
  }

  #read(chunk: Buffer): void {
    try {
      for (const line of this.#lines.push(chunk)) this.#take(controlMessage.parse(JSON.parse(line)));
    } catch (error) {
      this.#end(
        error instanceof RangeError
          ? `${this.#path} gave an answer of more than ${MAX_RESPONSE_BYTES / 1024 / 1024} MiB, which is not read`
          : `${this.#path} answered what is not breakwater's protocol`,
      );
      this.#socket.destroy();
    }
  }

  #take(message: ControlMessage): void {
    if ('event' in message) {
      for (const listener of [...this.#listeners]) listener(message.event, message.data);
    } else if ('error' in message) {
      const { id, error } = message;
      if (typeof id === 'number') this.#waiters.get(id)?.reject(refused(error));
      // It could not tell what was asked.
      else if (id === null) this.#end(error.message);
    } else if (typeof message.id === 'number') this.#waiters.get(message.id)?.resolve(message.result);
  }

  #end(why: string): void {
    clearInterval(this.#keepAlive);
    this.#lost ??= new ControlFailure('lost', why);
    for (const waiter of [...this.#waiters.values()]) waiter.reject(this.#lost);
  }
}

/**
 * Asks the application that listens at a socket to do one thing.
 *
 * @throws {ControlFailure} as a rejection, when it cannot be asked or says no
 */
export async function callControl(
  socketPath: string,
  method: string,
  params: unknown = {},
  options: ControlCallOptions = {},
): Promise<unknown> {
  const connection = await ControlConnection.connect(socketPath, options);
  try {
    return await connection.call(method, params, options);
  } finally {
    connection.close();
  }
}

function refused({
  message,
  problems,
}: {
  readonly message: string;
  readonly problems: readonly OptionsProblem[];
}) {
  const list = problems
    .map(({ path, message: text }) => `\n  ${path === '' ? '' : `${path}: `}${text}`)
    .join('');
  return new ControlFailure('refused', `${message}${list === '' ? '' : `:${list}`}`, problems);
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such socket; does the application run, with incidents: { control: { socket } }?',
  ECONNREFUSED: 'the process that made the socket is gone',
  EACCES: "it is not allowed; run the command as the application's user",
  ENOTSOCK: 'it is no socket',
  EPROTOTYPE: 'it is no socket',
};

function reasonOf(error: Error): string {
  const code = 'code' in error ? String(error.code) : '';
  return reasons[code] ?? (code === '' ? error.message : code);
}
