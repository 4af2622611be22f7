import { verdictOnError } from '../../core/verdict.ts';
import { judgePgError } from './classify.ts';
import { conductedClient } from './client.ts';
import { Committed } from './committed.ts';
import { settleJudgement } from './judgements.ts';
import type { IsolationLevel, TransactionClient } from './options.ts';
import type { Session } from './session.ts';
import { isRolledBackForConcurrency, sqlStateOf } from './sql-state.ts';

/** What the callback of a transaction is told besides its client. */
export interface TransactionContext {
  /** 1 for the first run; more when the transaction is repeated. */
  readonly attempt: number;
  /** Aborts when the transaction is given up. */
  readonly signal: AbortSignal;
}

/** The work of a transaction. It may run more than once, so it must do nothing outside the database. */
export type TransactionWork<T> = (client: TransactionClient, context: TransactionContext) => T | Promise<T>;

/** The statement that begins a transaction. */
export function beginStatement(
  isolationLevel: IsolationLevel | undefined,
  readOnly: boolean | undefined,
): string {
  const level = isolationLevel === undefined ? '' : ` isolation level ${isolationLevel}`;
  const access = readOnly === undefined ? '' : readOnly ? ' read only' : ' read write';
  return `begin${level}${access}`;
}

/**
 * One run of a transaction on a connection of its own, from BEGIN to COMMIT or ROLLBACK, and what its failure
 * means: only where the server took everything back for the sake of another transaction (40001, 40P01), or where
 * it never began, may the whole be repeated. When the connection is lost during COMMIT nobody knows, so it is not.
 */
export class Transaction {
  readonly #session: Session;
  readonly #context: TransactionContext;
  #over = false;

  constructor(session: Session, context: TransactionContext) {
    this.#session = session;
    this.#context = context;
  }

  async run(begin: string, work: TransactionWork<unknown>): Promise<Committed> {
    const { signal } = this.#context;
    const giveUp = (): void => this.#session.abandon(signal.reason);
    signal.addEventListener('abort', giveUp, { once: true });
    try {
      await this.#begin(begin);
      const value = await this.#work(work);
      await this.#commit();
      return new Committed(value);
    } finally {
      signal.removeEventListener('abort', giveUp);
    }
  }

  async #begin(begin: string): Promise<void> {
    try {
      await this.#statement(begin);
    } catch (error) {
      settleJudgement(error, { verdict: 'transient', ...judgePgError(error), safeToRepeat: true });
      throw error;
    }
  }

  async #work(work: TransactionWork<unknown>): Promise<unknown> {
    const members = {
      release: notHere('release'),
      end: notHere('end'),
      connect: notHere('connect'),
    };
    const client = conductedClient(this.#session, {
      members,
      run: (request) =>
        this.#over
          ? Promise.reject(new Error('The transaction has ended; its client takes no more queries.'))
          : this.#session.run(request),
    });
    try {
      return await work(client, this.#context);
    } catch (error) {
      this.#over = true;
      await this.#session.ready();
      this.#judge(error);
      await this.#rollBack();
      throw error;
    } finally {
      this.#over = true;
    }
  }

  async #commit(): Promise<void> {
    let answer: unknown;
    try {
      answer = await this.#statement('commit');
    } catch (error) {
      this.#judge(error);
      throw error;
    }
    const command: unknown =
      typeof answer === 'object' && answer !== null ? Reflect.get(answer, 'command') : undefined;
    if (command !== 'ROLLBACK') return;
    // The server does so, without an error, when a statement had failed and the work went on.
    const error =
      this.#session.lastError ??
      new Error('The transaction was rolled back by the server instead of committed.');
    this.#judge(error);
    throw error;
  }

  async #rollBack(): Promise<void> {
    if (!this.#session.inTransaction) return;
    try {
      await this.#statement('rollback');
    } catch {
      // The server rolls back when the connection goes.
      this.#session.destroy();
    }
  }

  #statement(text: string): Promise<unknown> {
    return this.#session.run({ config: text, values: undefined }, this.#context.signal);
  }

  /** What the transaction's failure with `thrown` means: what the database's own error behind it means. */
  #judge(thrown: unknown): void {
    const behind = this.#databaseError(thrown);
    if (behind === undefined) {
      // The work gave up by itself: that says nothing about the database.
      settleJudgement(thrown, { verdict: verdictOnError(thrown) === 'defect' ? 'defect' : 'ignored' });
      return;
    }
    const { verdict } = judgePgError(behind) ?? { verdict: verdictOnError(behind) };
    settleJudgement(thrown, {
      verdict,
      safeToRepeat: isRolledBackForConcurrency(sqlStateOf(behind)),
    });
  }

  #databaseError(thrown: unknown): unknown {
    let error = thrown;
    for (let depth = 0; depth < 8 && typeof error === 'object' && error !== null; depth += 1) {
      if (this.#session.raised(error)) return error;
      error = 'cause' in error ? error.cause : undefined;
    }
    return this.#session.failed ? this.#session.lastError : undefined;
  }
}

function notHere(method: string): () => never {
  return () => {
    throw new Error(`A transaction's client has no ${method}(): the transaction gives it back by itself.`);
  };
}
