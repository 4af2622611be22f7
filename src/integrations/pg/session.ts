import type { PoolClient, Submittable } from 'pg';
import type { Canceller } from './cancel.ts';
import { settleJudgement } from './judgements.ts';
import { isStatement, type QueryRequest } from './request.ts';
import { type Wire, wireOf } from './wire.ts';

/** How long a connection may take to say that it is ready after an error, before it is given up. */
const READY_TIMEOUT_MS = 1_000;

/**
 * A connection while it is taken out of the pool, and the one place that decides how it goes back: whole, or, when
 * nobody can be sure of its state, not at all.
 */
export class Session {
  readonly client: PoolClient;
  readonly #canceller: Canceller;
  readonly #wire: Wire | undefined;
  readonly #raised = new WeakSet<object>();
  /** Why no further statement runs on it. */
  #gone: unknown = undefined;
  /** Whether the connection broke without a statement that told so; the next one does. */
  #lossUntold = false;
  #broken = false;
  #ended = false;
  #released = false;
  /** Whether the connection waits for its statement to be cancelled. */
  #cancelling = false;
  /** The last error of a statement. */
  lastError: unknown = undefined;
  readonly #onError = (error: unknown): void => this.#break(error);
  readonly #onEnd = (): void => this.#break(new Error('Connection terminated unexpectedly'));

