import { followSignal, unfollowSignal } from '../../core/caller-signal.ts';
import { monotonicNow } from '../../core/clock.ts';
import { deadlines } from '../../core/deadlines.ts';
import { TimeoutError, withoutStack } from '../../core/errors.ts';
import { Deadline } from '../../core/scope.ts';
import { BodyCopy } from './body-copy.ts';
import { responseWith } from './http-response.ts';

/** What a body is held to once the headers have come. */
export interface BodyBounds {
  readonly policy: string;
  /** The longest wait for the next bytes, in milliseconds. */
  readonly timeoutMs: number | false;
  /** Ends the body when it aborts. */
  readonly signal: AbortSignal | undefined;
}

/** The response with its body held to `bounds`; itself where there is nothing to hold. */
export function withGuardedBody(response: Response, bounds: BodyBounds): Response {
  if (response.body === null || (bounds.timeoutMs === false && bounds.signal === undefined)) return response;
  return responseWith(new GuardedBody(response, bounds, undefined).stream, response);
}

/**
 * The same, with a copy of the body of up to `maxBytes`. So much is read ahead of the caller, for the copy not to
 * depend on whether the caller reads; beyond it the body comes only as fast as it is read, and there is no copy.
 */
export function withCopiedBody(
  response: Response,
  bounds: BodyBounds,
  maxBytes: number,
): { readonly response: Response; readonly copy: Promise<Uint8Array | undefined> } {
  const copy = new BodyCopy(maxBytes);
  if (response.body === null) {
    copy.end();
    return { response, copy: copy.bytes };
  }
  const { stream } = new GuardedBody(response, bounds, copy);
  return { response: responseWith(stream, response), copy: copy.bytes };
}

/** What a body holds that outlives it. */
interface Ties {
  reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  forget: (() => void) | undefined;
}

/** Unties bodies that were dropped before their end: from their connection, and from the caller's signal. */
const dropped = new FinalizationRegistry<Ties>(({ reader, forget }) => {
  forget?.();
  reader?.cancel().catch(() => undefined);
});

/**
 * A response's body, passed on as it comes, until its end, its timeout or its caller's abort.
 *
 * The time runs only while bytes are awaited, so that a caller that reads slowly is no stall. The source is not locked
 * before the first read and its response is held on to: one dropped unread is then Node's own to clean up.
 */
class GuardedBody extends Deadline {
  readonly stream: ReadableStream<Uint8Array>;
  readonly #response: Response;
  readonly #bounds: BodyBounds;
  readonly #copy: BodyCopy | undefined;
  #controller: ReadableByteStreamController | undefined = undefined;
  readonly #ties: Ties = { reader: undefined, forget: undefined };
  #over = false;

  constructor(response: Response, bounds: BodyBounds, copy: BodyCopy | undefined) {
    super();
    this.#response = response;
    this.#bounds = bounds;
    this.#copy = copy;
    dropped.register(this, this.#ties, this);
    if (bounds.signal !== undefined) this.#heed(bounds.signal);
    this.stream = new ReadableStream(
      {
        type: 'bytes',
        start: (controller) => {
          this.#controller = controller;
          if (bounds.signal?.aborted) this.fail(bounds.signal.reason);
        },
        pull: () => this.#pull(),
        cancel: (reason) => {
          this.#end();
          return this.#cancelSource(reason);
        },
      },
      // One byte more than the copy may have, so that the end behind a body of just that length is reached.
      { highWaterMark: copy === undefined ? 0 : copy.maxBytes + 1 },
    );
  }

  override expire(_now: number): void {
    const { policy, timeoutMs } = this.#bounds;
    if (timeoutMs !== false) this.fail(withoutStack(() => new TimeoutError(policy, timeoutMs, 'body')));
  }

  /** Passes on the next bytes, or the end. It does not reject. */
  async #pull(): Promise<void> {
    try {
      let bytes: Uint8Array | undefined;
      do bytes = await this.#read();
      while (bytes !== undefined && bytes.byteLength === 0 && !this.#over);
      if (this.#over) return;
      if (bytes === undefined) this.#close();
      else {
        this.#copy?.add(bytes);
        // A part of a larger buffer may share it with others, and passing it on takes the whole away.
        const owned = bytes.byteLength === bytes.buffer.byteLength ? bytes : new Uint8Array(bytes);
        this.#controller?.enqueue(owned);
      }
    } catch (error) {
      this.fail(error);
    }
  }

  async #read(): Promise<Uint8Array | undefined> {
    const { timeoutMs } = this.#bounds;
    this.#ties.reader ??= this.#response.body?.getReader();
    if (timeoutMs !== false) deadlines.arm(this, timeoutMs, monotonicNow());
    try {
      const next = await this.#ties.reader?.read();
      return next?.value;
    } finally {
      deadlines.clear(this);
    }
  }

  #close(): void {
    this.#copy?.end();
    this.#end();
    this.#controller?.close();
    // A reader that brought its own buffer waits for it to come back.
    this.#controller?.byobRequest?.respond(0);
  }

  /** Ends the body with an error, for whoever reads it and for whoever sends it. */
  fail(error: unknown): void {
    if (this.#over) return;
    this.#end();
    this.#controller?.error(error);
    this.#cancelSource(error).catch(() => undefined);
  }

  /** Nothing comes any more: lets go of the timer and the listener, and of a copy that is not whole. */
  #end(): void {
    this.#over = true;
    deadlines.clear(this);
    this.#copy?.abandon();
    this.#ties.forget?.();
    dropped.unregister(this);
  }

  async #cancelSource(reason: unknown): Promise<void> {
    await (this.#ties.reader ?? this.#response.body)?.cancel(reason);
  }

  #heed(signal: AbortSignal): void {
    const body = new WeakRef(this);
    const follower = { callerAborted: (reason: unknown) => body.deref()?.fail(reason) };
    followSignal(signal, follower);
    this.#ties.forget = () => unfollowSignal(signal, follower);
  }
}
