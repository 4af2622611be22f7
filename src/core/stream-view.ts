import { Readable } from 'node:stream';
import type { StreamRun, StreamView } from './stream-run.ts';
import { type ChunkSource, ReadableSource, WebSource } from './stream-source.ts';

/** What the consumer of a stream is given: the same kind of thing as the source. */
export function viewOf(run: StreamRun, source: ChunkSource): object {
  if (source instanceof ReadableSource) return new ProtectedReadable(run, source.stream);
  return source instanceof WebSource ? protectedWebStream(run) : new ProtectedIterator(run);
}

/** Closes the streams of consumers that dropped them before the end. */
const dropped = new FinalizationRegistry<StreamRun>((run) => {
  if (!run.isOver) void run.stop(false, new DOMException('Nobody holds the stream any more.', 'AbortError'));
});

/** An async iterable, passed on. It is its own iterator, like a generator. */
class ProtectedIterator implements AsyncIterableIterator<unknown> {
  readonly #run: StreamRun;

  constructor(run: StreamRun) {
    this.#run = run;
    dropped.register(this, run, run);
  }

  next(...args: readonly unknown[]): Promise<IteratorResult<unknown>> {
    return this.#run.take(...args).finally(() => this.#forget());
  }

  async return(value?: unknown): Promise<IteratorResult<unknown>> {
    await this.#run.stop(true, new DOMException('The consumer has stopped.', 'AbortError'));
    this.#forget();
    return { done: true, value: await value };
  }

  async throw(error: unknown): Promise<IteratorResult<unknown>> {
    await this.#run.stop(false, error);
    this.#forget();
    throw error;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  #forget(): void {
    if (this.#run.isOver) dropped.unregister(this.#run);
  }
}

/** A Node stream, passed on. It reads nothing ahead, so that it waits only while its consumer does. */
class ProtectedReadable extends Readable implements StreamView {
  readonly #run: StreamRun;
  readonly #encoding: BufferEncoding | null;

  constructor(run: StreamRun, source: Readable) {
    const { readableObjectMode, readableEncoding } = source;
    super({ highWaterMark: 0, objectMode: readableObjectMode, encoding: readableEncoding ?? undefined });
    this.#run = run;
    this.#encoding = readableEncoding;
    run.shownBy(this);
    dropped.register(this, run, run);
  }

  override _read(): void {
    this.#run.take().then(
      ({ done, value }) => {
        if (this.destroyed) return;
        if (done === true) this.push(null);
        else this.push(value, this.#encoding ?? undefined);
      },
      (error) => this.destroy(asError(error)),
    );
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    dropped.unregister(this.#run);
    const reason = error ?? new DOMException('The consumer has stopped.', 'AbortError');
    void this.#run.stop(error === null || isBreak(error), reason).then(() => done(error));
  }

  /** One that nobody listens to hears of it when it is read next. */
  fail(error: unknown): void {
    if (this.listenerCount('error') > 0) this.destroy(asError(error));
  }
}

/** A web stream, passed on. */
function protectedWebStream(run: StreamRun): ReadableStream<unknown> {
  const view = new WebView(run);
  const stream = new ReadableStream(view, { highWaterMark: 0 });
  dropped.register(stream, run, run);
  return stream;
}

class WebView implements StreamView {
  readonly #run: StreamRun;
  #controller: ReadableStreamDefaultController<unknown> | undefined = undefined;

  constructor(run: StreamRun) {
    this.#run = run;
  }

  start(controller: ReadableStreamDefaultController<unknown>): void {
    this.#controller = controller;
    this.#run.shownBy(this);
  }

  async pull(controller: ReadableStreamDefaultController<unknown>): Promise<void> {
    const { done, value } = await this.#run.take();
    // After a cancel the end is told already.
    if (done !== true) controller.enqueue(value);
    else if (this.#controller !== undefined) controller.close();
  }

  async cancel(reason: unknown): Promise<void> {
    this.#controller = undefined;
    dropped.unregister(this.#run);
    await this.#run.stop(saysNothing(reason), reason);
  }

  fail(error: unknown): void {
    this.#controller?.error(error);
  }
}

/** Whether a web stream's consumer gave no reason. One that `tee()` made two of gives those of both, as an array. */
function saysNothing(reason: unknown): boolean {
  return Array.isArray(reason) ? reason.every(saysNothing) : reason === undefined;
}

/** Node's own way to end a stream whose `for await` was left. */
function isBreak(error: Error): boolean {
  return 'code' in error && error.code === 'ABORT_ERR' && error.cause === undefined;
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error('The stream failed.', { cause: error });
}