  constructor(client: PoolClient, canceller: Canceller) {
    this.client = client;
    this.#canceller = canceller;
    this.#wire = wireOf(client);
    // An error event that nobody hears would end the process.
    client.on('error', this.#onError);
    client.on('end', this.#onEnd);
  }

  /** Whether the work of its transaction is lost: the server waits for a rollback, or is not there. */
  get failed(): boolean {
    return this.#broken || this.#wire?.status === 'E';
  }

  /** Whether a transaction is open on it, as far as can be told. */
  get inTransaction(): boolean {
    return this.#wire === undefined || this.#wire.status !== 'I';
  }

  /** Resolves when the state of the connection is known, or the connection lost. */
  ready(): Promise<void> {
    const wire = this.#wire;
    if (wire === undefined || this.#broken) return Promise.resolve();
    return new Promise((resolve) => this.#whenReady(wire, READY_TIMEOUT_MS, resolve));
  }

  /** Whether `error` was a statement's, on this connection. */
  raised(error: unknown): boolean {
    return typeof error === 'object' && error !== null && this.#raised.has(error);
  }

  /**
   * Runs a statement. When `signal` aborts first, the statement is cancelled on the server and the connection is
   * given up; the promise then settles as the statement does.
   *
   * @param signal none where whoever has many statements run at once gives the connection up itself
   */
  run({ config, values }: Omit<QueryRequest, 'callback'>, signal?: AbortSignal): Promise<unknown> {
    if (this.#gone !== undefined) return Promise.reject(this.#refusal());
    if (signal?.aborted === true) return Promise.reject(signal.reason);
    if (!isStatement(config)) {
      return Promise.reject(new TypeError('A query must be a text or an object with a text.'));
    }
    return new Promise((resolve, reject) => {
      const onAbort = (): void => this.abandon(signal?.reason);
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#submit(config, values, (error, result) => {
        signal?.removeEventListener('abort', onAbort);
        if (error === undefined || error === null) resolve(result);
        else {
          this.#failedWith(error);
          reject(error);
        }
      });
    });
  }

  /** Hands a cursor or a stream to the client as it is: it runs itself, without a time limit. */
  pass(submittable: Submittable): unknown {
    if (this.#gone !== undefined) throw this.#refusal();
    if (this.#wire !== undefined) this.#wire.pending += 1;
    return this.client.query(submittable);
  }

  /** Gives the connection up: what runs on it is cancelled on the server, and it does not go back to the pool. */
  abandon(reason: unknown): void {
    if (this.#released || this.#gone !== undefined) return;
    this.#gone = new Error('The connection was given up with a statement that was cancelled.', {
      cause: reason,
    });
    // What gave it up has been counted.
    settleJudgement(this.#gone, { verdict: 'ignored' });
    this.#broken = true;
    const wire = this.#wire;
    wire?.onReady?.();
    if (wire === undefined || wire.pending === 0) {
      this.#release(true);
      return;
    }
    this.#cancelling = true;
    const answered = this.#canceller.cancel(this.client, () => this.#release(true));
    wire.onReady = () => {
      if (wire.pending === 0) answered();
    };
    this.client.once('end', answered);
  }

  /**
   * The work is done: gives the connection back once its state is known, whole only when it is idle.
   *
   * @param readyTimeoutMs how long its state may stay unknown; `Infinity` where what runs may take its time
   */
  end(readyTimeoutMs = READY_TIMEOUT_MS): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#gone = new Error('The client was released and takes no more queries.');
    settleJudgement(this.#gone, { verdict: 'defect' });
    this.#lossUntold = false;
    if (this.#released || this.#cancelling) return;
    const wire = this.#wire;
    if (wire === undefined) this.#release(this.#broken || this.lastError !== undefined);
    else if (wire.pending === 0 || this.#broken) this.#release(this.#broken || wire.status !== 'I');
    else this.#endWhenReady(wire, readyTimeoutMs);
  }

  /** Destroys the connection. */
  destroy(): void {
    this.#broken = true;
    this.end();
  }

  #submit(
    config: unknown,
    values: readonly unknown[] | undefined,
    done: (error: unknown, result: unknown) => void,
  ): void {
    if (this.#wire !== undefined) this.#wire.pending += 1;
    try {
      // pg's types know an object with values beside it for arrays of rows only.
      Reflect.apply(this.client.query, this.client, [config, values, done]);
    } catch (error) {
      if (this.#wire !== undefined) this.#wire.pending -= 1;
      done(error, undefined);
    }
  }

  #failedWith(error: unknown): void {
    this.lastError = error;
    if (typeof error === 'object' && error !== null) this.#raised.add(error);
  }

  #break(error: unknown): void {
    this.#broken = true;
    if (this.#gone === undefined) {
      this.#lossUntold = this.#wire === undefined || this.#wire.pending === 0;
      this.#gone = this.#lossUntold ? error : lost(error);
    }
    this.#wire?.onReady?.();
  }

  /** Why a further statement is not sent. The loss of a connection counts once, with the first that meets it. */
  #refusal(): unknown {
    const reason = this.#gone;
    if (!this.#lossUntold) return reason;
    this.#lossUntold = false;
    this.#failedWith(reason);
    this.#gone = lost(reason);
    return reason;
  }

  #endWhenReady(wire: Wire, timeoutMs: number): void {
    this.#whenReady(wire, timeoutMs, () => this.#release(this.#broken || wire.status !== 'I'));
  }

  /** After an error the server still has to say in what state the connection is. */
  #whenReady(wire: Wire, timeoutMs: number, done: () => void): void {
    const decide = (): void => {
      if (wire.pending > 0 && !this.#broken) return;
      clearTimeout(timer);
      wire.onReady = undefined;
      done();
    };
    const giveUp = (): void => {
      this.#broken = true;
      decide();
    };
    const timer = Number.isFinite(timeoutMs) ? setTimeout(giveUp, timeoutMs) : undefined;
    wire.onReady = decide;
    decide();
  }

  #release(destroy: boolean): void {
    if (this.#released) return;
    this.#released = true;
    this.client.release(destroy);
    // The pool listens again from here on.
    this.client.off('error', this.#onError);
    this.client.off('end', this.#onEnd);
  }
}

/** The connection's loss has been told: statements after it say nothing new about the database. */
function lost(cause: unknown): Error {
  const error = new Error('The connection was lost and takes no more queries.', { cause });
  settleJudgement(error, { verdict: 'ignored' });
  return error;
}
