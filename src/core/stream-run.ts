import { monotonicNow } from './clock.ts';
import { deadlines } from './deadlines.ts';
import { TimeoutError, withoutStack } from './errors.ts';
import { type EndCause, Scope } from './scope.ts';
import { type ChunkSource, IterableSource } from './stream-source.ts';

/** What an attempt does about the stream that its operation gave. It is told of one end, and then that all is closed. */
export interface StreamOwner {
  readonly policy: string;
  /** The stream came to its end. */
  ended(): void;
  /** The source failed. */
  failed(error: unknown): void;
  /** The source let its consumer wait too long. */
  stalled(error: unknown): void;
  /**
   * The consumer stopped before the end.
   *
   * @param satisfied it had chunks, and said nothing of a failure
   * @param closed whether the source is closed; else `closed` follows
   */
  stopped(satisfied: boolean, reason: unknown, closed: boolean): void;
  /** Its time is up while nobody waits for a chunk, so that nobody can say whose time it was. */
  outlasted(reason: unknown): void;
  /** A source that was given up has closed. */
  closed(): void;
  /** Closing it failed, and nobody else will tell. */
  report(error: unknown): void;
}

/** One who waits for a chunk. */
interface Request {
  readonly args: readonly unknown[];
  readonly resolve: (result: IteratorResult<unknown>) => void;
  readonly reject: (error: unknown) => void;
}

/** How the stream looks to its consumer; told when it ends while nobody waits for a chunk. */
export interface StreamView {
  fail(error: unknown): void;
}

const DONE = { done: true, value: undefined } as const;

/**
 * The stretch of an attempt in which its stream passes: hands each chunk to whoever waits for the next, one after the
 * other, and ends once, whoever ends it. Nothing is read ahead, so that the consumer's pace is the source's, and the idle
 * time runs while a chunk is asked for and not there.
 */
export class StreamRun extends Scope {
  readonly #attempt: Scope;
  readonly #source: ChunkSource;
  readonly #owner: StreamOwner;
  readonly #idleTimeoutMs: number | false;
  #requests: Request[] = [];
  #hasPassedAny = false;
  #isOver = false;
  /** What ended it, for the consumer who next asks. */
  #failure: { readonly error: unknown } | undefined = undefined;
  /** A consumer that stopped waits for this. */
  #closing: Promise<void> | undefined = undefined;
  /** What to do when closing takes too long. */
  #onSlowClose: (() => void) | undefined = undefined;
  #view: WeakRef<StreamView> | undefined = undefined;

