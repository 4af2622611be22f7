/** breakwater/pg: a pool of pg whose statements go through a policy. */
import type { Pool } from 'pg';
import type { Breakwater } from '../../breakwater.ts';
import { LONGEST_TIMER_MS } from '../../core/deadlines.ts';
import { parseOptions } from '../../core/options.ts';
import { argumentsSchema, type ResilientPoolOptions, resilientPoolSchema } from './options.ts';
import { makePolicy } from './policy.ts';
import { ResilientPool } from './resilient-pool.ts';

export { type ResultSource, sourceOf } from './cache.ts';
export type { PgOperation } from './fallback.ts';
export type {
  IsolationLevel,
  QueryCallOptions,
  ResilientPoolOptions,
  TransactionClient,
  TransactionOptions,
} from './options.ts';
export type { ResilientPool } from './resilient-pool.ts';
export type { TransactionContext, TransactionWork } from './transaction.ts';

/**
 * A pool like `pool` whose statements go through a policy of the name `options.name`.
 *
 * ```ts
 * const database = resilientPool(breakwater, new pg.Pool({ connectionString }), {
 *   name: 'database',
 *   attemptTimeoutMs: 2_000,
 *   cacheFallback: { staleIfErrorMs: 600_000 },
 * });
 * const { rows } = await database.query('select * from users where id = $1', [id]);
 * await database.transaction(async (client) => {
 *   await client.query('update accounts set cents = cents - $2 where id = $1', [from, cents]);
 *   await client.query('update accounts set cents = cents + $2 where id = $1', [to, cents]);
 * });
 * ```
 *
 * What an error means follows from its SQLSTATE, after the options' own `classify`. Retry is on by default, with
 * its own defaults, and repeats only what surely had no effect: where no connection was made, 57P03, 53300, 40001
 * and 40P01; more with `idempotent: true`. A statement that is given up, by a timeout or an abort, is cancelled on
 * the server, and its connection closed.
 *
 * @throws {InvalidOptionsError} naming everything that is wrong; nothing is left half-made
 */
export function resilientPool(
  breakwater: Breakwater,
  pool: Pool,
  options: ResilientPoolOptions,
): ResilientPool {
  const subject = 'resilientPool()';
  const policyName = typeof options?.name === 'string' ? options.name : '';
  parseOptions(argumentsSchema, { breakwater, pool, options }, policyName, `The arguments of ${subject}`);
  const settings = parseOptions(resilientPoolSchema, options, policyName, `Options of ${subject}`);
  const { name, idempotent, connectTimeoutMs, cancelTimeoutMs, ...given } = options;
  const { policy, remembers } = makePolicy(breakwater, name, given);
  try {
    pool.options.connectionTimeoutMillis ||= Math.min(settings.connectTimeoutMs, LONGEST_TIMER_MS);
    return new ResilientPool({
      pool,
      policy,
      remembers,
      idempotent: settings.idempotent,
      cancelTimeoutMs: settings.cancelTimeoutMs,
    });
  } catch (error) {
    breakwater.remove(name);
    throw error;
  }
}
