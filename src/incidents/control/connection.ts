import type { Socket } from 'node:net';
import { isBreakwaterError } from '../../core/errors.ts';
import { parseOptions } from '../../core/options.ts';
import { afterDelay } from '../../core/timers.ts';
import { summarizeError } from '../redact.ts';
import type { Controlled } from './controlled.ts';
import { LineSplitter } from './lines.ts';
import { controlMethod } from './methods.ts';
import { type ControlMessage, controlRequest, lineOf, MAX_REQUEST_BYTES } from './protocol.ts';
import type { ControlSession } from './session.ts';

/** How many requests of one connection may be under way at once. */
const MAX_UNDER_WAY = 32;
/** How much may wait for a reader that does not read, in bytes. */
const MAX_UNREAD_BYTES = 32 * 1024 * 1024;

/** What makes a `ControlPeer`. */
export interface ControlPeerParts {
  readonly socket: Socket;
  readonly controlled: Controlled;
  readonly report: (error: unknown) => void;
  readonly idleMs: number;
}

/** One connection to the socket, seen from the application. */
export class ControlPeer implements ControlSession {
  readonly #parts: ControlPeerParts;
  readonly #lines = new LineSplitter(MAX_REQUEST_BYTES);
  readonly #end = new AbortController();
  #underWay = 0;
  /** Whether it has broken the protocol: nothing that it says counts any more. */
  #isGivenUp = false;
  #cancelIdle: () => void = () => {};

  constructor(parts: ControlPeerParts) {
    this.#parts = parts;
    const { socket } = parts;
    this.#hear();
    socket.on('data', (chunk) => {
      if (this.#isGivenUp) return;
      this.#hear();
      this.#read(chunk);
    });
    // Half a connection is of no use: whoever asks reads what is answered.
    socket.on('end', () => socket.destroy());
    // What breaks a connection ends it, which is all there is to know of it.
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      this.#cancelIdle();
      this.#end.abort();
    });
  }

  get ended(): AbortSignal {
    return this.#end.signal;
  }

  emit(event: string, data: unknown): void {
    this.#write({ event, data: data ?? null });
  }

  /** Ends it once what was written is handed over, and at once where it is not read. */
  end(): void {
    const { socket } = this.#parts;
    socket.end();
    setTimeout(() => socket.destroy(), 100).unref();
  }

  /** The other side lives. Only what it says counts: a process that is stopped is still written to. */
  #hear(): void {
    const { socket, idleMs } = this.#parts;
    this.#cancelIdle();
    this.#cancelIdle = afterDelay(idleMs, () => socket.destroy());
  }

  #read(chunk: Buffer): void {
    try {
      for (const line of this.#lines.push(chunk)) {
        if (this.#isGivenUp) return;
        if (line.trim() !== '') void this.#answer(line);
      }
    } catch (error) {
      this.#giveUp(error instanceof RangeError ? error.message : 'it cannot be read');
    }
  }

  /** Answers one line. It never rejects. */
  async #answer(line: string): Promise<void> {
    const json = parsed(line);
    if (json === undefined) {
      this.#giveUp('a line is not JSON');
      return;
    }
    const id = idOf(json);
    try {
      if (this.#underWay >= MAX_UNDER_WAY) throw new Busy();
      this.#underWay += 1;
      try {
        const { id: own, method, params } = parseOptions(controlRequest, json, '', 'The request');
        const result: unknown = await controlMethod(method)(this.#parts.controlled, params, this);
        this.#write({ id: own, result: result ?? null });
      } finally {
        this.#underWay -= 1;
      }
    } catch (error) {
      this.#write({ id, error: this.#refusalOf(error) });
    }
  }

  #refusalOf(error: unknown) {
    if (isBreakwaterError(error, 'INVALID_OPTIONS')) {
      const [subject = 'It cannot be done'] = error.message.split(/:?\n/);
      return {
        message: subject,
        problems: error.problems.map(({ path, message }) => ({ path, message })),
      };
    }
    if (!isBreakwaterError(error) && !(error instanceof Busy)) this.#parts.report(error);
    return { message: summarizeError(error).message, problems: [] };
  }

  /** Ends a connection that does not keep to the protocol, and says why. */
  #giveUp(message: string): void {
    if (this.#isGivenUp) return;
    this.#isGivenUp = true;
    const { socket } = this.#parts;
    this.#write({ id: null, error: { message, problems: [] } });
    socket.pause();
    this.end();
  }

  #write(message: ControlMessage): void {
    const { socket, report } = this.#parts;
    if (!socket.writable) return;
    if (socket.writableLength > MAX_UNREAD_BYTES) {
      socket.destroy();
      return;
    }
    try {
      socket.write(lineOf(message));
    } catch (error) {
      report(error);
      socket.destroy();
    }
  }
}

class Busy extends Error {
  override message = `more than ${MAX_UNDER_WAY} requests are under way`;
}

/** The value of a line; `undefined` where it is no JSON. */
function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function idOf(json: unknown): string | number | null {
  if (typeof json !== 'object' || json === null || !('id' in json)) return null;
  const { id } = json;
  return typeof id === 'number' || (typeof id === 'string' && id.length <= 64) ? id : null;
}
