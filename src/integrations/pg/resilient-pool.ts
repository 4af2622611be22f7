import { EventEmitter } from 'node:events';
import type {
  Pool,
  PoolClient,
  PoolOptions,
  QueryArrayConfig,
  QueryArrayResult,
  QueryConfig,
  QueryConfigValues,
  QueryResult,
  QueryResultRow,
  Submittable,
} from 'pg';
import type { OperationContext } from '../../core/attempt.ts';
import type { Policy } from '../../core/policy.ts';
import { verdictOnError } from '../../core/verdict.ts';
import { Canceller } from './cancel.ts';
import { checkOut } from './checkout.ts';
import { classifyPg, judgePgError } from './classify.ts';
import { conductedClient } from './client.ts';
import { Committed } from './committed.ts';
import { operations } from './fallback.ts';
import { settleJudgement } from './judgements.ts';
import { checkTransaction, type QueryCallOptions, type TransactionOptions } from './options.ts';
import { QueryRunner } from './query-runner.ts';
import { callBack, isSubmittable, type QueryRequest, readRequest } from './request.ts';
import { Session } from './session.ts';
import { beginStatement, Transaction, type TransactionWork } from './transaction.ts';

/** A row as pg types it where the caller does not: any object. */
type AnyRow = QueryResult['rows'][number];

/** A row of `rowMode: 'array'` as pg types it where the caller does not. */
type AnyArray = QueryArrayResult['rows'][number];

type ReleaseClient = (release?: boolean | Error) => void;
type ConnectCallback = (
  error: Error | undefined,
  client: PoolClient | undefined,
  release: ReleaseClient,
) => void;

/** What pg calls back with; on failure there is no result, as in pg's own types. */
type ResultCallback<Result> = (error: Error, result: Result) => void;

/** Listeners that resilient pools put on theirs, to tell them from the application's. */
const ours = new WeakSet<object>();

/** What makes a resilient pool. */
export interface ResilientPoolParts {
  readonly pool: Pool;
  readonly policy: Policy;
  readonly remembers: boolean;
  readonly idempotent: boolean;
  readonly cancelTimeoutMs: number;
}

/**
 * A pool whose every statement goes through a policy. Made by `resilientPool()`; used like pg's own.
 *
 * An `error` event of the pool (a connection that breaks while idle) is handed to those who listen here. Where nobody
 * does, nor on the pool within, it is reported as an `internal-error` instead of ending the process.
 */
export class ResilientPool extends EventEmitter {
  /** The policy that the statements go through. */
  readonly policy: Policy;
  /** The pool within, unprotected. */
  readonly pool: Pool;
  readonly #canceller: Canceller;
  readonly #queries: QueryRunner;

  /** @internal */
  constructor({ pool, policy, remembers, idempotent, cancelTimeoutMs }: ResilientPoolParts) {
    super();
    this.pool = pool;
    this.policy = policy;
    this.#canceller = new Canceller(pool.options, cancelTimeoutMs);
    this.#queries = new QueryRunner(policy, (signal) => this.#checkOut(signal), { remembers, idempotent });
    for (const event of ['acquire', 'connect', 'release', 'remove'] as const) {
      pool.on(event, (...args: unknown[]) => this.emit(event, ...args));
    }
    const onError = (error: Error, client: PoolClient): void => {
      if (this.listenerCount('error') > 0) this.emit('error', error, client);
      else if (pool.listeners('error').every((listener) => ours.has(listener))) policy.failedInside(error);
    };
    ours.add(onError);
    pool.on('error', onError);
  }

  /** Connections that the pool has, in use or not. */
  get totalCount(): number {
    return this.pool.totalCount;
  }

  /** Connections that are not in use. */
  get idleCount(): number {
    return this.pool.idleCount;
  }

  /** Callers that wait for a connection. */
  get waitingCount(): number {
    return this.pool.waitingCount;
  }

  /** Connections that are past their lifetime and close when they are released. */
  get expiredCount(): number {
    return this.pool.expiredCount;
  }

  /** Whether `end()` has been called. */
  get ending(): boolean {
    return this.pool.ending;
  }

  /** Whether all connections are closed after `end()`. */
  get ended(): boolean {
    return this.pool.ended;
  }

  /** The options of the pool within. */
  get options(): PoolOptions {
    return this.pool.options;
  }

  /**
   * Runs a statement on a connection of the pool, as pg's `pool.query()` does, through the policy. The object form
   * also takes `QueryCallOptions`. A cursor or a stream runs itself: only the taking of its connection is protected.
   */
  query<T extends Submittable>(queryStream: T): T;
  query<R extends AnyArray = AnyArray, I = unknown[]>(
    config: QueryArrayConfig<I> & QueryCallOptions,
    values?: QueryConfigValues<I>,
  ): Promise<QueryArrayResult<R>>;
  query<R extends QueryResultRow = AnyRow, I = unknown[]>(
    config: QueryConfig<I> & QueryCallOptions,
  ): Promise<QueryResult<R>>;
  query<R extends QueryResultRow = AnyRow, I = unknown[]>(
    textOrConfig: string | (QueryConfig<I> & QueryCallOptions),
    values?: QueryConfigValues<I>,
  ): Promise<QueryResult<R>>;
  query<R extends AnyArray = AnyArray, I = unknown[]>(
    config: QueryArrayConfig<I> & QueryCallOptions,
    callback: ResultCallback<QueryArrayResult<R>>,
  ): void;
  query<R extends QueryResultRow = AnyRow, I = unknown[]>(
    textOrConfig: string | (QueryConfig<I> & QueryCallOptions),
    callback: ResultCallback<QueryResult<R>>,
  ): void;
  query<R extends QueryResultRow = AnyRow, I = unknown[]>(
    text: string,
    values: QueryConfigValues<I>,
    callback: ResultCallback<QueryResult<R>>,
  ): void;
  query(...args: unknown[]): unknown {
    const [config] = args;
    if (isSubmittable(config)) {
      this.#pass(config);
      return config;
    }
    const request = readRequest(args);
    const running = this.#queries.run(request);
    if (request.callback === undefined) return running;
    callBack(running, request.callback);
    return undefined;
  }

