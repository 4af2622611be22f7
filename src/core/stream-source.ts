import { finished, Readable } from 'node:stream';
import { isThenable } from './thenable.ts';

/** Where the chunks of a stream come from, whatever kind of stream it is. */
export type ChunkSource = IterableSource | ReadableSource | WebSource;

/** The source that `value` is, if it is a stream. */
export function chunkSource(value: unknown): ChunkSource | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (isReadable(value)) return new ReadableSource(value);
  if (isWebStream(value)) return new WebSource(value);
  return isAsyncIterable(value) ? new IterableSource(value) : undefined;
}

/** An async iterable. It is not asked for its iterator before somebody wants a chunk. */
export class IterableSource {
  readonly #iterable: AsyncIterable<unknown>;
  #iterator: AsyncIterator<unknown> | undefined;

  constructor(iterable: AsyncIterable<unknown>) {
    this.#iterable = iterable;
    this.#iterator = isIterator(iterable) ? iterable : undefined;
  }

  /** The next chunk, or a promise of it. What it throws is the stream's own failure. */
  next(args: readonly unknown[]): unknown {
    this.#iterator ??= this.#iterable[Symbol.asyncIterator]();
    return Reflect.apply(this.#iterator.next, this.#iterator, args);
  }

  /**
   * Lets go of the source.
   *
   * @returns what is settled when it is closed; `undefined` where it is already
   */
  close(_reason?: unknown): Promise<unknown> | undefined {
    try {
      const returned: unknown = this.#iterator?.return?.();
      return isThenable(returned) ? Promise.resolve(returned) : undefined;
    } catch (error) {
      return Promise.reject(error);
    }
  }
}

/** A Node stream. */
export class ReadableSource {
  readonly stream: Readable;
  #iterator: AsyncIterator<unknown> | undefined = undefined;

  constructor(stream: Readable) {
    this.stream = stream;
    // It may fail before anybody reads, or after it was let go.
    stream.on('error', () => {});
  }

  /** Calls `failed` when it fails, or closes before its end, or has done so already, whether or not anybody reads. */
  onFailure(failed: (error: unknown) => void): void {
    finished(this.stream, { readable: true, writable: false }, (error) => {
      if (error !== undefined && error !== null) failed(error);
    });
  }

  next(_args: readonly unknown[]): unknown {
    this.#iterator ??= this.stream[Symbol.asyncIterator]();
    return this.#iterator.next();
  }

  close(_reason?: unknown): Promise<unknown> | undefined {
    try {
      this.stream.destroy();
      return undefined;
    } catch (error) {
      return Promise.reject(error);
    }
  }
}

/** A web stream. */
export class WebSource {
  readonly #stream: ReadableStream<unknown>;
  #reader: ReadableStreamDefaultReader<unknown> | undefined = undefined;

  constructor(stream: ReadableStream<unknown>) {
    this.#stream = stream;
  }

  /** Locks it, and calls `failed`, later, when it fails, whether or not anybody reads. */
  onFailure(failed: (error: unknown) => void): void {
    this.#closed().catch(failed);
  }

  next(_args: readonly unknown[]): unknown {
    this.#reader ??= this.#stream.getReader();
    return this.#reader.read();
  }

  close(reason?: unknown): Promise<unknown> {
    return (this.#reader ?? this.#stream).cancel(reason);
  }

  async #closed(): Promise<void> {
    this.#reader ??= this.#stream.getReader();
    await this.#reader.closed;
  }
}

function has(value: object, ...names: readonly PropertyKey[]): boolean {
  return names.every((name) => typeof Reflect.get(value, name) === 'function');
}

/** Also of another copy of the package `readable-stream`. */
function isReadable(value: object): value is Readable {
  return value instanceof Readable || has(value, 'pipe', 'on', 'destroy', Symbol.asyncIterator);
}

function isWebStream(value: object): value is ReadableStream<unknown> {
  return has(value, 'getReader', 'cancel', 'tee');
}

function isAsyncIterable(value: object): value is AsyncIterable<unknown> {
  return has(value, Symbol.asyncIterator);
}

function isIterator(value: object): value is AsyncIterator<unknown> {
  return has(value, 'next');
}

/** Closes `value` if it is a stream. Nobody waits for it, and nobody is told when that fails. */
export function closeStream(value: unknown): void {
  chunkSource(value)
    ?.close(new DOMException('Nobody gets this stream.', 'AbortError'))
    ?.catch(() => {});
}