  constructor(attempt: Scope, source: ChunkSource, idleTimeoutMs: number | false, owner: StreamOwner) {
    super(attempt);
    this.#attempt = attempt;
    this.#source = source;
    this.#idleTimeoutMs = idleTimeoutMs;
    this.#owner = owner;
    // An iterable says nothing that it is not asked.
    if (!(source instanceof IterableSource)) source.onFailure((error) => this.#failed(error));
  }

  override get parent(): Scope {
    return this.#attempt;
  }

  /** Whether nothing comes any more. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Tells `view` when the stream ends. It holds it weakly, so that one whom nobody holds is noticed. */
  shownBy(view: StreamView): void {
    this.#view = new WeakRef(view);
  }

  /** The next chunk, or the end; rejects once with what ended it early. */
  take(...args: readonly unknown[]): Promise<IteratorResult<unknown>> {
    return new Promise((resolve, reject) => {
      this.#requests.push({ args, resolve, reject });
      if (this.#requests.length === 1) this.#pull();
    });
  }

  /**
   * The consumer wants no more. It resolves when the source is closed, or has had its idle time to close; it does not
   * reject.
   *
   * @param satisfied whether it says nothing of a failure
   */
  stop(satisfied: boolean, reason: unknown): Promise<void> {
    if (this.#isOver) return this.#closing ?? Promise.resolve();
    const isAwaited = this.#requests.length > 0;
    this.#finish();
    const isGood = satisfied && this.#hasPassedAny;
    const closed = this.#source.close(reason);
    this.#closing = this.#stopped(isGood, reason, isAwaited, closed);
    this.#refuse();
    return this.#closing;
  }

  override expire(_now: number): void {
    if (this.#isOver) {
      this.#onSlowClose?.();
      return;
    }
    const timeoutMs = this.#idleTimeoutMs === false ? 0 : this.#idleTimeoutMs;
    this.#owner.stalled(withoutStack(() => new TimeoutError(this.#owner.policy, timeoutMs, 'body')));
  }

  /** The attempt ended: its time is up, its caller gave up, or its stream stalled. */
  protected override stopped(cause: EndCause, reason: unknown): void {
    if (this.#isOver) return;
    const isOutlasted =
      this.#requests.length === 0 && (cause === 'total-timeout' || cause === 'caller-deadline');
    this.#finish();
    this.#failure = { error: reason };
    const closed = this.#source.close(reason);
    const over = (): void => this.#owner.closed();
    // How a source that was given up fails is of no interest any more.
    if (closed === undefined) over();
    else closed.then(over, over);
    if (isOutlasted) this.#owner.outlasted(reason);
    this.#view?.deref()?.fail(reason);
    this.#refuse();
  }

  #pull(): void {
    const request = this.#requests[0];
    if (request === undefined) return;
    if (this.#isOver) {
      this.#refuse();
      return;
    }
    if (this.#idleTimeoutMs !== false) deadlines.arm(this, this.#idleTimeoutMs, monotonicNow());
    try {
      Promise.resolve(this.#source.next(request.args)).then(
        (result) => this.#arrived(result),
        (error) => this.#failed(error),
      );
    } catch (error) {
      this.#failed(error);
    }
  }

  #arrived(result: unknown): void {
    // What comes after the end is nobody's any more.
    if (this.#isOver) return;
    deadlines.clear(this);
    if (!isResult(result)) {
      this.#failed(new TypeError('The iterator gave no object with done and value.'));
    } else if (result.done === true) {
      this.#finish();
      this.#owner.ended();
      this.#requests.shift()?.resolve({ done: true, value: result.value });
      this.#refuse();
    } else {
      this.#hasPassedAny = true;
      this.#requests.shift()?.resolve({ done: false, value: result.value });
      this.#pull();
    }
  }

  #failed(error: unknown): void {
    if (this.#isOver) return;
    this.#finish();
    this.#failure = { error };
    this.#owner.failed(error);
    this.#view?.deref()?.fail(error);
    this.#refuse();
  }

  async #stopped(
    isGood: boolean,
    reason: unknown,
    isAwaited: boolean,
    closed: Promise<unknown> | undefined,
  ): Promise<void> {
    if (closed === undefined) {
      this.#owner.stopped(isGood, reason, true);
      return;
    }
    // A source that is asked for a chunk may hear of its end only after that, so its signal tells it at once.
    let isLeft = isAwaited;
    if (isLeft) this.#owner.stopped(isGood, reason, false);
    await new Promise<void>((resolve) => {
      const over = (): void => {
        deadlines.clear(this);
        if (isLeft) this.#owner.closed();
        else this.#owner.stopped(isGood, reason, true);
        resolve();
      };
      closed.then(over, (error) => {
        if (!isAwaited) this.#owner.report(error);
        over();
      });
      this.#onSlowClose = () => {
        if (!isLeft) this.#owner.stopped(isGood, reason, false);
        isLeft = true;
        resolve();
      };
      if (this.#idleTimeoutMs !== false) deadlines.arm(this, this.#idleTimeoutMs, monotonicNow());
    });
  }

  #finish(): void {
    this.#isOver = true;
    this.close();
  }

  /** Answers all who wait: the first with what ended the stream early, if nobody was told yet. */
  #refuse(): void {
    for (const { resolve, reject } of this.#requests.splice(0)) {
      const failure = this.#failure;
      this.#failure = undefined;
      if (failure === undefined) resolve(DONE);
      else reject(failure.error);
    }
  }
}

function isResult(result: unknown): result is IteratorResult<unknown> {
  return typeof result === 'object' && result !== null;
}