  /**
   * Takes a client out of the pool, through the policy. Each of its statements goes through the policy too, as a
   * call of its own, and is never repeated. One that is given up (timeout, abort) takes the connection with it. A
   * client that is released with a transaction still open is closed, so that nobody inherits it.
   */
  connect(): Promise<PoolClient>;
  connect(callback: ConnectCallback): void;
  connect(callback?: ConnectCallback): Promise<PoolClient> | undefined {
    const connecting = this.#connect();
    if (callback === undefined) return connecting;
    connecting.then(
      (client) => process.nextTick(callback, undefined, client, client.release),
      (error) => process.nextTick(callback, error, undefined, () => {}),
    );
    return undefined;
  }

  /**
   * Runs `work` in a transaction of its own: commits when it succeeds, rolls back when it throws, and runs the whole
   * again, within the policy's retries, where the server took it back for the sake of another (40001, 40P01). A
   * COMMIT whose outcome nobody knows, because the connection was lost, is never repeated.
   *
   * The whole is one call of the policy, and each run one attempt: the attempt timeout bounds BEGIN to COMMIT. What
   * `work` throws by itself rolls back and counts neither for nor against the database. Using the client after
   * `work` has ended is an error.
   *
   * @throws {TypeError} when a fallback in the policy's own `strategies` answers: nothing was committed
   */
  transaction<T>(work: TransactionWork<T>, options?: TransactionOptions): Promise<T>;
  async transaction(work: TransactionWork<unknown>, options: TransactionOptions = {}): Promise<unknown> {
    checkTransaction(this.policy.name, work, options);
    const { isolationLevel, readOnly, ...call } = options;
    const begin = beginStatement(isolationLevel, readOnly);
    const operation = async ({ signal, attempt }: OperationContext): Promise<Committed> => {
      const session = await this.#checkOut(signal);
      try {
        return await new Transaction(session, { signal, attempt }).run(begin, work);
      } finally {
        session.end();
      }
    };
    const settings = { idempotent: false, classify: classifyPg, metadata: operations.transaction };
    const committed: unknown = await this.policy.execute(operation, { ...call, ...settings });
    if (committed instanceof Committed) return committed.value;
    throw this.#cannotAnswer('a transaction');
  }

  /** Closes the pool's connections once they are released, as pg's `pool.end()` does. The policy stays. */
  end(): Promise<void>;
  end(callback: () => void): void;
  end(callback?: () => void): Promise<void> | undefined {
    if (callback === undefined) return this.pool.end();
    this.pool.end(callback);
    return undefined;
  }

  async #connect(): Promise<PoolClient> {
    return this.#guarded(await this.#take());
  }

  async #take(): Promise<Session> {
    const session: unknown = await this.policy.execute(({ signal }) => this.#checkOut(signal), {
      // A connection that nobody gets has done nothing.
      idempotent: true,
      discard: (late) => late.end(),
      classify: classifyPg,
      metadata: operations.connect,
    });
    if (session instanceof Session) return session;
    throw this.#cannotAnswer('a connection');
  }

  /** Only a fallback among the policy's own `strategies` comes to this; the standard one is not asked. */
  #cannotAnswer(what: string): TypeError {
    return new TypeError(
      `A fallback in 'strategies' of policy '${this.policy.name}' answered for ${what}, which it cannot; ` +
        "it is to throw the failure on unless metadata.operation is 'query'.",
    );
  }

  /** Runs what runs itself, and gives its connection back when the server says that it is ready again. */
  #pass(submittable: Submittable): void {
    this.#take()
      .then((session) => {
        try {
          session.pass(submittable);
        } finally {
          session.end(Number.POSITIVE_INFINITY);
        }
      })
      .catch((error) => {
        const handleError: unknown = Reflect.get(submittable, 'handleError');
        if (typeof handleError === 'function') Reflect.apply(handleError, submittable, [error]);
      });
  }

  #guarded(session: Session): PoolClient {
    let released = false;
    const release = (broken?: boolean | Error): void => {
      if (released) throw new Error('Release called on client which has already been released to the pool.');
      released = true;
      if (broken) session.destroy();
      else session.end();
    };
    const run = (request: QueryRequest): Promise<unknown> =>
      this.policy.execute(({ signal }) => runOnce(session, request, signal), {
        idempotent: false,
        classify: classifyPg,
        metadata: operations.clientQuery,
      });
    return conductedClient(session, { run, members: { release } });
  }

  #checkOut(signal: AbortSignal): Promise<Session> {
    return checkOut(this.pool, this.#canceller, signal);
  }
}

/** A statement on a client may belong to a transaction, and is never repeated alone. */
async function runOnce(session: Session, request: QueryRequest, signal: AbortSignal): Promise<unknown> {
  try {
    return await session.run(request, signal);
  } catch (error) {
    settleJudgement(error, { verdict: verdictOnError(error), ...judgePgError(error), safeToRepeat: false });
    throw error;
  }
}
